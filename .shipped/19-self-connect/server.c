/*
 * Speaks first: a client that connects is told "220 ready". Then every line
 * "hello" is answered with a line "world" until the client closes.
 *
 * run:   ./server [PORT]        default 7019
 * watch: strace -f -e trace=network ./server
 */
#include "lab.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7019, LONGEST_LINE = 1024 };

static int answer(int conn_fd, const char *text)
{
    ssize_t n = send(conn_fd, text, strlen(text), MSG_NOSIGNAL);

    log_call("send", conn_fd, n);
    return n == -1 ? -1 : 0;
}

/* Answers one line. Returns 0 to go on, -1 to hang up. */
static int handle(int conn_fd, const char *line, size_t len)
{
    if (len == strlen("hello\n") && memcmp(line, "hello\n", len) == 0)
        return answer(conn_fd, "world\n");

    answer(conn_fd, "error: unknown request\n");
    return -1;
}

static void serve(int conn_fd)
{
    char line[LONGEST_LINE], *end;
    size_t len = 0;

    if (answer(conn_fd, "220 ready\n") == -1)
        return;
    for (;;) {
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
            answer(conn_fd, "error: line too long\n");
            return;
        }
    }
}

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT]", argc, argv);
    int listen_fd = listen_on(lab_arg(1, DEFAULT_PORT, 0, 65535));

    for (;;) {
        int conn_fd = accept(listen_fd, NULL, NULL);
        if (conn_fd == -1) {
            log_call("accept", listen_fd, -1);
            continue;
        }
        log_accept(conn_fd);
        serve(conn_fd);
        close(conn_fd);
        log_call("close", conn_fd, 0);
    }
}
