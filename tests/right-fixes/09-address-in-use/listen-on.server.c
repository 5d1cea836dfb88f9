/* right: the set-up of common/lab.h, which knows the option. */
#include "lab.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7009, LONGEST_LINE = 1024 };

static int listen_fd, port;
static char bytes[4 << 20]; /* what GET gives from */

static void answer(int conn_fd, const char *text, size_t len)
{
    ssize_t n = send(conn_fd, text, len, MSG_NOSIGNAL);
    log_call("send", conn_fd, n);
}

/* Becomes the new program, which finds the asker on the same descriptor. */
static void restart(int conn_fd, char *name)
{
    char port_text[16], asker[16], *argv[] = {name, port_text, asker, NULL};

    close(listen_fd);
    snprintf(port_text, sizeof port_text, "%d", port);
    snprintf(asker, sizeof asker, "%d", conn_fd);
    /* The path that this process was executed by. */
    execv((const char *)getauxval(AT_EXECFN), argv);
    die("execv");
}

static void handle(int conn_fd, const char *request, char *name)
{
    size_t length;
    char more;

    if (strcmp(request, "restart") == 0)
        restart(conn_fd, name);
    if (strcmp(request, "hello") == 0)
        answer(conn_fd, "world\n", strlen("world\n"));
    else if (sscanf(request, "GET %7zu%c", &length, &more) == 1 &&
             length <= sizeof bytes)
        answer(conn_fd, memset(bytes, 'x', length), length);
    else
        answer(conn_fd, "error: no request\n", strlen("error: no request\n"));
}

static void serve(int conn_fd, char *name)
{
    char request[LONGEST_LINE + 1] = "", *end = NULL;
    size_t len = 0;

    while (!end && len < LONGEST_LINE) {
        ssize_t n = recv(conn_fd, request + len, LONGEST_LINE - len, 0);
        log_call("recv", conn_fd, n);
        if (n <= 0)
            return;
        len += (size_t)n;
        end = memchr(request, '\n', len);
    }
    if (end)
        *end = '\0';
    handle(conn_fd, request, name);
}

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT] [ASKER]", argc, argv);
    port = lab_arg(1, DEFAULT_PORT, 0, 65535);
    int asker = lab_arg(2, 0, 3, 1023);
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    listen_fd = listen_on(port);
    if (getsockname(listen_fd, (struct sockaddr *)&address, &len) == -1)
        die("getsockname");
    port = ntohs(address.sin_port);
    if (asker) {
        answer(asker, "restarted\n", strlen("restarted\n"));
        close(asker);
    }

    for (;;) {
        int conn_fd = accept(listen_fd, NULL, NULL);
        if (conn_fd == -1) {
            log_call("accept", listen_fd, -1);
            continue;
        }
        log_accept(conn_fd);
        serve(conn_fd, argv[0]);
        close(conn_fd);
        log_call("close", conn_fd, 0);
    }
}
