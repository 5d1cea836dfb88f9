/* right: three processes share the work, a connection for each. */
#include "lab.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    DEFAULT_PORT = 7008,
    DEFAULT_COUNT = 40,
    MOST = 99999,
    PATIENCE_S = 30,
    WORKERS = 3
};

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

static void work(int port, int count)
{
    int answers = 0;

    if (count == 0)
        exit(0);
    int fd = connect_to(port);
    if (fd == -1)
        exit(1);
    while (answers < count && ask(fd) == 0)
        answers++;
    close(fd);
    log_event("bye", "answers=%d of=%d", answers, count);
    exit(answers == count ? 0 : 1);
}

int main(int argc, char *argv[])
{
    int failed = 0, status;

    lab_start("client", "[PORT] [COUNT]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);
    int count = lab_arg(2, DEFAULT_COUNT, 1, MOST);

    for (int i = 0; i < WORKERS; i++) {
        pid_t pid = fork();
        if (pid == 0)
            work(port, count / WORKERS + (i < count % WORKERS));
        failed |= pid == -1;
    }
    while (wait(&status) > 0)
        failed |= status != 0;
    return failed ? 1 : 0;
}
