/* right: one poll(2) loop, and one place where connections end. */
#include "lab.h"

#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7006, LONGEST_LINE = 1024, MAX_FILES = 32, CONNS = 16 };

static struct conn {
    char request[LONGEST_LINE];
    size_t len;
} conns[CONNS];
static struct pollfd polls[CONNS + 1]; /* the last is the listener */

/* Returns -1 when the connection is over. */
static int go_on(struct conn *conn, int fd)
{
    size_t room = sizeof conn->request - conn->len;
    const char *text = "error: unknown request\n";

    ssize_t n = recv(fd, conn->request + conn->len, room, 0);
    log_call("recv", fd, n);
    if (n <= 0)
        return -1;
    conn->len += (size_t)n;
    if (!memchr(conn->request, '\n', conn->len) &&
        conn->len < sizeof conn->request)
        return 0;
    if (conn->len >= 6 && memcmp(conn->request, "hello\n", 6) == 0)
        text = "world\n";
    n = send(fd, text, strlen(text), MSG_NOSIGNAL);
    log_call("send", fd, n);
    return -1;
}

static void take_in(int listen_fd)
{
    int fd = accept(listen_fd, NULL, NULL);

    if (fd == -1) {
        log_call("accept", listen_fd, -1);
        return;
    }
    log_accept(fd);
    for (int i = 0; i < CONNS; i++) {
        if (polls[i].fd != -1)
            continue;
        polls[i] = (struct pollfd){.fd = fd, .events = POLLIN};
        conns[i].len = 0;
        return;
    }
    close(fd);
}

int main(int argc, char *argv[])
{
    struct rlimit limit = {.rlim_cur = MAX_FILES, .rlim_max = MAX_FILES};

    lab_start("server", "[PORT]", argc, argv);
    int listen_fd = listen_on(lab_arg(1, DEFAULT_PORT, 0, 65535));
    setrlimit(RLIMIT_NOFILE, &limit);
    for (int i = 0; i < CONNS; i++)
        polls[i].fd = -1;
    polls[CONNS] = (struct pollfd){.fd = listen_fd, .events = POLLIN};

    for (;;) {
        poll(polls, CONNS + 1, -1);
        for (int i = 0; i < CONNS; i++) {
            if (polls[i].fd == -1 || polls[i].revents == 0 ||
                go_on(&conns[i], polls[i].fd) == 0)
                continue;
            close(polls[i].fd);
            log_call("close", polls[i].fd, 0);
            polls[i].fd = -1;
        }
        if (polls[CONNS].revents)
            take_in(listen_fd);
    }
}
