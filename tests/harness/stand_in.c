/* The test in the server's place: it takes the calls of the lab's client. */
#define _GNU_SOURCE /* accept4 */
#include "inside.h"
#include "lab.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CALLS = 512, LONGEST = 256, BACKLOG = 128 };

static struct call {
    int fd; /* -1 once we have rung off */
    struct program *caller;
    char line[LONGEST]; /* read from the socket, not yet by the test */
    size_t len;
    int error; /* 0 with eof: FIN */
    bool eof;
} calls[CALLS + 1]; /* from 1: the number is the name */

static int call_count;
static int listen_fd = -1;

void stand_in(struct program *program)
{
    if (program->port == 0 && tier != NET_SHARED)
        program->port = pick(7001, 29999); /* below the ephemeral range */
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)program->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t len = sizeof address;

    listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listen_fd == -1 ||
        bind(listen_fd, (struct sockaddr *)&address, len) == -1 ||
        listen(listen_fd, BACKLOG) == -1 ||
        getsockname(listen_fd, (struct sockaddr *)&address, &len) == -1)
        story_fail("[harness] listening in the place of the %s: %s",
                   program->name, errno_name(errno));
    program->port = ntohs(address.sin_port);
    story_step("the test listens in the place of the %s, on port %d",
               program->name, program->port);
}

static struct call *get(int number)
{
    if (number < 1 || number > call_count || calls[number].fd == -1)
        story_fail("[the test itself is wrong] there is no call %d", number);
    return &calls[number];
}

static bool rings(void *with)
{
    struct call *call = with;

    call->fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return call->fd != -1 || stage_reap(call->caller);
}

int pick_up(struct program *caller)
{
    int one = 1;

    if (call_count == CALLS)
        story_fail("[the test itself is wrong] more than %d calls", CALLS);
    struct call *call = &calls[call_count + 1];
    *call = (struct call){.fd = -1, .caller = caller};
    enum waited waited = wait_for(rings, call);
    if (call->fd == -1)
        story_fail("the %s should connect once more (call %d), and does not: "
                   "%s",
                   caller->name, call_count + 1,
                   waited == READY ? stage_end_words(caller) : wait_words());
    setsockopt(call->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    call_count++;
    story_step("the %s connects: call %d", caller->name, call_count);
    return call_count;
}

static bool has_line(void *with)
{
    struct call *call = with;

    while (call->len < LONGEST && !memchr(call->line, '\n', call->len)) {
        ssize_t n =
            recv(call->fd, call->line + call->len, LONGEST - call->len, 0);
        if (n == -1 && errno == EAGAIN)
            return false;
        if (n <= 0) {
            call->eof = true;
            call->error = n == 0 ? 0 : errno;
            return true;
        }
        call->len += (size_t)n;
    }
    return true;
}

void expect_asked(int number, const char *line)
{
    struct call *call = get(number);
    size_t len = strlen(line);

    enum waited waited = wait_for(has_line, call);
    char *end = memchr(call->line, '\n', call->len);
    if (!end && call->eof)
        story_fail("in call %d the %s should say \"%s\", and the call ends "
                   "after %zu bytes: %s",
                   number, call->caller->name, line, call->len,
                   call->error ? errno_name(call->error) : "FIN");
    if (!end)
        story_fail("in call %d the %s should say \"%s\", and says %zu bytes "
                   "without end of line: %s",
                   number, call->caller->name, line, call->len,
                   waited == READY ? "too many" : wait_words());
    if ((size_t)(end - call->line) != len || memcmp(call->line, line, len) != 0)
        story_fail("in call %d the %s should say \"%s\", and says \"%.*s\"",
                   number, call->caller->name, line, (int)(end - call->line),
                   call->line);
    call->len -= len + 1;
    memmove(call->line, end + 1, call->len);
    story_step("in call %d the %s says \"%s\"", number, call->caller->name,
               line);
}

void reply(int number, const char *text)
{
    struct call *call = get(number);
    size_t len = strlen(text);

    ssize_t n = send(call->fd, text, len, MSG_NOSIGNAL);
    if (n != (ssize_t)len)
        story_fail("the %s should stay for the answer in call %d, and send(2) "
                   "fails with %s",
                   call->caller->name, number,
                   n == -1 ? errno_name(errno) : "no room");
    const char *end = strchr(text, '\n');
    story_step("call %d is answered: \"%.*s%s\"", number,
               (int)(end ? end - text : (ssize_t)len), text, end ? "\\n" : "");
}

void ring_off(int number)
{
    struct call *call = get(number);

    close(call->fd);
    call->fd = -1;
    story_step("the test closes call %d: FIN", number);
}
