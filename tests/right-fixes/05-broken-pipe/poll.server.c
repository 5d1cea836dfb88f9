/* right: poll(2) over sockets that do not block; SIGPIPE is ignored. */
#include "lab.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7005, LONGEST_LINE = 1024, LINES = 1000, CONNS = 200 };

struct conn {
    char in[LONGEST_LINE], out[32 * LINES];
    size_t in_len, out_len, out_sent;
    bool last; /* hang up once all is sent */
};

static struct conn conns[CONNS];
static struct pollfd polled[CONNS + 1]; /* the last is the listener */

static void hang_up(int i)
{
    close(polled[i].fd);
    log_call("close", polled[i].fd, 0);
    polled[i].fd = -1;
}

static void put(struct conn *conn, const char *text)
{
    size_t len = strlen(text);

    if (conn->out_len + len > sizeof conn->out)
        return;
    memcpy(conn->out + conn->out_len, text, len);
    conn->out_len += len;
}

static void handle(struct conn *conn, const char *request, size_t len)
{
    char line[64];

    if (len == 6 && memcmp(request, "hello\n", len) == 0) {
        put(conn, "world\n");
        return;
    }
    conn->last = true;
    if (len != 4 || memcmp(request, "GET\n", len) != 0) {
        put(conn, "error: unknown request\n");
        return;
    }
    for (int i = 1; i <= LINES; i++) {
        snprintf(line, sizeof line, "line %d of %d\n", i, LINES);
        put(conn, line);
    }
}

/* Returns false when the connection is over. */
static bool take(struct conn *conn, int fd)
{
    char *end;

    ssize_t n =
        recv(fd, conn->in + conn->in_len, sizeof conn->in - conn->in_len, 0);
    if (n <= 0)
        return n == -1 && errno == EAGAIN;
    conn->in_len += (size_t)n;
    while (!conn->last &&
           ((end = memchr(conn->in, '\n', conn->in_len)) != NULL ||
            conn->in_len == sizeof conn->in)) {
        size_t len = end ? (size_t)(end + 1 - conn->in) : conn->in_len;
        handle(conn, conn->in, len);
        conn->in_len -= len;
        memmove(conn->in, conn->in + len, conn->in_len);
    }
    return true;
}

static bool give(struct conn *conn, int fd)
{
    while (conn->out_sent < conn->out_len) {
        ssize_t n = send(fd, conn->out + conn->out_sent,
                         conn->out_len - conn->out_sent, 0);
        if (n == -1)
            return errno == EAGAIN;
        conn->out_sent += (size_t)n;
    }
    conn->out_sent = conn->out_len = 0;
    return !conn->last;
}

static void welcome(int listen_fd)
{
    int conn_fd = accept(listen_fd, NULL, NULL);
    if (conn_fd == -1)
        return;
    fcntl(conn_fd, F_SETFL, O_NONBLOCK);
    for (int i = 0; i < CONNS; i++) {
        if (polled[i].fd != -1)
            continue;
        polled[i].fd = conn_fd;
        memset(&conns[i], 0, sizeof conns[i]);
        return;
    }
    close(conn_fd);
}

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT]", argc, argv);
    signal(SIGPIPE, SIG_IGN);
    int listen_fd = listen_on(lab_arg(1, DEFAULT_PORT, 0, 65535));
    for (int i = 0; i < CONNS; i++)
        polled[i].fd = -1;
    polled[CONNS] = (struct pollfd){.fd = listen_fd, .events = POLLIN};

    for (;;) {
        for (int i = 0; i < CONNS; i++)
            polled[i].events = conns[i].out_len ? POLLOUT : POLLIN;
        if (poll(polled, CONNS + 1, -1) == -1)
            continue;
        for (int i = 0; i < CONNS; i++) {
            if (polled[i].fd == -1 || !polled[i].revents)
                continue;
            if ((!conns[i].out_len && !take(&conns[i], polled[i].fd)) ||
                !give(&conns[i], polled[i].fd))
                hang_up(i);
        }
        if (polled[CONNS].revents)
            welcome(listen_fd);
    }
}
