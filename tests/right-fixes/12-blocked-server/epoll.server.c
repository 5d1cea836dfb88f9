/* right: epoll(7), level-triggered, over sockets that never block. */
#include "lab.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7012, LONGEST_LINE = 1024, CLIENTS = 200, EVENTS = 16 };

static int answer(int conn_fd, const char *text)
{
    ssize_t n = send(conn_fd, text, strlen(text), MSG_NOSIGNAL);

    log_call("send", conn_fd, n);
    return n == -1 ? -1 : 0;
}

static int handle(int conn_fd, const char *request, size_t len)
{
    if (len == strlen("hello\n") && memcmp(request, "hello\n", len) == 0)
        return answer(conn_fd, "world\n");
    answer(conn_fd, "error: unknown request\n");
    return -1;
}

/* Answers whole lines, keeps the beginning of the next. -1: hang up. */
static int handle_lines(int conn_fd, char *text, size_t *len)
{
    char *end;

    while ((end = memchr(text, '\n', *len)) != NULL) {
        size_t line = (size_t)(end + 1 - text);
        if (handle(conn_fd, text, line) == -1)
            return -1;
        *len -= line;
        memmove(text, end + 1, *len);
    }
    if (*len < LONGEST_LINE)
        return 0;
    answer(conn_fd, "error: line too long\n");
    return -1;
}

static struct conn {
    size_t len;
    char text[LONGEST_LINE];
} conns[CLIENTS];

static void serve(int conn_fd)
{
    struct conn *conn = &conns[conn_fd];
    size_t room = sizeof conn->text - conn->len;

    ssize_t n = recv(conn_fd, conn->text + conn->len, room, 0);
    log_call("recv", conn_fd, n);
    if (n > 0) {
        conn->len += (size_t)n;
        if (handle_lines(conn_fd, conn->text, &conn->len) == 0)
            return;
    }
    close(conn_fd); /* which takes it out of the epoll set, too */
}

static void welcome(int epoll_fd, int listen_fd)
{
    int conn_fd = accept(listen_fd, NULL, NULL);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = conn_fd};

    if (conn_fd == -1)
        return;
    log_accept(conn_fd);
    if (conn_fd >= CLIENTS) {
        close(conn_fd);
        return;
    }
    conns[conn_fd].len = 0;
    fcntl(conn_fd, F_SETFL, O_NONBLOCK);
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, conn_fd, &event);
}

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT]", argc, argv);
    int listen_fd = listen_on(lab_arg(1, DEFAULT_PORT, 0, 65535));
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listen_fd};
    struct epoll_event events[EVENTS];
    int epoll_fd = epoll_create1(0);

    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &event);
    for (;;) {
        int count = epoll_wait(epoll_fd, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listen_fd)
                welcome(epoll_fd, listen_fd);
            else
                serve(events[i].data.fd);
        }
    }
}
