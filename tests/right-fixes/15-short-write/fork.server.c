/* right: a process a connection, whose sendfile(2) may block. */
#define _GNU_SOURCE /* memfd_create */
#include "lab.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LONGEST_TEXT = 64 << 20 };

static const char verse[] = "the quick brown fox jumps over a lazy dog.\n";

static void send_text(int conn_fd, size_t length)
{
    FILE *text = fdopen(memfd_create("text", 0), "w");
    off_t sent = 0;

    for (size_t len = 0; len < length; len += strlen(verse))
        fputs(verse, text);
    fflush(text);
    while ((size_t)sent < length &&
           sendfile(conn_fd, fileno(text), &sent, length - (size_t)sent) > 0)
        continue;
}

static void serve(int conn_fd)
{
    FILE *in = fdopen(conn_fd, "r");
    char line[1025];

    while (fgets(line, sizeof line, in)) {
        char *end = line;
        size_t length = 0;
        if (strcmp(line, "hello\n") == 0) {
            send(conn_fd, "world\n", 6, MSG_NOSIGNAL);
            continue;
        }
        if (strncmp(line, "GET ", 4) == 0 && isdigit((unsigned char)line[4]))
            length = strtoul(line + 4, &end, 10);
        if (end > line && *end == '\n' && length <= LONGEST_TEXT)
            send_text(conn_fd, length);
        else
            send(conn_fd, "error: unknown request\n", 23, MSG_NOSIGNAL);
        return;
    }
}

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT]", argc, argv);
    int listen_fd = listen_on(lab_arg(1, 7015, 0, 65535));

    signal(SIGCHLD, SIG_IGN); /* no zombies */
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int conn_fd = accept(listen_fd, NULL, NULL);
        if (conn_fd == -1)
            continue;
        if (fork() == 0) {
            close(listen_fd);
            serve(conn_fd);
            _exit(0);
        }
        close(conn_fd);
    }
}
