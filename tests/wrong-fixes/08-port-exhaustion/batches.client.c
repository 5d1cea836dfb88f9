/*
 * wrong: a connection for every four requests: later, but just as surely.
 * fails: client_gets_hundreds_of_answers
 * says: ev=connect fd=3 err=EADDRNOTAVAIL
 * says: while their number still grows with COUNT
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

int main(int argc, char *argv[])
{
    int answers = 0;

    lab_start("client", "[PORT] [COUNT]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);
    int count = lab_arg(2, DEFAULT_COUNT, 1, MOST);

    while (answers < count) {
        int fd = connect_to(port);
        if (fd == -1)
            break;
        int ret = 0;
        for (int i = 0; i < 4 && answers < count && ret == 0; i++) {
            ret = ask(fd);
            answers += ret == 0;
        }
        close(fd);
        log_call("close", fd, 0);
        if (ret == -1)
            break;
    }

    log_event("bye", "answers=%d of=%d", answers, count);
    return answers == count ? 0 : 1;
}
