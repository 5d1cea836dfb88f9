/* right: stdio on the socket, and a table of fields; a child for each client.
 */
#include "lab.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7003, LONGEST_LINE = 1024, FIELDS = 2 };

static const char *const names[FIELDS] = {"user", "lang"};

static void fill_in(char *line, const char *values[])
{
    for (char *field; (field = strsep(&line, "&")) != NULL;) {
        char *key = strsep(&field, "=");
        for (int i = 0; i < FIELDS; i++) {
            if (field && strcmp(key, names[i]) == 0)
                values[i] = field;
        }
    }
}

static void respond(FILE *out, char *line)
{
    const char *values[FIELDS] = {NULL};

    if (strcmp(line, "hello") == 0) {
        fputs("world\n", out);
        return;
    }
    fill_in(line, values);
    for (int i = 0; i < FIELDS; i++) {
        if (!values[i] || !*values[i]) {
            fprintf(out, "error: missing %s\n", names[i]);
            return;
        }
    }
    fprintf(out, "hello %s, %s\n", values[0], values[1]);
}

static void serve(int conn_fd)
{
    char line[LONGEST_LINE + 1];
    FILE *in = fdopen(conn_fd, "r"), *out = fdopen(dup(conn_fd), "w");

    if (!in || !out || !fgets(line, sizeof line, in))
        return;
    if (line[strlen(line) - 1] != '\n') {
        fputs("error: line too long\n", out);
    } else {
        line[strlen(line) - 1] = '\0';
        respond(out, line);
    }
    fflush(out);
}

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT]", argc, argv);
    int listen_fd = listen_on(lab_arg(1, DEFAULT_PORT, 0, 65535));
    signal(SIGCHLD, SIG_IGN);

    for (;;) {
        int conn_fd = accept(listen_fd, NULL, NULL);
        if (conn_fd == -1) {
            log_call("accept", listen_fd, -1);
            continue;
        }
        log_accept(conn_fd);
        if (fork() == 0) {
            close(listen_fd);
            serve(conn_fd);
            _exit(0);
        }
        close(conn_fd);
    }
}
