/* right: a thread a connection, whose send(2) may block. */
#include "lab.h"

#include <ctype.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LONGEST_TEXT = 64 << 20 };

static const char verse[] = "the quick brown fox jumps over a lazy dog.\n";

static int send_all(int conn_fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(conn_fd, bytes, len, MSG_NOSIGNAL);
        if (n == -1)
            return -1;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

static void send_text(int conn_fd, size_t length)
{
    for (size_t sent = 0; sent < length; sent += strlen(verse)) {
        size_t len = length - sent;
        if (len > strlen(verse))
            len = strlen(verse);
        if (send_all(conn_fd, verse, len) == -1)
            return;
    }
}

static void *serve(void *arg)
{
    FILE *in = fdopen((int)(intptr_t)arg, "r");
    int conn_fd = fileno(in);
    char line[1025];

    while (fgets(line, sizeof line, in)) {
        char *end = line;
        size_t length = 0;
        if (strcmp(line, "hello\n") == 0) {
            send_all(conn_fd, "world\n", 6);
            continue;
        }
        if (strncmp(line, "GET ", 4) == 0 && isdigit((unsigned char)line[4]))
            length = strtoul(line + 4, &end, 10);
        if (end > line && *end == '\n' && length <= LONGEST_TEXT)
            send_text(conn_fd, length);
        else
            send_all(conn_fd, "error: unknown request\n", 23);
        break;
    }
    fclose(in);
    return NULL;
}

int main(int argc, char *argv[])
{
    pthread_t thread;

    lab_start("server", "[PORT]", argc, argv);
    int listen_fd = listen_on(lab_arg(1, 7015, 0, 65535));
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
