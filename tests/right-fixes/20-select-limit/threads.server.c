/* right: a thread a client: each waits for its own descriptor alone. */
#include "lab.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT = 7020, FILES = 1000, MOST_FILES = 4096 };
enum { LONGEST_LINE = 1024 };

static bool handle(int fd, const char *line, size_t len)
{
    bool known = len == strlen("hello\n") && memcmp(line, "hello\n", len) == 0;
    const char *text = known ? "world\n" : "error: unknown request\n";

    ssize_t n = send(fd, text, strlen(text), MSG_NOSIGNAL);
    log_call("send", fd, n);
    return known && n == (ssize_t)strlen(text);
}

static void serve(int conn_fd)
{
    char line[LONGEST_LINE], *end;
    size_t len = 0;

    for (;;) {
        ssize_t n = recv(conn_fd, line + len, sizeof line - len, 0);
        log_call("recv", conn_fd, n);
        if (n <= 0)
            return;
        len += (size_t)n;
        while ((end = memchr(line, '\n', len))) {
            size_t used = (size_t)(end + 1 - line);
            if (!handle(conn_fd, line, used))
                return;
            len -= used;
            memmove(line, end + 1, len);
        }
        if (len == sizeof line) {
            handle(conn_fd, line, len);
            return;
        }
    }
}

static void open_files(int count)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == -1)
        die("getrlimit");
    files.rlim_cur = files.rlim_max;
    if (files.rlim_max > MOST_FILES)
        files.rlim_cur = MOST_FILES;
    if (setrlimit(RLIMIT_NOFILE, &files) == -1)
        die("setrlimit");
    while (count-- > 0) {
        if (open("/dev/null", O_RDONLY) == -1)
            die("open");
    }
}

static void *serve_one(void *with)
{
    int conn_fd = (int)(intptr_t)with;

    serve(conn_fd);
    close(conn_fd);
    log_call("close", conn_fd, 0);
    return NULL;
}

int main(int argc, char *argv[])
{
    pthread_attr_t small;
    pthread_t thread;

    lab_start("server", "[PORT] [FILES]", argc, argv);
    int port = lab_arg(1, PORT, 0, 65535);
    open_files(lab_arg(2, FILES, 0, MOST_FILES / 2));
    int listen_fd = listen_on(port);
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 256 * 1024);
    pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);

    for (;;) {
        int conn_fd = accept(listen_fd, NULL, NULL);
        if (conn_fd == -1)
            continue;
        log_accept(conn_fd);
        if (pthread_create(&thread, &small, serve_one,
                           (void *)(intptr_t)conn_fd) != 0)
            close(conn_fd);
    }
}
