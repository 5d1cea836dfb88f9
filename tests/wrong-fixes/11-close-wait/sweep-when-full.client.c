/*
 * wrong: when there are no more descriptors, all old ones are closed.
 * fails: what_the_server_has_closed_the_client_closes_too
 * says: should be in CLOSE_WAIT, and
 * fails: the_clients_descriptors_stay_level_from_call_to_call
 * says: descriptors open by now, and has
 */
#include "lab.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7011, DEFAULT_COUNT = 40, MOST = 100000 };
enum { MAX_FILES = 32 };

static const char request[] = "hello\n";
static const char greeting[] = "world\n";

/* One connection at a time needs few descriptors: a small limit leaves the
 * others to the rest of the machine. */
static void limit_files(void)
{
    struct rlimit limit = {.rlim_cur = MAX_FILES, .rlim_max = MAX_FILES};

    if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
        log_event("setrlimit", "err=%s", errno_name(errno));
}

/* Reads until the server closes the connection, and prints what came. Returns
 * 0, or -1 when that was not the greeting. */
static int print_greeting(int fd)
{
    char text[256];
    size_t len = 0;

    while (len < sizeof text) {
        ssize_t n = recv(fd, text + len, sizeof text - len, 0);
        log_call("recv", fd, n);
        if (n == -1)
            return -1;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    fwrite(text, 1, len, stdout);
    return len == strlen(greeting) && memcmp(text, greeting, len) == 0 ? 0 : -1;
}

/* Like connect_to(), and makes room when there is none. */
static int connect_somehow(int port)
{
    int fd = connect_to(port);
    if (fd != -1 || errno != EMFILE)
        return fd;

    for (int old = STDERR_FILENO + 1; old < MAX_FILES; old++)
        close(old);
    return connect_to(port);
}

/* Returns 0, or -1 when the greeting did not come. */
static int fetch(int port)
{
    int fd = connect_somehow(port);
    if (fd == -1)
        return -1;

    ssize_t n = send(fd, request, strlen(request), MSG_NOSIGNAL);
    log_call("send", fd, n);
    return print_greeting(fd);
}

int main(int argc, char *argv[])
{
    lab_start("client", "[PORT] [COUNT]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);
    int count = lab_arg(2, DEFAULT_COUNT, 0, MOST);
    limit_files();

    for (int i = 0; i < count; i++) {
        if (fetch(port) == -1) {
            log_event("bye", "greetings=%d", i);
            return 1;
        }
    }
    log_event("bye", "greetings=%d", count);
    return 0;
}
