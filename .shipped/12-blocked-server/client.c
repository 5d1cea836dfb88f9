/*
 * Holds two connections. The one that was made first says nothing until the
 * other has been greeted; then it greets too. Prints the answers.
 *
 * run:   ./client [PORT]        default 7012
 * exit:  0 when both were answered, 1 when not
 */
#include "lab.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7012, PATIENCE_S = 2 };

static const char request[] = "hello\n";

/* Sends a request, and prints the line that comes back. Returns 0, or -1 when
 * no whole line came. */
static int greet(int fd)
{
    char text[64];
    size_t len = 0;

    ssize_t n = send(fd, request, strlen(request), MSG_NOSIGNAL);
    log_call("send", fd, n);
    while (len < sizeof text && !memchr(text, '\n', len)) {
        n = recv(fd, text + len, sizeof text - len, 0);
        log_call("recv", fd, n);
        if (n <= 0)
            return -1;
        len += (size_t)n;
    }
    fwrite(text, 1, len, stdout);
    return 0;
}

int main(int argc, char *argv[])
{
    lab_start("client", "[PORT]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);
    int silent_fd = connect_to(port);
    int live_fd = connect_to(port);
    if (silent_fd == -1 || live_fd == -1)
        return 1;
    set_patience(silent_fd, PATIENCE_S);
    set_patience(live_fd, PATIENCE_S);

    int answered = 0;
    if (greet(live_fd) == 0)
        answered++;
    if (greet(silent_fd) == 0)
        answered++;

    close(live_fd);
    close(silent_fd);
    log_event("bye", "answered=%d", answered);
    return answered == 2 ? 0 : 1;
}
