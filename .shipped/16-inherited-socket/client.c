/*
 * Greets, and prints all that the server has to say: up to the end of the
 * stream.
 *
 * run:   ./client [PORT]        default 7016
 * exit:  0 when the answer came and then the end of the stream, 1 when not
 */
#include "lab.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7016, PATIENCE_S = 2 };

static const char request[] = "hello\n";

/* Prints what comes. Returns how many bytes that were when the stream has
 * ended, -1 when it has not. */
static ssize_t print_answer(int fd)
{
    char text[256];
    ssize_t total = 0;

    for (;;) {
        ssize_t n = recv(fd, text, sizeof text, 0);
        log_call("recv", fd, n);
        if (n == 0)
            return total;
        if (n == -1)
            return -1;
        fwrite(text, 1, (size_t)n, stdout);
        total += n;
    }
}

int main(int argc, char *argv[])
{
    lab_start("client", "[PORT]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);
    int fd = connect_to(port);
    if (fd == -1)
        return 1;
    set_patience(fd, PATIENCE_S);

    ssize_t n = send(fd, request, strlen(request), MSG_NOSIGNAL);
    log_call("send", fd, n);
    ssize_t total = print_answer(fd);

    close(fd);
    log_event("bye", "answer=%s", total > 0 ? "whole" : "unfinished");
    return total > 0 ? 0 : 1;
}
