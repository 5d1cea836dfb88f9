/* right: a process a client, which polls its one socket with a time limit. */
#include "lab.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT = 7018, IDLE_MS = 2000, HOUR_MS = 3600000 };
enum { LONGEST_LINE = 1024 };

/* Answers one line. Returns 0 to go on, -1 to hang up. */
static int handle(int conn_fd, const char *line, size_t len)
{
    int known = len == strlen("hello\n") && memcmp(line, "hello\n", len) == 0;
    const char *text = known ? "world\n" : "error: unknown request\n";

    ssize_t n = send(conn_fd, text, strlen(text), MSG_NOSIGNAL);
    log_call("send", conn_fd, n);
    return known && n == (ssize_t)strlen(text) ? 0 : -1;
}

static void serve(int conn_fd, int idle_ms)
{
    char line[LONGEST_LINE], *end;
    size_t len = 0;

    for (;;) {
        struct pollfd one = {.fd = conn_fd, .events = POLLIN};
        if (poll(&one, 1, idle_ms) < 1)
            return;
        ssize_t n = recv(conn_fd, line + len, sizeof line - len, 0);
        log_call("recv", conn_fd, n);
        if (n <= 0)
            return;
        len += (size_t)n;
        while ((end = memchr(line, '\n', len))) {
            size_t used = (size_t)(end + 1 - line);
            if (handle(conn_fd, line, used) == -1)
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

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT] [IDLE_MS]", argc, argv);
    int port = lab_arg(1, PORT, 0, 65535);
    int idle_ms = lab_arg(2, IDLE_MS, 1, HOUR_MS);
    int listen_fd = listen_on(port);

    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int conn_fd = accept(listen_fd, NULL, NULL);
        if (conn_fd == -1)
            continue;
        log_accept(conn_fd);
        if (fork() == 0) {
            close(listen_fd);
            serve(conn_fd, idle_ms);
            _exit(0);
        }
        close(conn_fd);
    }
}
