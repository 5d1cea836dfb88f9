/*
 * Counts: a text, line by line up to the end of the stream, is answered with
 * "3 lines, 42 bytes". A text that begins with a line "hello" is greeted first.
 *
 * run:   ./server [PORT]        default 7014
 * watch: strace -f -e trace=network ./server
 */
#include "lab.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7014, LONGEST_LINE = 1024 };

struct text {
    char line[LONGEST_LINE]; /* the one that has no end yet */
    size_t len;
    size_t lines, bytes;
};

static int answer(int conn_fd, const char *words)
{
    ssize_t n = send(conn_fd, words, strlen(words), MSG_NOSIGNAL);

    log_call("send", conn_fd, n);
    return n == -1 ? -1 : 0;
}

/* Takes the whole lines out of the text. Returns -1 to hang up. */
static int count_lines(int conn_fd, struct text *text)
{
    char *end;

    while ((end = memchr(text->line, '\n', text->len)) != NULL) {
        size_t line = (size_t)(end + 1 - text->line);
        bool greeting = text->lines == 0 && line == strlen("hello\n") &&
                        memcmp(text->line, "hello\n", line) == 0;
        text->lines += !greeting;
        text->bytes += greeting ? 0 : line;
        text->len -= line;
        memmove(text->line, end + 1, text->len);
        if (greeting && answer(conn_fd, "world\n") == -1)
            return -1;
    }
    if (text->len < sizeof text->line)
        return 0;
    answer(conn_fd, "error: line too long\n");
    return -1;
}

static void serve(int conn_fd)
{
    struct text text = {.len = 0};
    char words[64];

    for (;;) {
        ssize_t n =
            recv(conn_fd, text.line + text.len, sizeof text.line - text.len, 0);
        log_call("recv", conn_fd, n);
        if (n == -1)
            return;
        if (n == 0)
            break;
        text.len += (size_t)n;
        /* Long texts take a while: no counting for a client that has left. */
        char next;
        ssize_t more = recv(conn_fd, &next, 1, MSG_PEEK | MSG_DONTWAIT);
        log_call("peek", conn_fd, more);
        if (more == 0) {
            log_event("drop", "fd=%d lines=%zu", conn_fd, text.lines);
            return;
        }
        if (count_lines(conn_fd, &text) == -1)
            return;
    }
    snprintf(words, sizeof words, "%zu lines, %zu bytes\n", text.lines,
             text.bytes + text.len);
    answer(conn_fd, words);
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
