/*
 * Sends a hundred greetings at once, counts the answers, and says goodbye.
 *
 * run:   ./client [PORT] [COUNT]    default 7017, 100 greetings
 * exit:  0 when all answers came, 1 when not
 */
#include "lab.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7017, PATIENCE_S = 2, COUNT = 100, MOST = 10000 };

static const char greeting[] = "hello\n";
static const char answer[] = "world\n";
static char text[MOST * sizeof greeting];

/* One send(2): on loopback, one segment. */
static void greet(int fd, int count)
{
    size_t len = 0;

    for (int i = 0; i < count; i++) {
        memcpy(text + len, greeting, strlen(greeting));
        len += strlen(greeting);
    }
    ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
    log_call("send", fd, n);
}

/* Reads the answers, for as long as they come. Returns how many there were. */
static int count_answers(int fd, int count)
{
    size_t len = 0, wanted = (size_t)count * strlen(answer);
    int answers = 0;

    while (len < wanted) {
        ssize_t n = recv(fd, text + len, wanted - len, 0);
        log_call("recv", fd, n);
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    while ((size_t)(answers + 1) * strlen(answer) <= len &&
           memcmp(text + (size_t)answers * strlen(answer), answer,
                  strlen(answer)) == 0)
        answers++;
    return answers;
}

int main(int argc, char *argv[])
{
    lab_start("client", "[PORT] [COUNT]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);
    int count = lab_arg(2, COUNT, 1, MOST);
    int fd = connect_to(port);
    if (fd == -1)
        return 1;
    set_patience(fd, PATIENCE_S);

    greet(fd, count);
    int answers = count_answers(fd, count);
    close(fd);
    printf("%d of %d answers\n", answers, count);
    log_event("bye", "answers=%d", answers);
    return answers == count ? 0 : 1;
}
