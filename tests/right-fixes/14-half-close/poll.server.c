/* right: one poll(2) loop; POLLRDHUP is asked for and only noted, a FIN counts
 * when recv(2) has come to it. */
#define _GNU_SOURCE /* POLLRDHUP */
#include "lab.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNS = 200 };

static struct conn {
    unsigned long lines, bytes;
    size_t len;    /* of the line that has no end yet */
    char start[6]; /* its first bytes */
} conns[CONNS];
static struct pollfd fds[CONNS];
static int count = 1;

static int answer(int conn_fd, const char *words)
{
    return send(conn_fd, words, strlen(words), MSG_NOSIGNAL) == -1 ? -1 : 0;
}

static int take(struct conn *conn, int conn_fd, char byte)
{
    if (conn->len < sizeof conn->start)
        conn->start[conn->len] = byte;
    conn->len++;
    conn->bytes++;
    if (byte != '\n' && conn->len == 1024) {
        answer(conn_fd, "error: line too long\n");
        return -1;
    }
    if (byte != '\n')
        return 0;
    size_t len = conn->len;
    conn->len = 0;
    if (conn->lines == 0 && len == 6 &&
        memcmp(conn->start, "hello\n", 6) == 0) {
        conn->bytes = 0;
        return answer(conn_fd, "world\n");
    }
    conn->lines++;
    return 0;
}

/* Returns -1 when the connection is over. */
static int serve(struct conn *conn, int conn_fd)
{
    char chunk[4096], words[64];

    ssize_t n = recv(conn_fd, chunk, sizeof chunk, 0);
    for (ssize_t i = 0; i < n; i++) {
        if (take(conn, conn_fd, chunk[i]) == -1)
            return -1;
    }
    if (n > 0)
        return 0;
    snprintf(words, sizeof words, "%lu lines, %lu bytes\n", conn->lines,
             conn->bytes);
    if (n == 0)
        answer(conn_fd, words);
    return -1;
}

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT]", argc, argv);
    fds[0].fd = listen_on(lab_arg(1, 7014, 0, 65535));
    fds[0].events = POLLIN;
    for (;;) {
        poll(fds, (nfds_t)count, -1);
        for (int i = count - 1; i > 0; i--) {
            if (fds[i].revents == 0 || serve(&conns[i], fds[i].fd) == 0)
                continue;
            close(fds[i].fd);
            fds[i] = fds[--count];
            conns[i] = conns[count];
        }
        if ((fds[0].revents & POLLIN) == 0 || count == CONNS)
            continue;
        int conn_fd = accept(fds[0].fd, NULL, NULL);
        if (conn_fd == -1)
            continue;
        conns[count] = (struct conn){0};
        fds[count++] = (struct pollfd){conn_fd, POLLIN | POLLRDHUP, 0};
    }
}
