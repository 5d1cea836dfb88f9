/*
 * wrong: throws away what is unread now, not what is on its way.
 * fails: a_refused_upload_can_be_finished_and_the_refusal_read
 * says: the client is still sending when the server has closed
 */
#include "lab.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7013, LONGEST_LINE = 1024 };
enum { MOST_PUT = 65536, MOST_GET = 64 << 20 };

static void answer(int conn_fd, const char *text)
{
    ssize_t n = send(conn_fd, text, strlen(text), MSG_NOSIGNAL);

    log_call("send", conn_fd, n);
}

static void hang_up(int conn_fd)
{
    static char unread[65536];

    shutdown(conn_fd, SHUT_WR);
    while (recv(conn_fd, unread, sizeof unread, MSG_DONTWAIT) > 0) {
    }
    int ret = close(conn_fd);

    log_call("close", conn_fd, ret);
}

/* Reads the body of a PUT, of which `got` bytes came with the request. */
static void put(int conn_fd, size_t length, size_t got)
{
    char body[16384], text[64];

    while (got < length) {
        size_t want = length - got < sizeof body ? length - got : sizeof body;
        ssize_t n = recv(conn_fd, body, want, 0);
        log_call("recv", conn_fd, n);
        if (n <= 0)
            return;
        got += (size_t)n;
    }
    snprintf(text, sizeof text, "stored %zu\n", length);
    answer(conn_fd, text);
}

static void get(int conn_fd, size_t length)
{
    static const char content[65536];

    while (length > 0) {
        size_t len = length < sizeof content ? length : sizeof content;
        ssize_t n = send(conn_fd, content, len, MSG_NOSIGNAL);
        log_call("send", conn_fd, n);
        if (n == -1)
            return;
        length -= (size_t)n;
    }
}

/* Whether the line is that word and a length, as in "PUT 512". */
static bool asks(const char *line, const char *word, size_t *length)
{
    size_t len = strlen(word);
    char *end;

    if (strncmp(line, word, len) != 0 || line[len] < '0' || line[len] > '9')
        return false;
    *length = strtoul(line + len, &end, 10);
    return *end == '\n';
}

/* Reads one line and does what it asks for. */
static void serve(int conn_fd)
{
    char line[LONGEST_LINE], *end;
    size_t len = 0, length;

    while (!(end = memchr(line, '\n', len)) && len < sizeof line) {
        ssize_t n = recv(conn_fd, line + len, sizeof line - len, 0);
        log_call("recv", conn_fd, n);
        if (n <= 0)
            return;
        len += (size_t)n;
    }
    bool is_put = end && asks(line, "PUT ", &length);
    bool is_get = end && asks(line, "GET ", &length);
    if (end && strncmp(line, "hello\n", 6) == 0)
        answer(conn_fd, "world\n");
    else if ((is_put && length > MOST_PUT) || (is_get && length > MOST_GET))
        answer(conn_fd, "error: too large\n");
    else if (is_put)
        put(conn_fd, length, (size_t)(line + len - end - 1));
    else if (is_get)
        get(conn_fd, length);
    else
        answer(conn_fd, "error: unknown request\n");
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
        hang_up(conn_fd);
    }
}
