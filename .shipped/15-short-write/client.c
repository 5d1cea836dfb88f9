/*
 * Asks for a long text, is greeted on a second connection meanwhile, and then
 * reads the text. Prints the greeting and how much of the text has come.
 *
 * run:   ./client [PORT] [LENGTH]   default 7015, 12 MiB
 * exit:  0 when the text was whole, 1 when not
 */
#include "lab.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7015, PATIENCE_S = 2 };
enum { DEFAULT_LENGTH = 12 << 20, LONGEST = 64 << 20 };

static int dial_and_say(int port, const char *words)
{
    int fd = connect_to(port);
    if (fd == -1)
        return -1;
    set_patience(fd, PATIENCE_S);
    ssize_t n = send(fd, words, strlen(words), MSG_NOSIGNAL);
    log_call("send", fd, n);
    return fd;
}

/* Reads one line and prints it. Returns whether there was one. */
static bool hear_line(int fd)
{
    char line[128] = "";
    size_t len = 0;

    while (len < sizeof line && !memchr(line, '\n', len)) {
        ssize_t n = recv(fd, line + len, sizeof line - len, 0);
        log_call("recv", fd, n);
        if (n <= 0)
            return false;
        len += (size_t)n;
    }
    fwrite(line, 1, len, stdout);
    return true;
}

/* Reads until the stream ends. Returns how many bytes came. */
static long count_text(int fd)
{
    static char chunk[1 << 16];
    long total = 0;
    ssize_t n;

    while ((n = recv(fd, chunk, sizeof chunk, 0)) > 0)
        total += n;
    log_call("recv", fd, n);
    return total;
}

int main(int argc, char *argv[])
{
    char request[32];

    lab_start("client", "[PORT] [LENGTH]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);
    int length = lab_arg(2, DEFAULT_LENGTH, 0, LONGEST);
    snprintf(request, sizeof request, "GET %d\n", length);

    int text_fd = dial_and_say(port, request);
    if (text_fd == -1)
        return 1;
    int greet_fd = dial_and_say(port, "hello\n");
    if (greet_fd == -1)
        return 1;
    bool greeted = hear_line(greet_fd);

    long total = count_text(text_fd);
    close(text_fd);
    close(greet_fd);
    printf("%ld of %d bytes\n", total, length);
    log_event("bye", "bytes=%ld", total);
    return greeted && total == length ? 0 : 1;
}
