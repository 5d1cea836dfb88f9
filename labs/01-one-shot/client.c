/*
 * Is three clients at once: connects three times, then asks on each connection,
 * and prints what each is answered.
 *
 * run:   ./client [PORT]        default 7001
 * exit:  0 when all three were answered, 1 when not
 */
#include "lab.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7001, CLIENTS = 3, PATIENCE_S = 2 };

/* Reads until the server hangs up. Returns whether it said "world". */
static bool read_answer(int fd)
{
    char text[256];
    size_t len = 0;
    ssize_t n = 1;

    while (n > 0 && len < sizeof text) {
        n = recv(fd, text + len, sizeof text - len, 0);
        log_call("recv", fd, n);
        if (n > 0)
            len += (size_t)n;
    }
    fwrite(text, 1, len, stdout);
    return n == 0 && len == strlen("world\n") &&
           memcmp(text, "world\n", len) == 0;
}

int main(int argc, char *argv[])
{
    int fd[CLIENTS];
    int answered = 0;

    lab_start("client", "[PORT]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);

    for (int i = 0; i < CLIENTS; i++) {
        fd[i] = connect_to(port);
        if (fd[i] == -1)
            return 1;
        set_patience(fd[i], PATIENCE_S);
    }
    /* The last one asks first: the server takes the oldest connection, so it
     * is not busy with any before the request of each is on its way. */
    for (int i = CLIENTS - 1; i >= 0; i--) {
        ssize_t n = send(fd[i], "hello\n", strlen("hello\n"), MSG_NOSIGNAL);
        log_call("send", fd[i], n);
    }
    for (int i = 0; i < CLIENTS; i++) {
        answered += read_answer(fd[i]);
        close(fd[i]);
    }
    log_event("bye", "answered=%d of=%d", answered, CLIENTS);
    return answered == CLIENTS ? 0 : 1;
}
