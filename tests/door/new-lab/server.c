/*
 * Says in one sentence what it serves, and to whom.
 *
 * run:   ./server [PORT]        default @PORT@
 * watch: ss -tanp '( sport = :@PORT@ )'
 */
#include "lab.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = @PORT@, LONGEST_LINE = 1024 };

static void serve(int conn_fd)
{
    char request[LONGEST_LINE];

    ssize_t n = recv(conn_fd, request, sizeof request, 0);
    log_call("recv", conn_fd, n);
    if (n <= 0)
        return;
    n = send(conn_fd, "world\n", strlen("world\n"), MSG_NOSIGNAL);
    log_call("send", conn_fd, n);
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
