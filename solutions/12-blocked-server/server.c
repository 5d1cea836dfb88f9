/*
 * Greets: every line "hello" is answered with a line "world", on the same
 * connection, until the client closes it.
 *
 * run:   ./server [PORT]        default 7012
 * watch: ss -tan sport = :7012
 */
#include "lab.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7012, LONGEST_LINE = 1024 };

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

/* Answers the whole lines among the first *len bytes of text, and keeps the
 * beginning of the next one. Returns 0 to go on, -1 to hang up. */
static int handle_lines(int conn_fd, char *text, size_t *len)
{
    for (;;) {
        char *end = memchr(text, '\n', *len);
        if (!end)
            break;
        size_t line = (size_t)(end + 1 - text);
        if (handle(conn_fd, text, line) == -1)
            return -1;
        *len -= line;
        memmove(text, end + 1, *len);
    }
    if (*len < LONGEST_LINE)
        return 0;
    answer(conn_fd, "error: line too long\n");
    return -1;
}

static void serve(int conn_fd)
{
    char text[LONGEST_LINE];
    size_t len = 0;

    for (;;) {
        ssize_t n = recv(conn_fd, text + len, sizeof text - len, 0);
        log_call("recv", conn_fd, n);
        if (n <= 0)
            return;
        len += (size_t)n;
        if (handle_lines(conn_fd, text, &len) == -1)
            return;
    }
}

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT]", argc, argv);
    int listen_fd = listen_on(lab_arg(1, DEFAULT_PORT, 0, 65535));
    /* FIX: the children below leave no zombies when they end; wait(2). */
    signal(SIGCHLD, SIG_IGN);

    for (;;) {
        int conn_fd = accept(listen_fd, NULL, NULL);
        if (conn_fd == -1) {
            log_call("accept", listen_fd, -1);
            continue;
        }
        log_accept(conn_fd);
        /* FIX: a process of its own waits for this client, not the loop. */
        pid_t pid = fork();
        if (pid == 0) {
            close(listen_fd);
            serve(conn_fd);
            close(conn_fd);
            _exit(0);
        }
        if (pid == -1)
            log_call("fork", conn_fd, -1);
        close(conn_fd);
        log_call("close", conn_fd, 0);
    }
}
