/* right: a process a client: in each of them one descriptor matters. */
#include "lab.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
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

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT] [FILES]", argc, argv);
    int port = lab_arg(1, PORT, 0, 65535);
    open_files(lab_arg(2, FILES, 0, MOST_FILES / 2));
    int listen_fd = listen_on(port);

    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int conn_fd = accept(listen_fd, NULL, NULL);
        if (conn_fd == -1)
            continue;
        log_accept(conn_fd);
        if (fork() == 0) {
            close(listen_fd);
            serve(conn_fd);
            _exit(0);
        }
        close(conn_fd);
    }
}
