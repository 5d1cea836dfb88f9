/* right: the option, and a thread a client. */
#include "lab.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7009, LONGEST_LINE = 1024 };

static int listen_fd, port;
static char bytes[4 << 20]; /* what GET gives from */

static void open_listener(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t len = sizeof address;
    int one = 1;

    listen_fd = socket(AF_INET, SOCK_STREAM, 0);
    if (listen_fd == -1)
        die("socket");
    if (setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == -1)
        die("setsockopt");
    if (bind(listen_fd, (struct sockaddr *)&address, len) == -1)
        die("bind");
    if (listen(listen_fd, SOMAXCONN) == -1)
        die("listen");
    if (getsockname(listen_fd, (struct sockaddr *)&address, &len) == -1)
        die("getsockname");
    port = ntohs(address.sin_port);
    log_event("listening", "fd=%d port=%d", listen_fd, port);
}

static void answer(int conn_fd, const char *text, size_t len)
{
    ssize_t n = send(conn_fd, text, len, MSG_NOSIGNAL);
    log_call("send", conn_fd, n);
}

/* Becomes the new program, which finds the asker on the same descriptor. */
static void restart(int conn_fd, char *program_name)
{
    char port_text[16], asker[16],
        *argv[] = {program_name, port_text, asker, NULL};

    close(listen_fd);
    snprintf(port_text, sizeof port_text, "%d", port);
    snprintf(asker, sizeof asker, "%d", conn_fd);
    /* The path that this process was executed by. */
    execv((const char *)getauxval(AT_EXECFN), argv);
    die("execv");
}

static void handle(int conn_fd, const char *request, char *program_name)
{
    size_t length;
    char more;

    if (strcmp(request, "restart") == 0)
        restart(conn_fd, program_name);
    if (strcmp(request, "hello") == 0)
        answer(conn_fd, "world\n", strlen("world\n"));
    else if (sscanf(request, "GET %7zu%c", &length, &more) == 1 &&
             length <= sizeof bytes)
        answer(conn_fd, memset(bytes, 'x', length), length);
    else
        answer(conn_fd, "error: no request\n", strlen("error: no request\n"));
}

static void serve(int conn_fd, char *program_name)
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
    handle(conn_fd, request, program_name);
}

static char *name;

static void *serve_one(void *with)
{
    int conn_fd = (int)(intptr_t)with;

    serve(conn_fd, name);
    close(conn_fd);
    log_call("close", conn_fd, 0);
    return NULL;
}

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT] [ASKER]", argc, argv);
    port = lab_arg(1, DEFAULT_PORT, 0, 65535);
    name = argv[0];
    int asker = lab_arg(2, 0, 3, 1023);
    open_listener();
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
        pthread_t thread;
        if (pthread_create(&thread, NULL, serve_one,
                           (void *)(intptr_t)conn_fd) == 0)
            pthread_detach(thread);
        else
            close(conn_fd);
    }
}
