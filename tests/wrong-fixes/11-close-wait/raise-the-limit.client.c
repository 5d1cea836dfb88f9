/*
 * wrong: the limit is raised as far as the system allows.
 * fails: two_hundred_greetings_need_no_more_than_32_descriptors
 * says: until socket(2) fails with EMFILE
 * fails: what_the_server_has_closed_the_client_closes_too
 */
#include "lab.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7011, DEFAULT_COUNT = 40, MOST = 100000 };

static const char request[] = "hello\n";
static const char greeting[] = "world\n";

/* Many connections need many descriptors. */
static void limit_files(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
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

/* Returns 0, or -1 when the greeting did not come. */
static int fetch(int port)
{
    int fd = connect_to(port);
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
