/*
 * wrong: knows the answer, and does not wait for it.
 * fails: client_admits_it_when_no_answer_comes
 * says: the client has ended, exit status 0
 */
#include "lab.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7008, DEFAULT_COUNT = 40, MOST = 99999, PATIENCE_S = 2 };

static int ask(int fd)
{
    ssize_t n = send(fd, "hello\n", strlen("hello\n"), MSG_NOSIGNAL);
    log_call("send", fd, n);
    if (n == -1)
        return -1;
    printf("world\n");
    return 0;
}

int main(int argc, char *argv[])
{
    int answers = 0;

    lab_start("client", "[PORT] [COUNT]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);
    int count = lab_arg(2, DEFAULT_COUNT, 1, MOST);

    int fd = connect_to(port);
    if (fd == -1)
        return 1;
    while (answers < count) {
        if (ask(fd) == -1)
            break;
        answers++;
    }
    set_patience(fd, PATIENCE_S);
    shutdown(fd, SHUT_WR);
    char rest[4096];
    while (recv(fd, rest, sizeof rest, 0) > 0)
        ;
    close(fd);
    log_call("close", fd, 0);

    log_event("bye", "answers=%d of=%d", answers, count);
    return answers == count ? 0 : 1;
}
