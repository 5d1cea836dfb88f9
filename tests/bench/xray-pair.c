/*
 * A pair for the x-ray's bench: a server that echoes, and a client that makes
 * so many connections with so many requests on each. Silent: what it costs is
 * the calls.
 *
 *     xray-pair server PORT      xray-pair client PORT CONNECTIONS REQUESTS
 */
#include "lab.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in address_of(int port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
}

static void serve(int port)
{
    struct sockaddr_in address = address_of(port);
    char buf[64];
    ssize_t n;

    int listen_fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listen_fd, (struct sockaddr *)&address, sizeof address) == -1)
        die("bind");
    if (listen(listen_fd, 128) == -1)
        die("listen");
    for (;;) {
        int conn_fd = accept(listen_fd, NULL, NULL);
        if (conn_fd == -1)
            die("accept");
        while ((n = recv(conn_fd, buf, sizeof buf, 0)) > 0) {
            if (send(conn_fd, buf, (size_t)n, MSG_NOSIGNAL) == -1)
                break;
        }
        close(conn_fd);
    }
}

static void ask(int port, int requests)
{
    struct sockaddr_in address = address_of(port);
    char buf[64];

    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == -1)
        die("connect");
    for (int i = 0; i < requests; i++) {
        if (send(fd, "hello", 5, 0) != 5)
            die("send");
        if (recv(fd, buf, sizeof buf, 0) <= 0)
            die("recv");
    }
    close(fd);
}

int main(int argc, char *argv[])
{
    if (argc == 3 && strcmp(argv[1], "server") == 0)
        serve(atoi(argv[2]));
    if (argc != 5)
        return 2;
    for (int i = atoi(argv[3]); i > 0; i--)
        ask(atoi(argv[2]), atoi(argv[4]));
    return 0;
}
