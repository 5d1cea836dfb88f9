/* right: one poll(2) for all, and a buffer for each connection. */
#include "lab.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7012, LONGEST_LINE = 1024, CLIENTS = 200 };

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

struct conn {
    size_t len;
    char text[LONGEST_LINE];
};

static int serve(int conn_fd, struct conn *conn)
{
    size_t room = sizeof conn->text - conn->len;

    ssize_t n = recv(conn_fd, conn->text + conn->len, room, 0);
    log_call("recv", conn_fd, n);
    if (n <= 0)
        return -1;
    conn->len += (size_t)n;
    return handle_lines(conn_fd, conn->text, &conn->len);
}

static struct conn conns[CLIENTS + 1];

int main(int argc, char *argv[])
{
    static struct pollfd wait_for[CLIENTS + 1];
    nfds_t count = 1;

    lab_start("server", "[PORT]", argc, argv);
    wait_for[0].fd = listen_on(lab_arg(1, DEFAULT_PORT, 0, 65535));
    wait_for[0].events = POLLIN;
    for (;;) {
        poll(wait_for, count, -1);
        for (nfds_t i = count - 1; i > 0; i--) {
            if (wait_for[i].revents == 0 ||
                serve(wait_for[i].fd, &conns[i]) == 0)
                continue;
            close(wait_for[i].fd);
            count--;
            wait_for[i] = wait_for[count];
            conns[i] = conns[count];
        }
        if (wait_for[0].revents == 0 || count > CLIENTS)
            continue;
        int conn_fd = accept(wait_for[0].fd, NULL, NULL);
        if (conn_fd == -1)
            continue;
        log_accept(conn_fd);
        conns[count].len = 0;
        wait_for[count].fd = conn_fd;
        wait_for[count].events = POLLIN;
        count++;
    }
}
