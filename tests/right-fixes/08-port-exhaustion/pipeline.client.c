/* right: one connection, and many requests under way on it at once. */
#include "lab.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    DEFAULT_PORT = 7008,
    DEFAULT_COUNT = 40,
    MOST = 99999,
    PATIENCE_S = 2,
    BATCH = 50
};

static int ask(int fd, int count)
{
    char text[6 * BATCH];
    size_t len = 0, whole = 6 * (size_t)count;

    for (int i = 0; i < count; i++)
        memcpy(text + 6 * i, "hello\n", 6);
    ssize_t n = send(fd, text, whole, MSG_NOSIGNAL);
    log_call("send", fd, n);
    if (n != (ssize_t)whole)
        return -1;
    while (len < whole) {
        n = recv(fd, text + len, whole - len, 0);
        log_call("recv", fd, n);
        if (n <= 0)
            return -1;
        len += (size_t)n;
    }
    for (int i = 0; i < count; i++) {
        if (memcmp(text + 6 * i, "world\n", 6) != 0)
            return -1;
    }
    fwrite(text, 1, len, stdout);
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
    set_patience(fd, PATIENCE_S);
    while (answers < count) {
        int most = count - answers < BATCH ? count - answers : BATCH;
        if (ask(fd, most) == -1)
            break;
        answers += most;
    }
    close(fd);
    log_call("close", fd, 0);

    log_event("bye", "answers=%d of=%d", answers, count);
    return answers == count ? 0 : 1;
}
