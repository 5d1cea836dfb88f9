/*
 * Is hung up on twice, and then looks up why in the server's log. Prints what
 * it was answered and what the log says.
 *
 * run:   ./client [PORT] [LOG]  default 7004 server.out
 * exit:  0 when the log gives both reasons, 1 when not
 */
#include "lab.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7004, PATIENCE_S = 2 };

/* Asks, and reads until the server hangs up. Returns whether it did. */
static bool be_hung_up_on(int port, const char *request)
{
    char text[256];
    ssize_t n;

    int fd = connect_to(port);
    if (fd == -1)
        return false;
    set_patience(fd, PATIENCE_S);
    n = send(fd, request, strlen(request), MSG_NOSIGNAL);
    log_call("send", fd, n);
    while ((n = recv(fd, text, sizeof text, 0)) > 0) {
        log_call("recv", fd, n);
        fwrite(text, 1, (size_t)n, stdout);
    }
    log_call("recv", fd, n);
    close(fd);
    return n == 0;
}

/* Returns whether a line of the log gives that reason, and prints it. */
static bool log_gives(const char *path, const char *reason)
{
    char line[256];
    bool found = false;

    FILE *log = fopen(path, "r");
    if (!log) {
        log_event("fopen", "file=%s err=%s", path, errno_name(errno));
        return false;
    }
    while (!found && fgets(line, sizeof line, log))
        found = strstr(line, reason) != NULL;
    fclose(log);
    if (found)
        fputs(line, stdout);
    else
        log_event("read", "file=%s missing=\"%s\"", path, reason);
    return found;
}

int main(int argc, char *argv[])
{
    lab_start("client", "[PORT] [LOG]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);
    const char *path = argc > 2 ? argv[2] : "server.out";
    int found = 0;

    if (!be_hung_up_on(port, "bad\n"))
        return 1;
    found += log_gives(path, "drop reason=bad-request");
    if (!be_hung_up_on(port, "die\n"))
        return 1;
    found += log_gives(path, "drop reason=poison");

    log_event("bye", "reasons=%d of=2", found);
    return found == 2 ? 0 : 1;
}
