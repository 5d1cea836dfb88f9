/*
 * Greets: a client's line "hello" is answered with a line "world", and the
 * server hangs up.
 *
 * run:   ./server [PORT]        default 7001
 * watch: ss -tan 'sport = :7001'
 */
#include "lab.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7001, BACKLOG = 16, LONGEST_LINE = 1024 };

/* Returns a socket that listens on 127.0.0.1. From listen(2) on the kernel
 * finishes handshakes by itself and keeps the connections in a queue. */
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
    /* Connections of an earlier run may still be in TIME_WAIT on this port. */
    if (setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == -1)
        die("setsockopt");
    if (bind(listen_fd, (struct sockaddr *)&address, len) == -1)
        die("bind");
    if (listen(listen_fd, BACKLOG) == -1)
        die("listen");
    if (getsockname(listen_fd, (struct sockaddr *)&address, &len) == -1)
        die("getsockname");
    log_event("listening", "fd=%d port=%d", listen_fd, ntohs(address.sin_port));
    return listen_fd;
}

static void answer(int conn_fd, const char *text)
{
    ssize_t n = send(conn_fd, text, strlen(text), MSG_NOSIGNAL);

    log_call("send", conn_fd, n);
}

/* Reads one line, in as many pieces as it comes, and answers it. */
static void serve(int conn_fd)
{
    char line[LONGEST_LINE];
    size_t len = 0;

    while (len < sizeof line && !memchr(line, '\n', len)) {
        ssize_t n = recv(conn_fd, line + len, sizeof line - len, 0);
        log_call("recv", conn_fd, n);
        if (n <= 0)
            return;
        len += (size_t)n;
    }
    if (len >= strlen("hello\n") && memcmp(line, "hello\n", 6) == 0)
        answer(conn_fd, "world\n");
    else
        answer(conn_fd, "error: unknown request\n");
}

/* Takes the connection that has waited longest out of the queue, or sleeps
 * until there is one. */
static void serve_next(int listen_fd)
{
    int conn_fd = accept(listen_fd, NULL, NULL);

    if (conn_fd == -1) {
        log_call("accept", listen_fd, -1);
        return;
    }
    log_accept(conn_fd);
    serve(conn_fd);
    close(conn_fd);
    log_call("close", conn_fd, 0);
}

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT]", argc, argv);
    int listen_fd = open_listener(lab_arg(1, DEFAULT_PORT, 0, 65535));

    serve_next(listen_fd);
    close(listen_fd);
    log_call("close", listen_fd, 0);
    return 0;
}
