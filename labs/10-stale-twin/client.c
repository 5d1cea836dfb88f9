/*
 * Asks for a reload while another client of this program waits for its turn;
 * then that one is greeted, and after it as many newcomers as wished. The one
 * that asked stays to the end. Prints every answer.
 *
 * run:   ./client [PORT] [NEWCOMERS]     default 7010, none
 * exit:  0 when all were answered, 1 when not
 */
#include "lab.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7010, PATIENCE_S = 2, MOST = 10000 };

/* Sends a request and prints the answer. Returns whether it was right. */
static int ask(int fd, const char *request, const char *right)
{
    char answer[64];
    size_t len = 0;

    set_patience(fd, PATIENCE_S);
    ssize_t n = send(fd, request, strlen(request), MSG_NOSIGNAL);
    log_call("send", fd, n);
    while (len < strlen(right)) {
        n = recv(fd, answer + len, strlen(right) - len, 0);
        log_call("recv", fd, n);
        if (n <= 0)
            return 0;
        len += (size_t)n;
    }
    fwrite(answer, 1, len, stdout);
    return memcmp(answer, right, len) == 0;
}

static int greet(int fd)
{
    int ok = ask(fd, "hello\n", "world\n");

    close(fd);
    return ok;
}

int main(int argc, char *argv[])
{
    lab_start("client", "[PORT] [NEWCOMERS]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);
    int newcomers = lab_arg(2, 0, 0, MOST);

    int asker = connect_to(port);
    if (asker == -1 || !ask(asker, "hello\n", "world\n"))
        return 1;
    int waiting = connect_to(port);
    if (waiting == -1 || !ask(asker, "reload\n", "reloaded\n"))
        return 1;

    int ok = greet(waiting), answered = 0;
    while (answered < newcomers) {
        int fd = connect_to(port);
        if (fd == -1 || !greet(fd))
            break;
        answered++;
    }
    close(asker);
    log_event("bye", "waiting=%d newcomers=%d of=%d", ok, answered, newcomers);
    return ok && answered == newcomers ? 0 : 1;
}
