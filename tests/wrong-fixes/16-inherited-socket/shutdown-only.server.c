/*
 * wrong: the child ends the stream for all copies; the parent keeps one.
 * fails: a_client_reads_the_answer_and_then_the_end_of_the_stream
 * says: should hold no connection: it holds 1, of which 0 are in CLOSE_WAIT
 * fails: descriptors_last_for_forty_clients_under_a_limit_of_32
 * says: client 29 should read the line "world", and gets nothing
 * says: ends the stream for all copies of the socket and frees no descriptor
 */
#include "lab.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_PORT = 7016, LONGEST_LINE = 1024 };

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
    char *end = memchr(line, '\n', len);
    if (!end)
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
    signal(SIGCHLD, SIG_IGN);

    for (;;) {
        int conn_fd = accept(listen_fd, NULL, NULL);
        if (conn_fd == -1)
            continue;
        log_accept(conn_fd);
        pid_t pid = fork();
        if (pid == 0) {
            close(listen_fd);
            serve(conn_fd);
            shutdown(conn_fd, SHUT_RDWR);
            close(conn_fd);
            _exit(0);
        }
    }
}
