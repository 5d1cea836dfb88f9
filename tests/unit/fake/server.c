/* A server that misbehaves on request: server PORT [MODE]. What the harness has
 * to notice is in tests/unit/fake/suite.c. Without a mode it echoes. */
#define _GNU_SOURCE /* pipe2 */
#include "lab.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static const char *mode = "echo";

static int is(const char *name)
{
    return strcmp(mode, name) == 0;
}

static void echo(int conn_fd)
{
    char bytes[1024];
    ssize_t n;

    while ((n = recv(conn_fd, bytes, sizeof bytes, 0)) > 0)
        send(conn_fd, bytes, (size_t)n, MSG_NOSIGNAL);
}

/* Answers late or never, in one of the ways in which a program can fail to. */
static void tarry(int conn_fd)
{
    struct timeval limit = {.tv_sec = 1};
    char byte;

    if (is("spin")) {
        for (volatile unsigned long n = 0;; n++)
            ;
    }
    if (is("timer")) { /* wakes up again and again, and at last it answers */
        for (int i = 0; i < 10; i++)
            poll(NULL, 0, 50);
        echo(conn_fd);
        return;
    }
    if (is("timeout")) { /* the clock is in the socket, not in the call */
        setsockopt(conn_fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        recv(conn_fd, &byte, 1, 0);
        recv(conn_fd, &byte, 1, MSG_PEEK);
        send(conn_fd, "late\n", 5, MSG_NOSIGNAL);
        return;
    }
    for (;;)
        pause();
}

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT] [MODE]", argc, argv);
    int listen_fd = listen_on(lab_arg(1, 7000, 0, 65535));
    if (argc > 2)
        mode = argv[2];

    for (;;) {
        int conn_fd = accept(listen_fd, NULL, NULL);
        if (is("exit"))
            return 3;
        if (is("crash"))
            raise(SIGSEGV);
        if (is("zombie") && fork() == 0)
            _exit(0);
        if (is("child") && fork() != 0) { /* the child keeps it, for ever */
            close(conn_fd);
            continue;
        }
        if (is("pipes")) {
            int ends[2];
            for (int i = 0; i < 3; i++) {
                if (pipe(ends) == -1)
                    return 1;
            }
        }
        if (is("echo") || is("leak") || is("zombie") || is("pipes"))
            echo(conn_fd);
        else
            tarry(conn_fd);
        if (!is("leak"))
            close(conn_fd);
    }
}
