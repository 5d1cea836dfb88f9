/*
 * wrong: accepts nobody while the set is full.
 * fails: early_clients_and_late_ones_are_served_alike
 * says: gets nothing: the server sleeps in select(2)
 * fails: a_late_client_may_take_its_time
 * says: accepted by nobody
 */
#include "lab.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT = 7020, FILES = 1000, MOST_FILES = 4096 };
enum { LONGEST_LINE = 1024, PAUSE_MS = 10 };

static struct {
    fd_set ready; /* who is asked about, and then who has something to say */
    int listen_fd;
    int port;
    int highest; /* the highest descriptor so far */
} server;

static struct client {
    bool here;
    size_t len;
    char line[LONGEST_LINE];
} client[MOST_FILES]; /* by descriptor; the listening socket is here too */

static void open_files(int count)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == -1)
        die("getrlimit");
    files.rlim_cur = files.rlim_max;
    if (files.rlim_max > MOST_FILES)
        files.rlim_cur = MOST_FILES;
    if (setrlimit(RLIMIT_NOFILE, &files) == -1)
        die("setrlimit");
    while (count-- > 0) {
        if (open("/dev/null", O_RDONLY) == -1)
            die("open");
    }
}

static void welcome(int fd)
{
    client[fd].here = true;
    client[fd].len = 0;
    if (fd > server.highest)
        server.highest = fd;
}

static void take_one(int listen_fd)
{
    int conn_fd = accept(listen_fd, NULL, NULL);
    if (conn_fd == -1) {
        log_call("accept", listen_fd, -1);
        poll(NULL, 0, PAUSE_MS); /* EMFILE stays true for a while */
        return;
    }
    log_accept(conn_fd);
    welcome(conn_fd);
}

/* Answers one line. Returns false to hang up. */
static bool handle(int fd, const char *line, size_t len)
{
    bool known = len == strlen("hello\n") && memcmp(line, "hello\n", len) == 0;
    const char *text = known ? "world\n" : "error: unknown request\n";

    ssize_t n = send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
    log_call("send", fd, n);
    return known && n == (ssize_t)strlen(text);
}

static void hear(int fd, struct client *from)
{
    char *rest = from->line + from->len, *end;

    ssize_t n = recv(fd, rest, sizeof from->line - from->len, 0);
    log_call("recv", fd, n);
    from->len += n > 0 ? (size_t)n : 0;
    bool go_on = n > 0;
    while (go_on && (end = memchr(from->line, '\n', from->len))) {
        size_t len = (size_t)(end + 1 - from->line);
        go_on = handle(fd, from->line, len);
        from->len -= len;
        memmove(from->line, end + 1, from->len);
    }
    if (go_on && from->len == sizeof from->line)
        go_on = handle(fd, from->line, from->len);
    if (go_on)
        return;
    from->here = false;
    close(fd);
    log_call("close", fd, 0);
}

static void visit(int fd, bool is_ready)
{
    if (is_ready && fd == server.listen_fd)
        take_one(fd);
    else if (is_ready)
        hear(fd, &client[fd]);
}

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT] [FILES]", argc, argv);
    server.port = lab_arg(1, PORT, 0, 65535);
    open_files(lab_arg(2, FILES, 0, MOST_FILES / 2));
    server.listen_fd = listen_on(server.port);
    welcome(server.listen_fd);

    for (;;) {
        for (int fd = 0; fd <= server.highest; fd++) {
            visit(fd, FD_ISSET(fd, &server.ready));
            bool full =
                fd == server.listen_fd && server.highest == FD_SETSIZE - 1;
            if (client[fd].here && !full)
                FD_SET(fd, &server.ready);
            else
                FD_CLR(fd, &server.ready);
        }
        if (select(server.highest + 1, &server.ready, NULL, NULL, NULL) == -1)
            die("select");
    }
}
