/*
 * Has two texts counted, one connection each. It is greeted on the first, sends
 * all of the second, and then tells the server where both of them end.
 *
 * run:   ./client [PORT]        default 7014
 * exit:  0 when both texts were counted, 1 when not
 */
#include "lab.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7014, PATIENCE_S = 2 };

static const char poem[] = "Half a league,\nhalf a league,\nonward\n";

static int say(int fd, const char *text)
{
    ssize_t n = send(fd, text, strlen(text), MSG_NOSIGNAL);

    log_call("send", fd, n);
    return n == -1 ? -1 : 0;
}

/* The server reads to the end of the text, and may still answer. */
static void end_text(int fd)
{
    log_call("shutdown", fd, shutdown(fd, SHUT_WR));
}

/* Reads one line and prints it. Returns whether it is the one awaited. */
static bool hear(int fd, const char *awaited)
{
    char line[128] = "";
    size_t len = 0;

    while (len < sizeof line && !memchr(line, '\n', len)) {
        ssize_t n = recv(fd, line + len, sizeof line - len, 0);
        log_call("recv", fd, n);
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    fwrite(line, 1, len, stdout);
    return len == strlen(awaited) && memcmp(line, awaited, len) == 0;
}

int main(int argc, char *argv[])
{
    lab_start("client", "[PORT]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);
    int first_fd = connect_to(port);
    if (first_fd == -1)
        return 1;
    set_patience(first_fd, PATIENCE_S);
    say(first_fd, "hello\n");
    bool heard = hear(first_fd, "world\n");

    int second_fd = connect_to(port);
    if (second_fd == -1)
        return 1;
    set_patience(second_fd, PATIENCE_S);
    say(second_fd, poem);
    end_text(second_fd);
    end_text(first_fd);

    heard = hear(first_fd, "0 lines, 0 bytes\n") && heard;
    heard = hear(second_fd, "3 lines, 37 bytes\n") && heard;
    close(first_fd);
    close(second_fd);
    log_event("bye", "answers=%s", heard ? "3" : "missing");
    return heard ? 0 : 1;
}
