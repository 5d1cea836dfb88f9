/*
 * Three want the list. The first connects and takes its time; the second asks
 * and hangs up at once; then the first asks, and after it a third. Prints how
 * many lines the first and the third were sent.
 *
 * run:   ./client [PORT]        default 7005
 * exit:  0 when both got the whole list, 1 when not
 */
#include "lab.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7005, PATIENCE_S = 2, LINES = 1000 };

static int ask(int fd)
{
    ssize_t n = send(fd, "GET\n", strlen("GET\n"), MSG_NOSIGNAL);

    log_call("send", fd, n);
    return n == -1 ? -1 : 0;
}

/* Reads to the end of the stream. Returns how many lines there were. */
static int count_lines(int fd)
{
    char text[4096];
    int lines = 0;

    for (;;) {
        ssize_t n = recv(fd, text, sizeof text, 0);
        if (n <= 0) {
            log_call("recv", fd, n);
            return lines;
        }
        for (ssize_t i = 0; i < n; i++)
            lines += text[i] == '\n';
    }
}

/* Asks and reads, unless there is no connection: fd is -1 then. */
static int fetch(int fd, const char *who)
{
    int lines = 0;

    if (fd != -1) {
        set_patience(fd, PATIENCE_S);
        if (ask(fd) == 0)
            lines = count_lines(fd);
        close(fd);
    }
    printf("%s: %d lines\n", who, lines);
    log_event("fetched", "by=%s lines=%d", who, lines);
    return lines == LINES ? 0 : -1;
}

int main(int argc, char *argv[])
{
    lab_start("client", "[PORT]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);

    int first_fd = connect_to(port);
    if (first_fd == -1)
        return 1;
    int second_fd = connect_to(port);
    if (second_fd == -1)
        return 1;
    ask(second_fd);
    close(second_fd);
    log_call("close", second_fd, 0);

    int first = fetch(first_fd, "first");
    int third = fetch(connect_to(port), "third");
    return first == -1 || third == -1 ? 1 : 0;
}
