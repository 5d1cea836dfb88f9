/* right: a thread a connection, which reads to the end through stdio. */
#include "lab.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LONGEST = 1024 };

static int answer(int conn_fd, const char *words)
{
    return send(conn_fd, words, strlen(words), MSG_NOSIGNAL) == -1 ? -1 : 0;
}

static void serve(int conn_fd, FILE *in)
{
    char line[LONGEST + 1], words[64];
    unsigned long lines = 0, bytes = 0;

    while (fgets(line, sizeof line, in)) {
        if (strcmp(line, "hello\n") == 0 && lines == 0) {
            answer(conn_fd, "world\n");
            continue;
        }
        if (!strchr(line, '\n') && !feof(in)) {
            answer(conn_fd, "error: line too long\n");
            return;
        }
        lines += strchr(line, '\n') != NULL;
        bytes += strlen(line);
    }
    if (ferror(in))
        return;
    snprintf(words, sizeof words, "%lu lines, %lu bytes\n", lines, bytes);
    answer(conn_fd, words);
}

static void *worker(void *arg)
{
    int conn_fd = (int)(intptr_t)arg;
    FILE *in = fdopen(conn_fd, "r");

    serve(conn_fd, in);
    fclose(in);
    return NULL;
}

int main(int argc, char *argv[])
{
    pthread_t thread;

    lab_start("server", "[PORT]", argc, argv);
    int listen_fd = listen_on(lab_arg(1, 7014, 0, 65535));
    for (;;) {
        int conn_fd = accept(listen_fd, NULL, NULL);
        if (conn_fd == -1)
            continue;
        if (pthread_create(&thread, NULL, worker, (void *)(intptr_t)conn_fd))
            close(conn_fd);
        else
            pthread_detach(thread);
    }
}
