/* right: a process for each connection, which reads lines through stdio. */
#include "lab.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7002, LONGEST_LINE = 1024 };

static int answer(int conn_fd, const char *text)
{
    ssize_t n = send(conn_fd, text, strlen(text), MSG_NOSIGNAL);

    log_call("send", conn_fd, n);
    return n == -1 ? -1 : 0;
}

/* Answers one request. Returns 0 to go on, -1 to hang up. */
static int handle(int conn_fd, const char *request, size_t len)
{
    if (len == strlen("hello\n") && memcmp(request, "hello\n", len) == 0)
        return answer(conn_fd, "world\n");

    answer(conn_fd, "error: unknown request\n");
    return -1;
}

static void serve(int conn_fd)
{
    char request[LONGEST_LINE + 1];

    if (fork() != 0)
        return;
    FILE *in = fdopen(conn_fd, "r");
    while (in && fgets(request, sizeof request, in)) {
        if (handle(conn_fd, request, strlen(request)) == -1)
            break;
    }
    _exit(0);
}

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT]", argc, argv);
    int listen_fd = listen_on(lab_arg(1, DEFAULT_PORT, 0, 65535));

    signal(SIGCHLD, SIG_IGN); /* children that end leave nothing to wait for */
    for (;;) {
        int conn_fd = accept(listen_fd, NULL, NULL);
        if (conn_fd == -1) {
            log_call("accept", listen_fd, -1);
            continue;
        }
        log_accept(conn_fd);
        serve(conn_fd);
        close(conn_fd);
    }
}
