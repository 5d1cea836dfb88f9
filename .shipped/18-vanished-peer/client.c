/*
 * Greets over several connections whose network then fails, each in its turn:
 * nothing that either end sends arrives any more. Then greets once over a
 * connection that works, and prints all answers.
 *
 * run:   ./client [PORT] [VANISH]        default 7018, 4
 * exit:  0 when every greeting was answered, 1 when not
 */
#include "lab.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7018, DEFAULT_VANISH = 4, MOST = 64, PATIENCE_S = 4 };

/* Returns 0 when "world" came back. */
static int greet(int fd)
{
    char text[64];
    size_t len = 0;
    ssize_t n;
    int one = 1;

    /* Or the ACK of the answer may wait for 40 ms, and then never arrive. */
    setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
    n = send(fd, "hello\n", strlen("hello\n"), MSG_NOSIGNAL);
    log_call("send", fd, n);
    while (len < strlen("world\n")) {
        n = recv(fd, text + len, strlen("world\n") - len, 0);
        log_call("recv", fd, n);
        if (n <= 0)
            return -1;
        len += (size_t)n;
    }
    fwrite(text, 1, len, stdout);
    return memcmp(text, "world\n", len) == 0 ? 0 : -1;
}

/*
 * From now on each end drops what the other sends: this one signs its segments,
 * which the server cannot verify, and the server's are not signed (RFC 2385,
 * tcp(7)). No packet tells the server so.
 */
static void vanish(int fd)
{
    struct tcp_md5sig key = {.tcpm_key = "gone", .tcpm_keylen = 4};
    struct linger at_once = {.l_onoff = 1};
    socklen_t len = sizeof key.tcpm_addr;

    if (getpeername(fd, (struct sockaddr *)&key.tcpm_addr, &len) == -1)
        die("getpeername");
    if (setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &key, sizeof key) == -1)
        die("setsockopt");
    /* No FIN to be repeated for minutes after this process has ended. */
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    log_event("vanish", "fd=%d", fd);
}

int main(int argc, char *argv[])
{
    int fd[MOST + 1], opened = 0, answers = 0;

    lab_start("client", "[PORT] [VANISH]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);
    int count = lab_arg(2, DEFAULT_VANISH, 0, MOST);

    while (answers <= count) {
        fd[opened] = connect_to(port);
        if (fd[opened] == -1)
            break;
        set_patience(fd[opened++], PATIENCE_S);
        if (greet(fd[opened - 1]) == -1)
            break;
        if (answers++ < count)
            vanish(fd[opened - 1]);
    }
    log_event("bye", "answers=%d", answers);
    while (opened > 0)
        close(fd[--opened]);
    return answers == count + 1 ? 0 : 1;
}
