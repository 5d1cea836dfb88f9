/*
 * Greets twice in a row, without waiting for the first answer, and prints the
 * two answers.
 *
 * run:   ./client [PORT]        default 7002
 * exit:  0 when both answers came, 1 when not
 */
#include "lab.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7002, PATIENCE_S = 2 };

static const char requests[] = "hello\nhello\n";
static const char answers[] = "world\nworld\n";

/* Reads until all answers are there or no more will come. Returns how many
 * bytes there are. */
static size_t read_answers(int fd, char *text, size_t size)
{
    size_t len = 0;

    while (len < strlen(answers) && len < size) {
        ssize_t n = recv(fd, text + len, size - len, 0);
        log_call("recv", fd, n);
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    return len;
}

int main(int argc, char *argv[])
{
    char text[256];

    lab_start("client", "[PORT]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);
    int fd = connect_to(port);
    if (fd == -1)
        return 1;
    set_patience(fd, PATIENCE_S);

    ssize_t n = send(fd, requests, strlen(requests), MSG_NOSIGNAL);
    log_call("send", fd, n);

    size_t len = read_answers(fd, text, sizeof text);
    fwrite(text, 1, len, stdout);
    close(fd);
    if (len != strlen(answers) || memcmp(text, answers, len) != 0) {
        log_event("bye", "answers=wrong");
        return 1;
    }
    log_event("bye", "answers=2");
    return 0;
}
