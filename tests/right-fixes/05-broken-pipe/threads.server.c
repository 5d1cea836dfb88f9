/* right: a thread for each client, and SIGPIPE blocked in all of them. */
#include "lab.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7005, LONGEST_LINE = 1024, LINES = 1000 };

static int answer(int conn_fd, const char *text)
{
    ssize_t n = send(conn_fd, text, strlen(text), 0);

    log_call("send", conn_fd, n);
    return n == -1 ? -1 : 0;
}

static void send_list(int conn_fd)
{
    char line[64];

    for (int i = 1; i <= LINES; i++) {
        int len = snprintf(line, sizeof line, "line %d of %d\n", i, LINES);
        ssize_t n = send(conn_fd, line, (size_t)len, 0);
        if (n == -1) {
            log_call("send", conn_fd, n);
            return;
        }
    }
    log_event("send", "fd=%d lines=%d", conn_fd, LINES);
}

static int handle(int conn_fd, const char *request, size_t len)
{
    if (len == strlen("hello\n") && memcmp(request, "hello\n", len) == 0)
        return answer(conn_fd, "world\n");

    if (len == strlen("GET\n") && memcmp(request, "GET\n", len) == 0)
        send_list(conn_fd);
    else
        answer(conn_fd, "error: unknown request\n");
    return -1;
}

static void serve(int conn_fd)
{
    char request[LONGEST_LINE];
    size_t len = 0;

    for (;;) {
        ssize_t n = recv(conn_fd, request + len, sizeof request - len, 0);
        log_call("recv", conn_fd, n);
        if (n <= 0)
            return;
        len += (size_t)n;
        char *end;
        while ((end = memchr(request, '\n', len)) || len == sizeof request) {
            size_t line = end ? (size_t)(end + 1 - request) : len;
            if (handle(conn_fd, request, line) == -1)
                return;
            len -= line;
            memmove(request, request + line, len);
        }
    }
}

static void *run(void *arg)
{
    int conn_fd = (int)(intptr_t)arg;

    serve(conn_fd);
    close(conn_fd);
    log_call("close", conn_fd, 0);
    return NULL;
}

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT]", argc, argv);
    /* Every thread inherits the mask; the signal stays pending for ever. */
    sigset_t pipe_signal;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
    int listen_fd = listen_on(lab_arg(1, DEFAULT_PORT, 0, 65535));

    for (;;) {
        int conn_fd = accept(listen_fd, NULL, NULL);
        if (conn_fd == -1) {
            log_call("accept", listen_fd, -1);
            continue;
        }
        log_accept(conn_fd);
        pthread_t thread;
        if (pthread_create(&thread, NULL, run, (void *)(intptr_t)conn_fd) == 0)
            pthread_detach(thread);
        else
            close(conn_fd);
    }
}
