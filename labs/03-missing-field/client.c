/*
 * Is three clients: Ada sends a whole request; then Bob, who leaves a field
 * out, and Cy, who waits behind him with a whole one. Prints what each is
 * answered.
 *
 * run:   ./client [PORT]        default 7003
 * exit:  0 when all three got their answers, 1 when not
 */
#include "lab.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7003, PATIENCE_S = 2 };

static void ask(int fd, const char *request)
{
    ssize_t n = send(fd, request, strlen(request), MSG_NOSIGNAL);

    log_call("send", fd, n);
}

/* Reads until the server hangs up. Returns whether it said that answer. */
static bool read_answer(int fd, const char *expected)
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
    close(fd);
    return n == 0 && len == strlen(expected) &&
           memcmp(text, expected, len) == 0;
}

int main(int argc, char *argv[])
{
    int answered = 0;

    lab_start("client", "[PORT]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);

    int ada = connect_to(port);
    if (ada == -1)
        return 1;
    set_patience(ada, PATIENCE_S);
    ask(ada, "user=ada&lang=c\n");
    answered += read_answer(ada, "hello ada, c\n");

    int bob = connect_to(port);
    int cy = connect_to(port);
    if (bob == -1 || cy == -1)
        return 1;
    set_patience(bob, PATIENCE_S);
    set_patience(cy, PATIENCE_S);
    /* Bob came first, so nobody reads what Cy says until Bob has spoken. */
    ask(cy, "user=cy&lang=awk\n");
    ask(bob, "user=bob\n");
    answered += read_answer(bob, "error: missing lang\n");
    answered += read_answer(cy, "hello cy, awk\n");

    log_event("bye", "answered=%d of=3", answered);
    return answered == 3 ? 0 : 1;
}
