/* right: up to eight connections at once under one poll(2). */
#include "lab.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7011, DEFAULT_COUNT = 40, MOST = 100000 };
enum { MAX_FILES = 32, AT_ONCE = 8 };

static const char request[] = "hello\n";
static const char greeting[] = "world\n";

/* Eight connections at a time need few descriptors: a small limit leaves the
 * others to the rest of the machine. */
static void limit_files(void)
{
    struct rlimit limit = {.rlim_cur = MAX_FILES, .rlim_max = MAX_FILES};

    if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
        log_event("setrlimit", "err=%s", errno_name(errno));
}

static struct pollfd ends[AT_ONCE];
static struct fetch {
    char text[256];
    size_t len;
} fetches[AT_ONCE];

static int begin(int i, int port)
{
    ends[i].fd = connect_to(port);
    if (ends[i].fd == -1)
        return -1;
    ends[i].events = POLLIN;
    fetches[i].len = 0;
    ssize_t n = send(ends[i].fd, request, strlen(request), MSG_NOSIGNAL);
    return n == -1 ? -1 : 0;
}

/* Returns 1 when this fetch is over, 0 when not yet, -1 when it failed. */
static int go_on(int i)
{
    struct fetch *fetch = &fetches[i];

    ssize_t n = recv(ends[i].fd, fetch->text + fetch->len,
                     sizeof fetch->text - fetch->len, 0);
    log_call("recv", ends[i].fd, n);
    if (n > 0) {
        fetch->len += (size_t)n;
        return 0;
    }
    close(ends[i].fd);
    fwrite(fetch->text, 1, fetch->len, stdout);
    if (fetch->len != strlen(greeting) ||
        memcmp(fetch->text, greeting, fetch->len) != 0)
        return -1;
    return 1;
}

int main(int argc, char *argv[])
{
    lab_start("client", "[PORT] [COUNT]", argc, argv);
    int port = lab_arg(1, DEFAULT_PORT, 1, 65535);
    int count = lab_arg(2, DEFAULT_COUNT, 0, MOST);
    int begun = 0, done = 0;

    limit_files();
    for (int i = 0; i < AT_ONCE; i++)
        ends[i].fd = -1;
    while (done < count) {
        for (int i = 0; i < AT_ONCE; i++) {
            if (ends[i].fd == -1 && begun < count) {
                if (begin(i, port) == -1)
                    return 1;
                begun++;
            }
        }
        poll(ends, AT_ONCE, -1);
        for (int i = 0; i < AT_ONCE; i++) {
            if (ends[i].fd == -1 || ends[i].revents == 0)
                continue;
            int over = go_on(i);
            if (over == -1)
                return 1;
            if (over == 1) {
                ends[i].fd = -1;
                done++;
            }
        }
    }
    log_event("bye", "greetings=%d", done);
    return 0;
}
