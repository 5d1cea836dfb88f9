/*
 * A monitor and a visitor. The monitor asks "status" COUNT times, one
 * connection each, and takes any answer for a sign of life; then the visitor
 * says "hello". Prints the answers.
 *
 * run:   ./client [PORT] [COUNT]        default 7006, 40
 * exit:  0 when all were answered, 1 when one was not
 */
#include "lab.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7006, DEFAULT_COUNT = 40, PATIENCE_S = 2 };

/* Reads one line and prints it. Returns 0, or -1 when none came. */
static int print_answer(int fd)
{
    char line[256];
    size_t len = 0;

    while (len < sizeof line && !memchr(line, '\n', len)) {
        ssize_t n = recv(fd, line + len, sizeof line - len, 0);
        log_call("recv", fd, n);
        if (n <= 0)
            return -1;
        len += (size_t)n;
    }
    fwrite(line, 1, len, stdout);
    return 0;
}

/* One question on a connection of its own. Returns 0, or -1 without answer. */
static int ask(int port, const char *request)
{
    int fd = connect_to(port);
    if (fd == -1)
        return -1;
    set_patience(fd, PATIENCE_S);

    ssize_t n = send(fd, request, strlen(request), MSG_NOSIGNAL);
    log_call("send", fd, n);
    int ret = n == -1 ? -1 : print_answer(fd);
    close(fd);
    return ret;
}

int main(int argc, char *argv[])
{
    lab_start("client", "[PORT] [COUNT]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);
    int count = lab_arg(2, DEFAULT_COUNT, 0, 100000);

    for (int i = 0; i <= count; i++) {
        if (ask(port, i < count ? "status\n" : "hello\n") == -1) {
            log_event("bye", "answered=%d", i);
            return 1;
        }
    }
    log_event("bye", "answered=%d", count + 1);
    return 0;
}
