#include "calls.h"

#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>

static const struct call calls[CALLS] = {
    [CALL_NONE] = {.name = "?"},
    [CALL_SOCKET] = {.name = "socket", .quiet = true},
    [CALL_BIND] = {.name = "bind",
                   .on_socket = true,
                   .address = true,
                   .quiet = true},
    [CALL_LISTEN] = {.name = "listen", .on_socket = true},
    [CALL_ACCEPT] = {.name = "accept",
                     .on_socket = true,
                     .waits = true,
                     .new_socket = true},
    [CALL_ACCEPT4] = {.name = "accept4",
                      .on_socket = true,
                      .waits = true,
                      .new_socket = true},
    [CALL_CONNECT] = {.name = "connect",
                      .on_socket = true,
                      .waits = true,
                      .address = true},
    [CALL_RECV] = {.name = "recv",
                   .buffer = BUFFER,
                   .on_socket = true,
                   .waits = true,
                   .receives = true},
    [CALL_READ] = {.name = "read",
                   .buffer = BUFFER,
                   .on_socket = true,
                   .waits = true,
                   .receives = true},
    [CALL_READV] = {.name = "readv",
                    .buffer = IOVEC,
                    .on_socket = true,
                    .waits = true,
                    .receives = true},
    [CALL_RECVMSG] = {.name = "recvmsg",
                      .buffer = MESSAGE,
                      .on_socket = true,
                      .waits = true,
                      .receives = true},
    [CALL_SEND] = {.name = "send",
                   .buffer = BUFFER,
                   .on_socket = true,
                   .sends = true},
    [CALL_WRITE] = {.name = "write",
                    .buffer = BUFFER,
                    .on_socket = true,
                    .sends = true},
    [CALL_WRITEV] = {.name = "writev",
                     .buffer = IOVEC,
                     .on_socket = true,
                     .sends = true},
    [CALL_SENDMSG] = {.name = "sendmsg",
                      .buffer = MESSAGE,
                      .on_socket = true,
                      .sends = true},
    [CALL_SENDFILE] = {.name = "sendfile", .on_socket = true, .sends = true},
    [CALL_SHUTDOWN] = {.name = "shutdown", .on_socket = true},
    [CALL_CLOSE] = {.name = "close", .on_socket = true},
    [CALL_SETSOCKOPT] = {.name = "setsockopt",
                         .on_socket = true,
                         .quiet = true},
    [CALL_POLL] = {.name = "poll", .waits = true, .watches = true},
    [CALL_SELECT] = {.name = "select", .waits = true, .watches = true},
    [CALL_EPOLL_WAIT] = {.name = "epoll_wait", .waits = true, .watches = true},
    [CALL_SLEEP] = {.name = "sleep", .waits = true},
    [CALL_PAUSE] = {.name = "pause", .waits = true},
};

/* Newer architectures lack the older of two calls that do the same. */
static const struct {
    long number;
    enum call_id id;
} numbers[] = {
    {SYS_socket, CALL_SOCKET},
    {SYS_bind, CALL_BIND},
    {SYS_listen, CALL_LISTEN},
    {SYS_accept, CALL_ACCEPT},
    {SYS_accept4, CALL_ACCEPT4},
    {SYS_connect, CALL_CONNECT},
    {SYS_recvfrom, CALL_RECV},
    {SYS_read, CALL_READ},
    {SYS_readv, CALL_READV},
    {SYS_recvmsg, CALL_RECVMSG},
    {SYS_sendto, CALL_SEND},
    {SYS_write, CALL_WRITE},
    {SYS_writev, CALL_WRITEV},
    {SYS_sendmsg, CALL_SENDMSG},
    {SYS_sendfile, CALL_SENDFILE},
    {SYS_shutdown, CALL_SHUTDOWN},
    {SYS_close, CALL_CLOSE},
    {SYS_setsockopt, CALL_SETSOCKOPT},
#ifdef SYS_poll
    {SYS_poll, CALL_POLL},
#endif
    {SYS_ppoll, CALL_POLL},
#ifdef SYS_select
    {SYS_select, CALL_SELECT},
#endif
    {SYS_pselect6, CALL_SELECT},
#ifdef SYS_epoll_wait
    {SYS_epoll_wait, CALL_EPOLL_WAIT},
#endif
    {SYS_epoll_pwait, CALL_EPOLL_WAIT},
    {SYS_nanosleep, CALL_SLEEP},
    {SYS_clock_nanosleep, CALL_SLEEP},
#ifdef SYS_pause
    {SYS_pause, CALL_PAUSE},
#endif
};

const struct call *call_get(enum call_id id)
{
    return &calls[id];
}

enum call_id call_by_number(long number)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (numbers[i].number == number)
            return numbers[i].id;
    }
    return CALL_NONE;
}

enum call_id call_by_name(const char *name)
{
    for (int id = CALL_NONE + 1; id < CALLS; id++) {
        if (strcmp(calls[id].name, name) == 0)
            return (enum call_id)id;
    }
    return CALL_NONE;
}
