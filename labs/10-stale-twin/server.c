/*
 * Answers lines, one client after another: "hello" with "world", and "reload"
 * with "reloaded". After a reload a new instance serves whoever comes; the old
 * one, a process of its own, stays with the client that asked until that
 * leaves.
 *
 * run:   ./server [PORT]        default 7010
 * watch: ss -ltnp 'sport = :7010'
 */
#include "lab.h"

#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7010, LONGEST_LINE = 1024 };

static int listen_fd, port, is_old;

static void open_listener(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t len = sizeof address;
    int one = 1;

    listen_fd = socket(AF_INET, SOCK_STREAM, 0);
    if (listen_fd == -1)
        die("socket");
    if (setsockopt(listen_fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) == -1)
        die("setsockopt");
    if (bind(listen_fd, (struct sockaddr *)&address, len) == -1)
        die("bind");
    if (listen(listen_fd, SOMAXCONN) == -1)
        die("listen");
    if (getsockname(listen_fd, (struct sockaddr *)&address, &len) == -1)
        die("getsockname");
    port = ntohs(address.sin_port);
    log_event("listening", "fd=%d port=%d pid=%d", listen_fd, port, getpid());
}

static int answer(int conn_fd, const char *text)
{
    ssize_t n = send(conn_fd, text, strlen(text), MSG_NOSIGNAL);
    log_call("send", conn_fd, n);
    return n == -1 ? -1 : 0;
}

/* Returns 0 in the old instance, which goes on with this client, and -1 in the
 * new one, which leaves it and serves whoever comes. */
static int reload(int conn_fd)
{
    int old_fd = listen_fd;

    open_listener();
    answer(conn_fd, "reloaded\n");
    pid_t pid = fork();
    if (pid == 0) {
        is_old = 1;
        close(listen_fd);
        return 0;
    }
    log_event("fork", "ret=%d", pid);
    close(old_fd);
    return pid == -1 ? 0 : -1;
}

/* Answers one request. Returns 0 to go on with this client, or -1. */
static int handle(int conn_fd, const char *request, size_t len)
{
    if (len == strlen("hello\n") && memcmp(request, "hello\n", len) == 0)
        return answer(conn_fd, "world\n");
    if (len == strlen("reload\n") && memcmp(request, "reload\n", len) == 0)
        return reload(conn_fd);

    answer(conn_fd, "error: unknown request\n");
    return -1;
}

static void serve(int conn_fd)
{
    char request[LONGEST_LINE], *end;
    size_t len = 0;

    while (len < sizeof request) {
        ssize_t n = recv(conn_fd, request + len, sizeof request - len, 0);
        log_call("recv", conn_fd, n);
        if (n <= 0)
            return;
        for (len += (size_t)n; (end = memchr(request, '\n', len));) {
            size_t line = (size_t)(end + 1 - request);
            if (handle(conn_fd, request, line) == -1)
                return;
            len -= line;
            memmove(request, end + 1, len);
        }
    }
    answer(conn_fd, "error: line too long\n");
}

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT]", argc, argv);
    port = lab_arg(1, DEFAULT_PORT, 0, 65535);
    signal(SIGCHLD, SIG_IGN); /* old instances leave no zombie */
    open_listener();

    while (!is_old) {
        int conn_fd = accept(listen_fd, NULL, NULL);
        if (conn_fd == -1) {
            log_call("accept", listen_fd, -1);
            continue;
        }
        log_accept(conn_fd);
        serve(conn_fd);
        close(conn_fd);
        log_call("close", conn_fd, 0);
    }
    return 0;
}
