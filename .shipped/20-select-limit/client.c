/*
 * Connects COUNT times and stays connected, as so many visitors would, and
 * greets over each connection. Prints how many of them were answered.
 *
 * run:   ./client [PORT] [COUNT]        default 7020, 30
 * exit:  0 when all were answered, 1 when not
 */
#include "lab.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7020, DEFAULT_COUNT = 30, MOST = 1000, PATIENCE_S = 2 };

/* Returns 0 when "world" came back. */
static int greet(int fd)
{
    char text[64];
    size_t len = 0;
    ssize_t n = send(fd, "hello\n", strlen("hello\n"), MSG_NOSIGNAL);

    log_call("send", fd, n);
    while (len < strlen("world\n")) {
        n = recv(fd, text + len, strlen("world\n") - len, 0);
        log_call("recv", fd, n);
        if (n <= 0)
            return -1;
        len += (size_t)n;
    }
    return memcmp(text, "world\n", len) == 0 ? 0 : -1;
}

int main(int argc, char *argv[])
{
    static int fd[MOST];
    int opened = 0, answered = 0;

    lab_start("client", "[PORT] [COUNT]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);
    int count = lab_arg(2, DEFAULT_COUNT, 1, MOST);

    while (answered < count) {
        fd[opened] = connect_to(port);
        if (fd[opened] == -1)
            break;
        set_patience(fd[opened++], PATIENCE_S);
        if (greet(fd[opened - 1]) == -1)
            break;
        answered++;
    }
    printf("%d of %d answered\n", answered, count);
    log_event("bye", "answered=%d", answered);
    while (opened > 0)
        close(fd[--opened]);
    return answered == count ? 0 : 1;
}
