/*
 * Gives out a list: "GET" is answered with a thousand numbered lines and the
 * end of the stream. "hello" is answered with "world", and more may follow.
 *
 * run:   ./server [PORT]        default 7005
 * watch: strace -f -e trace=network -e signal=all ./server
 */
#include "lab.h"

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

/* Sends all lines, or as many as the client will have. */
static void send_list(int conn_fd)
{
    char line[64];

    for (int i = 1; i <= LINES; i++) {
        int len = snprintf(line, sizeof line, "line %d of %d\n", i, LINES);
        ssize_t n = send(conn_fd, line, (size_t)len, 0);
        if (n == -1) {
            log_call("send", conn_fd, n);
            return;
        }
    }
    log_event("send", "fd=%d lines=%d", conn_fd, LINES);
}

/* Answers one request. Returns 0 to go on, -1 to hang up. */
static int handle(int conn_fd, const char *request, size_t len)
{
    if (len == strlen("hello\n") && memcmp(request, "hello\n", len) == 0)
        return answer(conn_fd, "world\n");

    if (len == strlen("GET\n") && memcmp(request, "GET\n", len) == 0)
        send_list(conn_fd);
    else
        answer(conn_fd, "error: unknown request\n");
    return -1;
}

static void serve(int conn_fd)
{
    char request[LONGEST_LINE];
    size_t len = 0;

    for (;;) {
        ssize_t n = recv(conn_fd, request + len, sizeof request - len, 0);
        log_call("recv", conn_fd, n);
        if (n <= 0)
            return;
        len += (size_t)n;
        char *end;
        while ((end = memchr(request, '\n', len)) || len == sizeof request) {
            size_t line = end ? (size_t)(end + 1 - request) : len;
            if (handle(conn_fd, request, line) == -1)
                return;
            len -= line;
            memmove(request, request + line, len);
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
