#include "lab.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 512, BACKLOG = 128, RETRY_MS = 10, RETRIES = 200 };

static const char *program = "program";
static const char *program_usage = "";
static int arg_count;
static char **args;
static double start_time;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void usage(void)
{
    fprintf(stderr, "usage: %s %s\n", program, program_usage);
    exit(2);
}

void lab_start(const char *who, const char *usage_args, int argc, char *argv[])
{
    int most = 0;

    program = who;
    program_usage = usage_args;
    arg_count = argc;
    args = argv;
    for (const char *p = usage_args; *p; p++)
        most += *p == '[';
    /* Whoever starts both programs gives them one zero for their clocks. */
    const char *zero = getenv("LAB_T0");
    start_time = zero ? strtod(zero, NULL) : now();
    if (argc > most + 1)
        usage();
}

int lab_arg(int index, int fallback, int min, int max)
{
    char *end;

    if (index >= arg_count)
        return fallback;
    const char *text = args[index];
    errno = 0;
    long number = strtol(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 ||
        number < min || number > max)
        usage();
    return (int)number;
}

void log_event(const char *ev, const char *format, ...)
{
    int error = errno;
    char line[LINE];
    va_list rest;

    int len = snprintf(line, sizeof line, "t=%.3f who=%s ev=%s ",
                       now() - start_time, program, ev);
    va_start(rest, format);
    len += vsnprintf(line + len, sizeof line - (size_t)len, format, rest);
    va_end(rest);
    if (len > LINE - 2)
        len = LINE - 2;
    line[len++] = '\n';
    /* stderr may be closed or full: a log must never end the program. */
    if (write(STDERR_FILENO, line, (size_t)len) == -1)
        errno = 0;
    errno = error;
}

void log_call(const char *ev, int fd, ssize_t ret)
{
    if (ret == -1)
        log_event(ev, "fd=%d err=%s", fd, errno_name(errno));
    else
        log_event(ev, "fd=%d ret=%zd", fd, ret);
}

void log_accept(int conn_fd)
{
    struct sockaddr_in peer = {0};
    socklen_t len = sizeof peer;
    char text[INET_ADDRSTRLEN] = "?";

    /* A peer that has reset the connection by now has no name any more. */
    if (getpeername(conn_fd, (struct sockaddr *)&peer, &len) == 0)
        inet_ntop(AF_INET, &peer.sin_addr, text, sizeof text);
    log_event("accept", "fd=%d peer=%s:%d", conn_fd, text,
              ntohs(peer.sin_port));
}

void die(const char *call)
{
    log_event("die", "call=%s err=%s", call, errno_name(errno));
    exit(1);
}

static struct sockaddr_in localhost(int port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
}

int listen_on(int port)
{
    struct sockaddr_in address = localhost(port);
    socklen_t len = sizeof address;
    int one = 1;

    int listen_fd = socket(AF_INET, SOCK_STREAM, 0);
    if (listen_fd == -1)
        die("socket");
    if (setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == -1)
        die("setsockopt");
    if (bind(listen_fd, (struct sockaddr *)&address, len) == -1)
        die("bind");
    if (listen(listen_fd, BACKLOG) == -1)
        die("listen");
    if (getsockname(listen_fd, (struct sockaddr *)&address, &len) == -1)
        die("getsockname");
    log_event("listening", "fd=%d port=%d", listen_fd, ntohs(address.sin_port));
    return listen_fd;
}

int connect_to(int port)
{
    static int retries = RETRIES;
    struct sockaddr_in address = localhost(port);

    for (;;) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd == -1) {
            log_call("socket", -1, -1);
            return -1;
        }
        if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
            retries = 0;
            log_call("connect", fd, 0);
            return fd;
        }
        int error = errno;
        if (error != ECONNREFUSED || retries-- <= 0)
            log_call("connect", fd, -1);
        close(fd);
        errno = error;
        if (error != ECONNREFUSED || retries < 0)
            return -1;
        poll(NULL, 0, RETRY_MS);
    }
}

void set_patience(int fd, int seconds)
{
    struct timeval most = {.tv_sec = seconds};

    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most) == -1)
        die("setsockopt");
}

const char *errno_name(int error)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {
#define NAME(symbol) {symbol, #symbol}
        NAME(EPERM),
        NAME(ENOENT),
        NAME(ESRCH),
        NAME(EINTR),
        NAME(EIO),
        NAME(ENXIO),
        NAME(E2BIG),
        NAME(ENOEXEC),
        NAME(EBADF),
        NAME(ECHILD),
        NAME(EAGAIN),
        NAME(ENOMEM),
        NAME(EACCES),
        NAME(EFAULT),
        NAME(EBUSY),
        NAME(EEXIST),
        NAME(ENODEV),
        NAME(ENOTDIR),
        NAME(EISDIR),
        NAME(EINVAL),
        NAME(ENFILE),
        NAME(EMFILE),
        NAME(ENOTTY),
        NAME(EFBIG),
        NAME(ENOSPC),
        NAME(ESPIPE),
        NAME(EROFS),
        NAME(EMLINK),
        NAME(EPIPE),
        NAME(EDOM),
        NAME(ERANGE),
        NAME(EDEADLK),
        NAME(ENAMETOOLONG),
        NAME(ENOSYS),
        NAME(ELOOP),
        NAME(ENOTSOCK),
        NAME(EDESTADDRREQ),
        NAME(EMSGSIZE),
        NAME(EPROTOTYPE),
        NAME(ENOPROTOOPT),
        NAME(EPROTONOSUPPORT),
        NAME(EOPNOTSUPP),
        NAME(EAFNOSUPPORT),
        NAME(EADDRINUSE),
        NAME(EADDRNOTAVAIL),
        NAME(ENETDOWN),
        NAME(ENETUNREACH),
        NAME(ENETRESET),
        NAME(ECONNABORTED),
        NAME(ECONNRESET),
        NAME(ENOBUFS),
        NAME(EISCONN),
        NAME(ENOTCONN),
        NAME(ESHUTDOWN),
        NAME(ETIMEDOUT),
        NAME(ECONNREFUSED),
        NAME(EHOSTDOWN),
        NAME(EHOSTUNREACH),
        NAME(EALREADY),
        NAME(EINPROGRESS),
#undef NAME
    };
    static char unknown[24];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].number == error)
            return names[i].name;
    }
    snprintf(unknown, sizeof unknown, "errno %d", error);
    return unknown;
}
