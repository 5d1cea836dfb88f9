/*
 * wrong: SO_RCVTIMEO, where the wait is in poll(2) and not in recv(2).
 * fails: peers_that_vanish_are_let_go
 * says: SO_RCVTIMEO is set, and counts only inside recv(2)
 */
#include "lab.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 7018, IDLE_MS = 2000, HOUR_MS = 3600000 };
enum { SEATS = 4, LONGEST_LINE = 1024 };

static struct seat {
    int fd;        /* -1: nobody sits here */
    long heard_ms; /* when its client was last heard of */
    size_t len;
    char line[LONGEST_LINE];
} seats[SEATS];

static long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void leave(struct seat *seat)
{
    close(seat->fd);
    log_event("close", "fd=%d silent_ms=%ld", seat->fd,
              now_ms() - seat->heard_ms);
    seat->fd = -1;
}

static void take_seat(struct seat *seat, int listen_fd, int idle_ms)
{
    struct timeval limit = {idle_ms / 1000, idle_ms % 1000 * 1000};

    int fd = accept(listen_fd, NULL, NULL);
    if (fd == -1) {
        log_call("accept", listen_fd, -1);
        return;
    }
    log_accept(fd);
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == -1)
        die("setsockopt");
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == -1)
        die("setsockopt");
    *seat = (struct seat){.fd = fd, .heard_ms = now_ms()};
}

/* Answers one line. Returns 0 to go on, -1 to hang up. */
static int handle(int conn_fd, const char *line, size_t len)
{
    int known = len == strlen("hello\n") && memcmp(line, "hello\n", len) == 0;
    const char *text = known ? "world\n" : "error: unknown request\n";

    ssize_t n = send(conn_fd, text, strlen(text), MSG_NOSIGNAL);
    log_call("send", conn_fd, n);
    return known && n == (ssize_t)strlen(text) ? 0 : -1;
}

static void hear(struct seat *seat)
{
    char *rest = seat->line + seat->len, *end;
    int go_on = 0;

    ssize_t n = recv(seat->fd, rest, sizeof seat->line - seat->len, 0);
    log_call("recv", seat->fd, n);
    if (n <= 0) {
        leave(seat);
        return;
    }
    seat->heard_ms = now_ms();
    seat->len += (size_t)n;
    while (go_on == 0 && (end = memchr(seat->line, '\n', seat->len))) {
        size_t len = (size_t)(end + 1 - seat->line);
        go_on = handle(seat->fd, seat->line, len);
        seat->len -= len;
        memmove(seat->line, end + 1, seat->len);
    }
    if (go_on == 0 && seat->len == sizeof seat->line)
        go_on = handle(seat->fd, seat->line, seat->len);
    if (go_on == -1)
        leave(seat);
}

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT] [IDLE_MS]", argc, argv);
    int port = lab_arg(1, PORT, 0, 65535);
    int idle_ms = lab_arg(2, IDLE_MS, 1, HOUR_MS);
    int listen_fd = listen_on(port);

    for (int i = 0; i < SEATS; i++)
        seats[i].fd = -1;
    for (;;) {
        struct pollfd watched[SEATS + 1];
        struct seat *free_seat = NULL;
        for (int i = 0; i < SEATS; i++) {
            watched[i] = (struct pollfd){.fd = seats[i].fd, .events = POLLIN};
            if (seats[i].fd == -1)
                free_seat = &seats[i];
        }
        int door = free_seat ? listen_fd : -1;
        watched[SEATS] = (struct pollfd){.fd = door, .events = POLLIN};
        if (poll(watched, SEATS + 1, -1) == -1)
            die("poll");
        for (int i = 0; i < SEATS; i++) {
            if (watched[i].revents)
                hear(&seats[i]);
        }
        if (watched[SEATS].revents)
            take_seat(free_seat, listen_fd, idle_ms);
    }
}
