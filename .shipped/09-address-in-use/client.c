/*
 * Asks for a greeting, for a restart of the server, and for a greeting again,
 * one connection each. Prints every answer.
 *
 * run:   ./client [PORT]        default 7009
 * exit:  0 when all three were answered, 1 when not
 */
#include "lab.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7009, PATIENCE_S = 2 };

/* One request, and its answer up to the end of the stream. Returns whether that
 * was the right one. */
static int ask(int port, const char *request, const char *right)
{
    char answer[64];
    size_t len = 0;
    ssize_t n;

    int fd = connect_to(port);
    if (fd == -1)
        return 0;
    set_patience(fd, PATIENCE_S);
    n = send(fd, request, strlen(request), MSG_NOSIGNAL);
    log_call("send", fd, n);

    while ((n = recv(fd, answer + len, sizeof answer - len, 0)) > 0) {
        log_call("recv", fd, n);
        len += (size_t)n;
    }
    log_call("recv", fd, n);
    close(fd);
    fwrite(answer, 1, len, stdout);
    return n == 0 && len == strlen(right) && memcmp(answer, right, len) == 0;
}

int main(int argc, char *argv[])
{
    lab_start("client", "[PORT]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);

    int answered = ask(port, "hello\n", "world\n");
    answered += ask(port, "restart\n", "restarted\n");
    answered += ask(port, "hello\n", "world\n");
    log_event("bye", "answered=%d of=3", answered);
    return answered == 3 ? 0 : 1;
}
