/*
 * Eight clients in one program: the first is greeted and stays for a while, and
 * during its visit the others connect. Then each is greeted in its turn and
 * leaves. Prints every answer.
 *
 * run:   ./client [PORT]        default 7007
 * exit:  0 when all eight were greeted, 1 when not
 */
#include "lab.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7007, CLIENTS = 8, PATIENCE_S = 2 };

/* Connects, and gives up after seconds rather than after two minutes. Returns
 * the descriptor, or -1. */
static int connect_soon(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int once = 1;

    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd == -1)
        die("socket");
    /* Left alone, the kernel repeats an unanswered SYN for two minutes. */
    if (setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &once, sizeof once) == -1)
        die("setsockopt");
    int ret = connect(fd, (struct sockaddr *)&address, sizeof address);
    log_call("connect", fd, ret);
    if (ret == -1) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Says hello and prints the answer. Returns whether it was the right one. */
static int greet(int fd)
{
    char answer[64];
    size_t len = 0;

    set_patience(fd, PATIENCE_S);
    ssize_t n = send(fd, "hello\n", strlen("hello\n"), MSG_NOSIGNAL);
    log_call("send", fd, n);
    while (len < strlen("world\n")) {
        n = recv(fd, answer + len, strlen("world\n") - len, 0);
        log_call("recv", fd, n);
        if (n <= 0)
            return 0;
        len += (size_t)n;
    }
    fwrite(answer, 1, len, stdout);
    return memcmp(answer, "world\n", len) == 0;
}

int main(int argc, char *argv[])
{
    int fd[CLIENTS], greeted = 0;

    lab_start("client", "[PORT]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);
    fd[0] = connect_to(port);
    if (fd[0] == -1 || !greet(fd[0]))
        return 1;

    for (int i = 1; i < CLIENTS; i++) {
        fd[i] = connect_soon(port);
        if (fd[i] == -1)
            return 1;
    }
    close(fd[0]);
    for (int i = 1; i < CLIENTS; i++) {
        greeted += greet(fd[i]);
        close(fd[i]);
    }
    log_event("bye", "greeted=%d of=%d", 1 + greeted, CLIENTS);
    return 1 + greeted == CLIENTS ? 0 : 1;
}
