/*
 * Plays the part that meets the failure.
 *
 * run:   ./client [PORT]        default @PORT@
 * exit:  0 when all went well, 1 when it met the failure
 */
#include "lab.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = @PORT@, PATIENCE_S = 2 };

int main(int argc, char *argv[])
{
    char answer[64];

    lab_start("client", "[PORT]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);
    int fd = connect_to(port);
    if (fd == -1)
        return 1;
    set_patience(fd, PATIENCE_S);

    ssize_t n = send(fd, "hello\n", strlen("hello\n"), MSG_NOSIGNAL);
    log_call("send", fd, n);
    n = recv(fd, answer, sizeof answer, 0);
    log_call("recv", fd, n);
    if (n <= 0)
        return 1;
    fwrite(answer, 1, (size_t)n, stdout);
    return 0;
}
