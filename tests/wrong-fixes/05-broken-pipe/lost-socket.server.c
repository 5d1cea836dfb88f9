/*
 * wrong: no signal any more, and no close either for a client that has gone.
 * fails: server_outlives_a_client_that_hangs_up_early
 * says: should hold no connection: it holds
 */
#include "lab.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7005, LONGEST_LINE = 1024, LINES = 1000 };

static int answer(int conn_fd, const char *text)
{
    ssize_t n = send(conn_fd, text, strlen(text), 0);

    log_call("send", conn_fd, n);
    return n == -1 ? -1 : 0;
}

static int send_list(int conn_fd)
{
    char line[64];

    for (int i = 1; i <= LINES; i++) {
        int len = snprintf(line, sizeof line, "line %d of %d\n", i, LINES);
        ssize_t n = send(conn_fd, line, (size_t)len, 0);
        if (n == -1) {
            log_call("send", conn_fd, n);
            return -1;
        }
    }
    log_event("send", "fd=%d lines=%d", conn_fd, LINES);
    return 0;
}

static int handle(int conn_fd, const char *request, size_t len)
{
    if (len == strlen("hello\n") && memcmp(request, "hello\n", len) == 0)
        return answer(conn_fd, "world\n");

    if (len == strlen("GET\n") && memcmp(request, "GET\n", len) == 0)
        return send_list(conn_fd) == -1 ? -1 : 1;
    answer(conn_fd, "error: unknown request\n");
    return 1;
}

static int serve(int conn_fd)
{
    char request[LONGEST_LINE];
    size_t len = 0;

    for (;;) {
        ssize_t n = recv(conn_fd, request + len, sizeof request - len, 0);
        log_call("recv", conn_fd, n);
        if (n <= 0)
            return 0;
        len += (size_t)n;
        char *end;
        while ((end = memchr(request, '\n', len)) || len == sizeof request) {
            size_t line = end ? (size_t)(end + 1 - request) : len;
            int ret = handle(conn_fd, request, line);
            if (ret != 0)
                return ret;
            len -= line;
            memmove(request, request + line, len);
        }
    }
}

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT]", argc, argv);
    signal(SIGPIPE, SIG_IGN);
    int listen_fd = listen_on(lab_arg(1, DEFAULT_PORT, 0, 65535));

    for (;;) {
        int conn_fd = accept(listen_fd, NULL, NULL);
        if (conn_fd == -1) {
            log_call("accept", listen_fd, -1);
            continue;
        }
        log_accept(conn_fd);
        if (serve(conn_fd) == -1)
            continue;
        close(conn_fd);
        log_call("close", conn_fd, 0);
    }
}
