/*
 * Uploads LENGTH bytes, and then reads and prints the answer.
 *
 * run:   ./client [PORT] [LENGTH]        default 7013, 200000
 * exit:  0 when it was answered, 1 when not
 */
#include "lab.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    DEFAULT_PORT = 7013,
    DEFAULT_LENGTH = 200000,
    MOST_LENGTH = 1 << 30,
    SEND_BUFFER = 16384,
    PATIENCE_S = 2,
};

/* Returns how many bytes were sent, all or up to the first error. */
static int upload(int fd, int length)
{
    static const char body[65536];
    char request[32];

    snprintf(request, sizeof request, "PUT %d\n", length);
    ssize_t n = send(fd, request, strlen(request), MSG_NOSIGNAL);
    log_call("send", fd, n);
    if (n == -1)
        return 0;
    for (int sent = 0; sent < length; sent += (int)n) {
        size_t left = (size_t)(length - sent);
        size_t len = left < sizeof body ? left : sizeof body;
        n = send(fd, body, len, MSG_NOSIGNAL);
        log_call("send", fd, n);
        if (n == -1)
            return sent;
    }
    return length;
}

/* Prints what comes until the stream ends. Returns 0, or -1 if it broke off. */
static int print_answer(int fd)
{
    char text[256];
    ssize_t n;

    while ((n = recv(fd, text, sizeof text, 0)) > 0) {
        log_call("recv", fd, n);
        fwrite(text, 1, (size_t)n, stdout);
    }
    log_call("recv", fd, n);
    return n == 0 ? 0 : -1;
}

int main(int argc, char *argv[])
{
    lab_start("client", "[PORT] [LENGTH]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);
    int length = lab_arg(2, DEFAULT_LENGTH, 0, MOST_LENGTH);
    int fd = connect_to(port);
    if (fd == -1)
        return 1;
    set_patience(fd, PATIENCE_S);
    /* We know how far the upload is: little of it waits in our own kernel. */
    int size = SEND_BUFFER;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == -1)
        die("setsockopt");

    int sent = upload(fd, length);
    bool answered = sent == length && print_answer(fd) == 0;
    close(fd);
    log_event("bye", "answered=%s sent=%d", answered ? "yes" : "no", sent);
    return answered ? 0 : 1;
}
