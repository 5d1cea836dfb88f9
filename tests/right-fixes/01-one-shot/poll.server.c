/* right: one poll(2) over the listener and all connections. */
#include "lab.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7001, CONNS = 64, LONGEST_LINE = 1024 };

struct conn {
    char line[LONGEST_LINE];
    size_t len;
};

static struct pollfd polled[1 + CONNS]; /* the listener, then connections */
static struct conn conns[1 + CONNS];
static nfds_t count = 1;

static void answer(int conn_fd, const char *text)
{
    ssize_t n = send(conn_fd, text, strlen(text), MSG_NOSIGNAL);

    log_call("send", conn_fd, n);
}

static void take_connection(void)
{
    int conn_fd = accept(polled[0].fd, NULL, NULL);

    if (conn_fd == -1) {
        log_call("accept", polled[0].fd, -1);
        return;
    }
    log_accept(conn_fd);
    polled[count] = (struct pollfd){.fd = conn_fd, .events = POLLIN};
    conns[count++].len = 0;
}

/* Reads what is there. Returns -1 once this connection has had its answer. */
static int read_some(int conn_fd, struct conn *conn)
{
    ssize_t n =
        recv(conn_fd, conn->line + conn->len, sizeof conn->line - conn->len, 0);

    log_call("recv", conn_fd, n);
    if (n <= 0)
        return -1;
    conn->len += (size_t)n;
    if (conn->len < LONGEST_LINE && !memchr(conn->line, '\n', conn->len))
        return 0;
    if (conn->len >= 6 && memcmp(conn->line, "hello\n", 6) == 0)
        answer(conn_fd, "world\n");
    else
        answer(conn_fd, "error: unknown request\n");
    return -1;
}

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT]", argc, argv);
    polled[0].fd = listen_on(lab_arg(1, DEFAULT_PORT, 0, 65535));

    for (;;) {
        polled[0].events = count <= CONNS ? POLLIN : 0;
        poll(polled, count, -1);
        for (nfds_t i = count - 1; i > 0; i--) {
            if (polled[i].revents == 0 ||
                read_some(polled[i].fd, &conns[i]) == 0)
                continue;
            close(polled[i].fd);
            log_call("close", polled[i].fd, 0);
            count--;
            polled[i] = polled[count];
            conns[i] = conns[count];
        }
        if (polled[0].revents)
            take_connection();
    }
}
