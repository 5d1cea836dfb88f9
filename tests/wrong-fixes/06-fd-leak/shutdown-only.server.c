/*
 * wrong: shutdown(2) ends the connection and keeps the descriptor.
 * fails: a_refused_client_is_told_so_and_let_go
 * says: every client has gone, and the server should hold no connection
 * fails: forty_refused_clients_leave_no_descriptor_behind
 * says: descriptors open by now
 */
#include "lab.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7006, LONGEST_LINE = 1024, MAX_FILES = 32, RETRY_S = 1 };

/* One visitor at a time needs few descriptors. A small bound keeps a fault of
 * ours from taking those of the whole machine. */
static void bound_files(void)
{
    struct rlimit limit = {.rlim_cur = MAX_FILES, .rlim_max = MAX_FILES};

    if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
        log_event("setrlimit", "err=%s", errno_name(errno));
}

static void answer(int conn_fd, const char *text)
{
    ssize_t n = send(conn_fd, text, strlen(text), MSG_NOSIGNAL);

    log_call("send", conn_fd, n);
}

static void hang_up(int conn_fd)
{
    int ret = close(conn_fd);

    log_call("close", conn_fd, ret);
}

/* Reads until there is a line, or no room for one. Returns how many bytes there
 * are, 0 when the client has gone. */
static size_t read_request(int conn_fd, char *request, size_t size)
{
    size_t len = 0;

    while (len < size && !memchr(request, '\n', len)) {
        ssize_t n = recv(conn_fd, request + len, size - len, 0);
        log_call("recv", conn_fd, n);
        if (n <= 0)
            return 0;
        len += (size_t)n;
    }
    return len;
}

static void serve(int conn_fd)
{
    static const char hello[] = "hello\n";
    char request[LONGEST_LINE];

    size_t len = read_request(conn_fd, request, sizeof request);
    if (len == 0) {
        hang_up(conn_fd);
        return;
    }
    if (len < sizeof hello - 1 || memcmp(request, hello, sizeof hello - 1)) {
        answer(conn_fd, "error: unknown request\n");
        shutdown(conn_fd, SHUT_RDWR);
        return;
    }
    answer(conn_fd, "world\n");
    hang_up(conn_fd);
}

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT]", argc, argv);
    int listen_fd = listen_on(lab_arg(1, DEFAULT_PORT, 0, 65535));
    bound_files();

    for (;;) {
        int conn_fd = accept(listen_fd, NULL, NULL);
        if (conn_fd == -1) {
            log_call("accept", listen_fd, -1);
            /* Whatever it is may pass: ask again, but not in a hot loop. */
            sleep(RETRY_S);
            continue;
        }
        log_accept(conn_fd);
        serve(conn_fd);
    }
}
