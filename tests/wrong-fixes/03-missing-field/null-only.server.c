/*
 * wrong: looks for NULL, and greets somebody whose name has no letters.
 * fails: an_empty_value_is_missing
 * says: should read the line "error: missing user", and gets "hello ,
 */
#include "lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7003, LONGEST_LINE = 1024 };

struct request {
    char *user, *lang;
};

static void answer(int conn_fd, const char *text)
{
    ssize_t n = send(conn_fd, text, strlen(text), MSG_NOSIGNAL);

    log_call("send", conn_fd, n);
}

/* Cuts the line up at each "&" and "="; the values stay where they are. */
static struct request parse(char *line)
{
    struct request request = {0};
    char *rest;

    for (char *field = strtok_r(line, "&", &rest); field;
         field = strtok_r(NULL, "&", &rest)) {
        char *value = strchr(field, '=');
        if (!value)
            continue;
        *value++ = '\0';
        if (strcmp(field, "user") == 0)
            request.user = value;
        else if (strcmp(field, "lang") == 0)
            request.lang = value;
    }
    return request;
}

static void greet(int conn_fd, const struct request *request)
{
    size_t len = strlen("hello , \n");

    if (!request->user) {
        answer(conn_fd, "error: missing user\n");
        return;
    }
    if (!request->lang) {
        answer(conn_fd, "error: missing lang\n");
        return;
    }
    len += strlen(request->user) + strlen(request->lang);
    char *text = malloc(len + 1);
    if (!text)
        die("malloc");
    snprintf(text, len + 1, "hello %s, %s\n", request->user, request->lang);
    answer(conn_fd, text);
    free(text);
}

/* Reads one line, in as many pieces as it comes, and answers it. */
static void serve(int conn_fd)
{
    char line[LONGEST_LINE];
    char *end = NULL;

    for (size_t len = 0; !end && len < sizeof line;) {
        ssize_t n = recv(conn_fd, line + len, sizeof line - len, 0);
        log_call("recv", conn_fd, n);
        if (n <= 0)
            return;
        len += (size_t)n;
        end = memchr(line, '\n', len);
    }
    if (!end) {
        answer(conn_fd, "error: line too long\n");
        return;
    }
    *end = '\0';
    if (strcmp(line, "hello") == 0) {
        answer(conn_fd, "world\n");
        return;
    }
    struct request request = parse(line);
    greet(conn_fd, &request);
}

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT]", argc, argv);
    int listen_fd = listen_on(lab_arg(1, DEFAULT_PORT, 0, 65535));

    for (;;) {
        int conn_fd = accept(listen_fd, NULL, NULL);
        if (conn_fd == -1) {
            log_call("accept", listen_fd, -1);
            continue;
        }
        log_accept(conn_fd);
        serve(conn_fd);
        close(conn_fd);
        log_call("close", conn_fd, 0);
    }
}
