/*
 * Greets any number of clients in one loop: "hello" is answered with "world",
 * "echo TEXT" with TEXT, on the same connection until the client closes it.
 *
 * run:   ./server [PORT]        default 7017
 * watch: strace -e trace=network,epoll_wait ./server
 */
#include "lab.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7017, LONGEST_LINE = 1024, CHUNK = 256, FDS = 1024 };

static struct conn {
    char line[LONGEST_LINE + CHUNK];
    size_t len;
} conns[FDS]; /* by descriptor */

/* Writes the answer to one line, its "\n" included. Returns its length. */
static size_t answer(const char *line, size_t len, char *out)
{
    if (len == strlen("hello\n") && memcmp(line, "hello\n", len) == 0)
        return (size_t)sprintf(out, "world\n");
    if (len > LONGEST_LINE || memcmp(line, "echo ", 5) != 0)
        return 0;
    memcpy(out, line + 5, len - 5);
    return len - 5;
}

/* Answers the whole lines of conn, together. Returns -1 to hang up. */
static int answer_lines(struct conn *conn, int conn_fd)
{
    static const char refusal[] = "error: unknown request\n";
    char out[sizeof conn->line + sizeof refusal], *end;
    size_t out_len = 0, n = 1;

    while (n > 0 && (end = memchr(conn->line, '\n', conn->len)) != NULL) {
        size_t len = (size_t)(end + 1 - conn->line);
        n = answer(conn->line, len, out + out_len);
        out_len += n;
        conn->len -= len;
        memmove(conn->line, end + 1, conn->len);
    }
    int keep = n > 0 && conn->len <= LONGEST_LINE ? 0 : -1;
    memcpy(out + out_len, refusal, strlen(refusal));
    out_len += keep == 0 ? 0 : strlen(refusal);
    if (out_len == 0)
        return 0;
    ssize_t sent = send(conn_fd, out, out_len, MSG_NOSIGNAL | MSG_DONTWAIT);
    log_call("send", conn_fd, sent);
    return sent == (ssize_t)out_len ? keep : -1;
}

/* Serves what has come. Returns 1, 0 if nothing has, -1 to hang up. */
static int serve(struct conn *conn, int conn_fd)
{
    ssize_t n = recv(conn_fd, conn->line + conn->len, CHUNK, MSG_DONTWAIT);

    log_call("recv", conn_fd, n);
    if (n <= 0)
        return n == -1 && errno == EAGAIN ? 0 : -1;
    conn->len += (size_t)n;
    return answer_lines(conn, conn_fd) == -1 ? -1 : 1;
}

static void watch(int epoll_fd, int fd, unsigned events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};

    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == -1)
        die("epoll_ctl");
}

static void welcome(int epoll_fd, int listen_fd)
{
    int conn_fd = accept(listen_fd, NULL, NULL);
    if (conn_fd == -1) {
        log_call("accept", listen_fd, -1);
        return;
    }
    log_accept(conn_fd);
    if (conn_fd >= FDS) {
        close(conn_fd);
        return;
    }
    conns[conn_fd].len = 0;
    /* An event when bytes arrive, not for as long as they lie there. */
    watch(epoll_fd, conn_fd, EPOLLIN | EPOLLET);
}

int main(int argc, char *argv[])
{
    struct epoll_event event;

    lab_start("server", "[PORT]", argc, argv);
    int listen_fd = listen_on(lab_arg(1, DEFAULT_PORT, 0, 65535));
    int epoll_fd = epoll_create1(0);
    if (epoll_fd == -1)
        die("epoll_create1");
    watch(epoll_fd, listen_fd, EPOLLIN);
    for (;;) {
        /* EINTR: this call is not restarted after a SIGCONT; signal(7). */
        if (epoll_wait(epoll_fd, &event, 1, -1) == -1)
            continue;
        int fd = event.data.fd;
        if (fd == listen_fd) {
            welcome(epoll_fd, listen_fd);
            continue;
        }
        if (serve(&conns[fd], fd) == -1) {
            close(fd);
            log_call("close", fd, 0);
        }
    }
}
