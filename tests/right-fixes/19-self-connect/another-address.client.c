/* right: leaves from 127.0.0.2: never the address it connects to. */
#include "lab.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7019, PATIENCE_S = 2, PAUSE_MS = 50, TRIES = 8 };

static const char request[] = "hello\n";
static const char answers[] = "220 ready\nworld\n";

/* Tries once. Returns a connected socket, or -1. */
static int try_to_connect(int port)
{
    struct sockaddr_in there = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };

    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd == -1)
        die("socket");
    struct sockaddr_in here = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1),
    };
    if (bind(fd, (struct sockaddr *)&here, sizeof here) == -1)
        die("bind");
    int connected = connect(fd, (struct sockaddr *)&there, sizeof there);
    log_call("connect", fd, connected);
    if (connected == 0)
        return fd;
    close(fd);
    return -1;
}

/* Returns a connected socket, or -1 when nobody has answered for too long. */
static int connect_patiently(int port)
{
    int pause_ms = PAUSE_MS;

    for (int i = 0; i < TRIES; i++) {
        int fd = try_to_connect(port);
        if (fd != -1)
            return fd;
        poll(NULL, 0, pause_ms);
        pause_ms *= 2;
    }
    return -1;
}

/* Reads until all answers are there, or something else, or no more will come.
 * Returns how many bytes there are. */
static size_t read_answers(int fd, char *text)
{
    size_t len = 0;

    while (len < strlen(answers)) {
        ssize_t n = recv(fd, text + len, strlen(answers) - len, 0);
        log_call("recv", fd, n);
        if (n <= 0)
            break;
        len += (size_t)n;
        if (memcmp(text, answers, len) != 0)
            break;
    }
    return len;
}

int main(int argc, char *argv[])
{
    char text[sizeof answers];

    lab_start("client", "[PORT]", argc, argv);
    int fd = connect_patiently(lab_arg(1, DEFAULT_PORT, 1, 65535));
    if (fd == -1)
        return 1;
    set_patience(fd, PATIENCE_S);

    ssize_t n = send(fd, request, strlen(request), MSG_NOSIGNAL);
    log_call("send", fd, n);

    size_t len = read_answers(fd, text);
    fwrite(text, 1, len, stdout);
    close(fd);
    if (len != strlen(answers) || memcmp(text, answers, len) != 0) {
        log_event("bye", "answers=wrong");
        return 1;
    }
    log_event("bye", "answers=2");
    return 0;
}
