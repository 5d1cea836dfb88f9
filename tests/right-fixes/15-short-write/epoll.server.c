/* right: epoll, a piece of the text at a time, EPOLLOUT only while it is full.
 */
#include "lab.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FDS = 256, PIECE = 64 * 43, LONGEST_TEXT = 64 << 20 };

static const char verse[] = "the quick brown fox jumps over a lazy dog.\n";
static char piece[PIECE * 2];

static struct conn {
    char line[1025];
    size_t len, sent, length;
    bool sends;
} conns[FDS];

/* Returns -1 when the connection is over. */
static int send_text(struct conn *conn, int fd)
{
    while (conn->sent < conn->length) {
        size_t len = conn->length - conn->sent;
        ssize_t n =
            send(fd, piece + conn->sent % strlen(verse),
                 len < PIECE ? len : PIECE, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n == -1)
            return errno == EAGAIN ? 0 : -1;
        conn->sent += (size_t)n;
    }
    return -1;
}

static int take_line(struct conn *conn, int fd)
{
    char *end = conn->line;

    if (strncmp(conn->line, "hello\n", 6) == 0)
        return send(fd, "world\n", 6, MSG_NOSIGNAL) == -1 ? -1 : 0;
    if (strncmp(conn->line, "GET ", 4) == 0 &&
        isdigit((unsigned char)conn->line[4]))
        conn->length = strtoul(conn->line + 4, &end, 10);
    conn->sends = true;
    if (end > conn->line && *end == '\n' && conn->length <= LONGEST_TEXT)
        return send_text(conn, fd);
    send(fd, "error: unknown request\n", 23, MSG_NOSIGNAL);
    return -1;
}

static int serve(struct conn *conn, int fd)
{
    if (conn->sends)
        return send_text(conn, fd);
    ssize_t n = recv(fd, conn->line + conn->len, 1024 - conn->len, 0);
    if (n <= 0)
        return -1;
    conn->len += (size_t)n;
    char *end;
    while (!conn->sends && (end = memchr(conn->line, '\n', conn->len))) {
        if (take_line(conn, fd) == -1)
            return -1;
        conn->len -= (size_t)(end + 1 - conn->line);
        memmove(conn->line, end + 1, conn->len);
    }
    return conn->len < 1024 || conn->sends ? 0 : take_line(conn, fd);
}

int main(int argc, char *argv[])
{
    struct epoll_event event = {.events = EPOLLIN};

    lab_start("server", "[PORT]", argc, argv);
    int listen_fd = listen_on(lab_arg(1, 7015, 0, 65535));
    int epoll_fd = epoll_create1(0);
    event.data.fd = listen_fd;
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &event);
    for (size_t i = 0; i < sizeof piece; i++)
        piece[i] = verse[i % strlen(verse)];
    for (;;) {
        if (epoll_wait(epoll_fd, &event, 1, -1) != 1)
            continue;
        int fd = event.data.fd;
        if (fd == listen_fd) {
            fd = accept(listen_fd, NULL, NULL);
            if (fd == -1)
                continue;
            conns[fd] = (struct conn){.len = 0};
            event = (struct epoll_event){.events = EPOLLIN, .data.fd = fd};
            epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
        } else if (serve(&conns[fd], fd) == -1) {
            close(fd);
        } else if (conns[fd].sends) {
            event.events = EPOLLOUT;
            epoll_ctl(epoll_fd, EPOLL_CTL_MOD, fd, &event);
        }
    }
}
