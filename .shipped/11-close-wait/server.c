/*
 * Greets once: a line "hello" is answered with a line "world", and then the
 * server closes the connection.
 *
 * run:   ./server [PORT]        default 7011
 * watch: ss -tan '( sport = :7011 or dport = :7011 )'
 */
#include "lab.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7011, LONGEST_LINE = 1024 };

static void answer(int conn_fd, const char *text)
{
    ssize_t n = send(conn_fd, text, strlen(text), MSG_NOSIGNAL);

    log_call("send", conn_fd, n);
}

/* Reads until there is a whole line or the buffer is full. Returns how many
 * bytes there are, 0 when the client left before that. */
static size_t read_line(int conn_fd, char *line, size_t size)
{
    size_t len = 0;

    while (len < size && !memchr(line, '\n', len)) {
        ssize_t n = recv(conn_fd, line + len, size - len, 0);
        log_call("recv", conn_fd, n);
        if (n <= 0)
            return 0;
        len += (size_t)n;
    }
    return len;
}

static void serve(int conn_fd)
{
    char line[LONGEST_LINE];

    size_t len = read_line(conn_fd, line, sizeof line);
    if (len == 0)
        return;
    if (!memchr(line, '\n', len))
        answer(conn_fd, "error: line too long\n");
    else if (memcmp(line, "hello\n", strlen("hello\n")) == 0)
        answer(conn_fd, "world\n");
    else
        answer(conn_fd, "error: unknown request\n");
}

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT]", argc, argv);
    int listen_fd = listen_on(lab_arg(1, DEFAULT_PORT, 0, 65535));

    for (;;) {
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
}
