/*
 * wrong: binds a port of its own choice first, with SO_REUSEADDR.
 * fails: client_gets_more_answers_than_there_are_ports
 * says: ev=bind fd=3 err=EADDRINUSE
 */
#include "lab.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7008, DEFAULT_COUNT = 40, MOST = 99999, PATIENCE_S = 2 };

static int ask(int fd)
{
    char line[64];
    size_t len = 0;

    set_patience(fd, PATIENCE_S);
    ssize_t n = send(fd, "hello\n", strlen("hello\n"), MSG_NOSIGNAL);
    log_call("send", fd, n);
    if (n == -1)
        return -1;

    do {
        n = recv(fd, line + len, sizeof line - len, 0);
        log_call("recv", fd, n);
        if (n <= 0)
            return -1;
        len += (size_t)n;
    } while (line[len - 1] != '\n' && len < sizeof line);

    fwrite(line, 1, len, stdout);
    bool right = len == strlen("world\n") && memcmp(line, "world\n", len) == 0;
    return right ? 0 : -1;
}

static int connect_from(int own_port, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    int one = 1;

    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd == -1)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)own_port);
    if (bind(fd, (struct sockaddr *)&address, len) == -1) {
        log_call("bind", fd, -1);
        close(fd);
        return -1;
    }
    address.sin_port = htons((uint16_t)port);
    if (connect(fd, (struct sockaddr *)&address, len) == -1) {
        log_call("connect", fd, -1);
        close(fd);
        return -1;
    }
    return fd;
}

int main(int argc, char *argv[])
{
    int answers = 0;

    lab_start("client", "[PORT] [COUNT]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);
    int count = lab_arg(2, DEFAULT_COUNT, 1, MOST);

    while (answers < count) {
        int fd = connect_from(0, port);
        if (fd == -1)
            break;
        int ret = ask(fd);
        close(fd);
        log_call("close", fd, 0);
        if (ret == -1)
            break;
        answers++;
    }

    log_event("bye", "answers=%d of=%d", answers, count);
    return answers == count ? 0 : 1;
}
