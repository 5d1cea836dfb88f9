/* right: a thread a connection, and recv(2) that blocks: no epoll at all. */
#include "lab.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int answer(int conn_fd, const char *words)
{
    return send(conn_fd, words, strlen(words), MSG_NOSIGNAL) == -1 ? -1 : 0;
}

static void *serve(void *arg)
{
    FILE *in = fdopen((int)(intptr_t)arg, "r");
    char line[1025];
    int keep = 0;

    while (keep == 0 && fgets(line, sizeof line, in)) {
        if (strcmp(line, "hello\n") == 0) {
            keep = answer(fileno(in), "world\n");
        } else if (strncmp(line, "echo ", 5) == 0 && strchr(line, '\n')) {
            keep = answer(fileno(in), line + 5);
        } else {
            answer(fileno(in), "error: unknown request\n");
            keep = -1;
        }
    }
    fclose(in);
    return NULL;
}

int main(int argc, char *argv[])
{
    pthread_t thread;

    lab_start("server", "[PORT]", argc, argv);
    int listen_fd = listen_on(lab_arg(1, 7017, 0, 65535));
    for (;;) {
        int conn_fd = accept(listen_fd, NULL, NULL);
        if (conn_fd == -1)
            continue;
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)conn_fd))
            close(conn_fd);
        else
            pthread_detach(thread);
    }
}
