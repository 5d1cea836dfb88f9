/*
 * Asks for LENGTH bytes, says "thanks" as soon as the first of them are here,
 * and reads to the end. Prints how many came and how it ended.
 *
 * run:   ./client [PORT] [LENGTH]        default 7013, 1048576
 * exit:  0 when all came and then the end of the stream, 1 when not
 */
#include "lab.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    DEFAULT_PORT = 7013,
    DEFAULT_LENGTH = 1 << 20,
    MOST_LENGTH = 64 << 20,
    PATIENCE_S = 2,
};

static int say(int fd, const char *text)
{
    ssize_t n = send(fd, text, strlen(text), MSG_NOSIGNAL);

    log_call("send", fd, n);
    return n == -1 ? -1 : 0;
}

/* Reads to the end. Returns how many bytes came; *error is 0 if the stream
 * ended well, else the errno. */
static size_t read_answer(int fd, int *error)
{
    static char bytes[65536];
    size_t len = 0;

    for (;;) {
        ssize_t n = recv(fd, bytes, sizeof bytes, 0);
        log_call("recv", fd, n);
        if (n <= 0) {
            *error = n == 0 ? 0 : errno;
            return len;
        }
        if (len == 0)
            say(fd, "thanks\n");
        len += (size_t)n;
    }
}

int main(int argc, char *argv[])
{
    char request[32];
    int error;

    lab_start("client", "[PORT] [LENGTH]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);
    int length = lab_arg(2, DEFAULT_LENGTH, 0, MOST_LENGTH);
    int fd = connect_to(port);
    if (fd == -1)
        return 1;
    set_patience(fd, PATIENCE_S);

    snprintf(request, sizeof request, "GET %d\n", length);
    if (say(fd, request) == -1)
        return 1;
    size_t len = read_answer(fd, &error);
    printf("%zu of %d bytes, then %s\n", len, length,
           error ? errno_name(error) : "the end of the stream");
    close(fd);
    return len == (size_t)length && error == 0 ? 0 : 1;
}
