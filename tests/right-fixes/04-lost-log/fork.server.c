/* right: buffered by line from the start, and a child for each client. */
#include "lab.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7004, LONGEST_LINE = 1024 };

static void answer(int conn_fd, const char *text)
{
    ssize_t n = send(conn_fd, text, strlen(text), MSG_NOSIGNAL);

    log_call("send", conn_fd, n);
}

static void drop(int conn_fd, const char *reason, const char *text)
{
    printf("drop reason=%s\n", reason);
    answer(conn_fd, text);
}

static void handle(int conn_fd, const char *line)
{
    if (strcmp(line, "hello") == 0) {
        answer(conn_fd, "world\n");
    } else if (strcmp(line, "die") == 0) {
        /* A poisoned request: better no server than a corrupt one. */
        printf("drop reason=poison\n");
        abort();
    } else {
        drop(conn_fd, "bad-request", "error: bad request\n");
    }
}

/* Reads one line, in as many pieces as it comes, and answers it. */
static void serve(int conn_fd)
{
    char line[LONGEST_LINE];
    char *end = NULL;

    for (size_t len = 0; !end && len < sizeof line;) {
        ssize_t n = recv(conn_fd, line + len, sizeof line - len, 0);
        log_call("recv", conn_fd, n);
        if (n <= 0) {
            printf("drop reason=%s\n", n == 0 ? "no-request" : "broken");
            return;
        }
        len += (size_t)n;
        end = memchr(line, '\n', len);
    }
    if (!end) {
        drop(conn_fd, "long-line", "error: line too long\n");
        return;
    }
    *end = '\0';
    handle(conn_fd, line);
}

int main(int argc, char *argv[])
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGCHLD, SIG_IGN);
    lab_start("server", "[PORT]", argc, argv);
    int listen_fd = listen_on(lab_arg(1, DEFAULT_PORT, 0, 65535));
    printf("log of the greeting server\n");

    for (;;) {
        int conn_fd = accept(listen_fd, NULL, NULL);
        if (conn_fd == -1) {
            log_call("accept", listen_fd, -1);
            continue;
        }
        log_accept(conn_fd);
        pid_t child = fork();
        if (child == -1)
            log_call("fork", conn_fd, -1);
        if (child == 0) {
            close(listen_fd);
            serve(conn_fd);
            _exit(0);
        }
        close(conn_fd);
        log_call("close", conn_fd, 0);
    }
}
