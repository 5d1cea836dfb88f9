/*
 * wrong: poll(2) finds who speaks, and the whole line is read then.
 * fails: a_client_is_answered_while_another_has_said_half_a_line
 * says: client 2 should read the line "world", and gets nothing
 * says: a recv(2) that waits for the rest waits with everybody behind
 */
#include "lab.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7012, LONGEST_LINE = 1024, CLIENTS = 200 };

static int answer(int conn_fd, const char *text)
{
    ssize_t n = send(conn_fd, text, strlen(text), MSG_NOSIGNAL);

    log_call("send", conn_fd, n);
    return n == -1 ? -1 : 0;
}

static int handle(int conn_fd, const char *request, size_t len)
{
    if (len == strlen("hello\n") && memcmp(request, "hello\n", len) == 0)
        return answer(conn_fd, "world\n");
    answer(conn_fd, "error: unknown request\n");
    return -1;
}

/* Reads one line and answers it. -1: hang up. */
static int serve(int conn_fd)
{
    char line[LONGEST_LINE];

    for (size_t len = 0; len < sizeof line; len++) {
        ssize_t n = recv(conn_fd, line + len, 1, 0);
        if (n <= 0)
            return -1;
        if (line[len] == '\n')
            return handle(conn_fd, line, len + 1);
    }
    answer(conn_fd, "error: line too long\n");
    return -1;
}

int main(int argc, char *argv[])
{
    static struct pollfd wait_for[CLIENTS + 1];
    nfds_t count = 1;

    lab_start("server", "[PORT]", argc, argv);
    wait_for[0].fd = listen_on(lab_arg(1, DEFAULT_PORT, 0, 65535));
    wait_for[0].events = POLLIN;
    for (;;) {
        poll(wait_for, count, -1);
        for (nfds_t i = count - 1; i > 0; i--) {
            if (wait_for[i].revents == 0 || serve(wait_for[i].fd) == 0)
                continue;
            close(wait_for[i].fd);
            count--;
            wait_for[i] = wait_for[count];
        }
        if (wait_for[0].revents == 0 || count > CLIENTS)
            continue;
        int conn_fd = accept(wait_for[0].fd, NULL, NULL);
        if (conn_fd == -1)
            continue;
        log_accept(conn_fd);
        wait_for[count].fd = conn_fd;
        wait_for[count].events = POLLIN;
        count++;
    }
}
