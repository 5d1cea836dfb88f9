/* right: room for 128, and one loop around poll(2). */
#include "lab.h"

#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7007, LONGEST_LINE = 1024, BACKLOG = 128 };

static int open_listener(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t len = sizeof address;
    int one = 1;

    int listen_fd = socket(AF_INET, SOCK_STREAM, 0);
    if (listen_fd == -1)
        die("socket");
    if (setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == -1)
        die("setsockopt");
    if (bind(listen_fd, (struct sockaddr *)&address, len) == -1)
        die("bind");
    if (listen(listen_fd, BACKLOG) == -1)
        die("listen");
    if (getsockname(listen_fd, (struct sockaddr *)&address, &len) == -1)
        die("getsockname");
    log_event("listening", "fd=%d port=%d backlog=%d", listen_fd,
              ntohs(address.sin_port), BACKLOG);
    return listen_fd;
}

static int answer(int conn_fd, const char *text)
{
    ssize_t n = send(conn_fd, text, strlen(text), MSG_NOSIGNAL);

    log_call("send", conn_fd, n);
    return n == -1 ? -1 : 0;
}

/* Answers one request. Returns 0 to go on, -1 to hang up. */
static int handle(int conn_fd, const char *request, size_t len)
{
    if (len == strlen("hello\n") && memcmp(request, "hello\n", len) == 0)
        return answer(conn_fd, "world\n");

    answer(conn_fd, "error: unknown request\n");
    return -1;
}

enum { CONNECTIONS = 200 };

struct conn {
    char request[LONGEST_LINE];
    size_t len;
};

static struct conn conns[CONNECTIONS];
static struct pollfd fds[CONNECTIONS] = {{0}};
static nfds_t count = 1; /* number 0 is the listening socket */

static void welcome(int listen_fd)
{
    int conn_fd = accept(listen_fd, NULL, NULL);
    if (conn_fd == -1) {
        log_call("accept", listen_fd, -1);
        return;
    }
    log_accept(conn_fd);
    conns[count].len = 0;
    fds[count++] = (struct pollfd){.fd = conn_fd, .events = POLLIN};
}

/* One recv(2). Returns 0 to go on, -1 to hang up. */
static int serve_some(int conn_fd, struct conn *conn)
{
    char *end, *request = conn->request;

    ssize_t n = recv(conn_fd, request + conn->len, LONGEST_LINE - conn->len, 0);
    log_call("recv", conn_fd, n);
    if (n <= 0)
        return -1;
    for (conn->len += (size_t)n; (end = memchr(request, '\n', conn->len));) {
        size_t line = (size_t)(end + 1 - request);
        if (handle(conn_fd, request, line) == -1)
            return -1;
        conn->len -= line;
        memmove(request, end + 1, conn->len);
    }
    if (conn->len == LONGEST_LINE) {
        answer(conn_fd, "error: line too long\n");
        return -1;
    }
    return 0;
}

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT]", argc, argv);
    int listen_fd = open_listener(lab_arg(1, DEFAULT_PORT, 0, 65535));
    fds[0] = (struct pollfd){.fd = listen_fd};

    for (;;) {
        fds[0].events = count < CONNECTIONS ? POLLIN : 0;
        if (poll(fds, count, -1) == -1)
            die("poll");
        for (nfds_t i = count; --i > 0;) {
            if (!fds[i].revents || serve_some(fds[i].fd, &conns[i]) == 0)
                continue;
            close(fds[i].fd);
            log_call("close", fds[i].fd, 0);
            fds[i] = fds[--count];
            conns[i] = conns[count];
        }
        if (fds[0].revents & POLLIN)
            welcome(listen_fd);
    }
}
