/*
 * Three clients in one. The first connects and takes its time; the second asks
 * for the list and hangs up at once; then the first greets, and after it the
 * third. Prints what the first and the third are answered.
 *
 * run:   ./client [PORT]        default 7005
 * exit:  0 when both were answered, 1 when not
 */
#include "lab.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7005, PATIENCE_S = 2 };

static int ask(int fd, const char *request)
{
    ssize_t n = send(fd, request, strlen(request), MSG_NOSIGNAL);

    log_call("send", fd, n);
    return n == -1 ? -1 : 0;
}

/* Reads one line, or as much of it as comes. Returns its length. */
static size_t read_answer(int fd, char *line, size_t size)
{
    size_t len = 0;

    while (len < size && (len == 0 || line[len - 1] != '\n')) {
        ssize_t n = recv(fd, line + len, size - len, 0);
        log_call("recv", fd, n);
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    return len;
}

/* Greets, unless there is no connection: fd is -1 then. */
static bool greet(int fd, const char *who)
{
    char line[64] = "";
    size_t len = 0;

    if (fd != -1) {
        set_patience(fd, PATIENCE_S);
        if (ask(fd, "hello\n") == 0)
            len = read_answer(fd, line, sizeof line);
        close(fd);
        log_call("close", fd, 0);
    }
    bool right = len == strlen("world\n") && memcmp(line, "world\n", len) == 0;
    printf("%s: %s\n", who, right ? "world" : "no answer");
    return right;
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
    ask(second_fd, "GET\n");
    close(second_fd);
    log_call("close", second_fd, 0);

    bool first = greet(first_fd, "first");
    bool third = greet(connect_to(port), "third");
    return first && third ? 0 : 1;
}
