/*
 * Serves text: "GET 100" is answered with 100 bytes of it and the end of the
 * stream, "hello" with "world". One loop for all clients: no call blocks.
 *
 * run:   ./server [PORT]        default 7015
 * watch: strace -e trace=network,poll ./server
 */
#include "lab.h"

#include <ctype.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7015, LONGEST_LINE = 1024, CONNS = 128 };
enum { LONGEST_TEXT = 64 << 20, SEND = MSG_DONTWAIT | MSG_NOSIGNAL };

static const char verse[] = "the quick brown fox jumps over a lazy dog.\n";
static char text[LONGEST_TEXT + sizeof verse]; /* as far as it was asked for */

static struct conn {
    char line[LONGEST_LINE + 1];
    size_t len;
    const char *rest; /* of what it asked for */
    size_t left;
} conns[CONNS];
static struct pollfd fds[CONNS]; /* fds[0] listens, fds[i] is conns[i] */
static int count = 1;

/* There is room to send. Returns -1 to hang up. */
static int send_text(struct conn *conn, int conn_fd)
{
    ssize_t n = send(conn_fd, conn->rest, conn->left, SEND);

    log_call("send", conn_fd, n);
    return -1;
}

/* Answers one line. Returns -1 to hang up. */
static int handle(struct conn *conn, struct pollfd *poll_fd)
{
    static size_t filled;
    const char *words = "error: unknown request\n";
    char *end = conn->line;

    if (strncmp(conn->line, "GET ", 4) == 0 &&
        isdigit((unsigned char)conn->line[4]))
        conn->left = strtoul(conn->line + 4, &end, 10);
    if (end > conn->line && *end == '\n' && conn->left <= LONGEST_TEXT) {
        for (; filled < conn->left; filled += strlen(verse))
            memcpy(text + filled, verse, strlen(verse));
        conn->rest = text;
        poll_fd->events = POLLOUT;
        return 0;
    }
    if (strncmp(conn->line, "hello\n", 6) == 0)
        words = "world\n";
    ssize_t n = send(poll_fd->fd, words, strlen(words), SEND);
    log_call("send", poll_fd->fd, n);
    return n == -1 || *words == 'e' ? -1 : 0;
}

/* There is something to read. Returns -1 to hang up. */
static int read_lines(struct conn *conn, struct pollfd *poll_fd)
{
    char *end = conn->line + conn->len;

    ssize_t n = recv(poll_fd->fd, end, LONGEST_LINE - conn->len, MSG_DONTWAIT);
    log_call("recv", poll_fd->fd, n);
    if (n <= 0)
        return -1;
    conn->len += (size_t)n;
    while ((end = memchr(conn->line, '\n', conn->len)) != NULL) {
        if (handle(conn, poll_fd) == -1)
            return -1;
        if (poll_fd->events == POLLOUT)
            return 0;
        conn->len -= (size_t)(end + 1 - conn->line);
        memmove(conn->line, end + 1, conn->len);
    }
    /* A line that fills the buffer is no request either. */
    return conn->len < LONGEST_LINE ? 0 : handle(conn, poll_fd);
}

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT]", argc, argv);
    fds[0].fd = listen_on(lab_arg(1, DEFAULT_PORT, 0, 65535));

    for (;;) {
        fds[0].events = count < CONNS ? POLLIN : 0;
        if (poll(fds, (nfds_t)count, -1) == -1)
            die("poll");
        for (int i = 1; i < count; i++) {
            if (fds[i].revents == 0)
                continue;
            int keep = fds[i].events == POLLOUT
                           ? send_text(&conns[i], fds[i].fd)
                           : read_lines(&conns[i], &fds[i]);
            if (keep == 0)
                continue;
            close(fds[i].fd);
            log_call("close", fds[i].fd, 0);
            conns[i] = conns[--count];
            fds[i--] = fds[count]; /* this one's turn is next */
        }
        if (fds[0].revents == 0)
            continue;
        int conn_fd = accept(fds[0].fd, NULL, NULL);
        if (conn_fd == -1) {
            log_call("accept", fds[0].fd, -1);
            continue;
        }
        log_accept(conn_fd);
        conns[count] = (struct conn){.len = 0};
        fds[count++] = (struct pollfd){.fd = conn_fd, .events = POLLIN};
    }
}
