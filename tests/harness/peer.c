/* The clients that a test plays itself. Their sockets never block: each wait is
 * one of wait_for(). */
#define _GNU_SOURCE /* accept4 and friends */
#include "diag.h"
#include "inside.h"
#include "lab.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PEERS = 1024, BUFFER = 4096 };

struct peer {
    int fd; /* -1 once it is closed */
    int port, local_port;
    struct program *program;
    char buffer[BUFFER]; /* read from the socket, not yet by the test */
    size_t len;
};

static struct peer peers[PEERS + 1]; /* from 1: the number is the name */
static int peer_count;
static uint64_t bytes_read;

uint64_t peer_progress(void)
{
    return bytes_read;
}

static struct peer *get(int number)
{
    if (number < 1 || number > peer_count || peers[number].fd == -1) {
        story_fail("[the test itself is wrong] there is no client %d", number);
    }
    return &peers[number];
}

struct peer_view peer_look(int number)
{
    const struct peer *peer = get(number);

    return (struct peer_view){peer->fd, peer->port, peer->local_port,
                              peer->program};
}

/* Text as C writes it, cut to what a step has room for. */
static const char *quoted(const char *text, size_t len)
{
    static char out[96];
    size_t n = 0, i;

    out[n++] = '"';
    for (i = 0; i < len && n < sizeof out - 12; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\n')
            n += (size_t)sprintf(out + n, "\\n");
        else if (c == '"' || c == '\\')
            n += (size_t)sprintf(out + n, "\\%c", c);
        else if (c < ' ' || c > '~')
            n += (size_t)sprintf(out + n, "\\x%02x", c);
        else
            out[n++] = (char)c;
    }
    sprintf(out + n, i < len ? "\"..." : "\"");
    return out;
}

/* ---- connecting ---- */

static bool handshake_over(void *with)
{
    const struct peer *peer = with;
    struct pollfd poll_fd = {.fd = peer->fd, .events = POLLOUT};

    return poll(&poll_fd, 1, 0) == 1;
}

/* Starts a connection and does not wait for it. Returns the peer, not yet
 * counted, or NULL with errno. */
static struct peer *begin(struct program *program, int window)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)program->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t len = sizeof address;
    int one = 1;

    if (peer_count == PEERS)
        story_fail("[the test itself is wrong] more than %d clients", PEERS);
    struct peer *peer = &peers[peer_count + 1];
    *peer = (struct peer){.port = program->port, .program = program};
    peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (peer->fd == -1)
        return NULL;
    /* Or a second small segment would wait for the ACK of the first. */
    setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (window)
        setsockopt(peer->fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
    if (connect(peer->fd, (struct sockaddr *)&address, len) == -1 &&
        errno != EINPROGRESS) {
        int error = errno;
        close(peer->fd);
        peer->fd = -1;
        errno = error;
        return NULL;
    }
    getsockname(peer->fd, (struct sockaddr *)&address, &len);
    peer->local_port = ntohs(address.sin_port);
    return peer;
}

/* Connects. Returns the peer's number, or -1 with errno. */
static int connect_peer(struct program *program, int window)
{
    struct peer *peer = begin(program, window);
    int error = 0;
    socklen_t len = sizeof error;

    if (!peer)
        return -1;
    if (wait_for(handshake_over, peer) != READY)
        error = ETIMEDOUT;
    else
        getsockopt(peer->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error) {
        close(peer->fd);
        peer->fd = -1;
        errno = error;
        return -1;
    }
    return ++peer_count;
}

int dial_with_window(struct program *program, int bytes)
{
    int number = connect_peer(program, bytes);

    if (number == -1) {
        int error = errno;
        stage_settle(program);
        story_fail("client %d should connect to the %s, and connect(2) fails "
                   "with %s: %s",
                   peer_count + 1, program->name, errno_name(error),
                   stage_end_words(program));
    }
    if (bytes)
        story_step("client %d connects, with a receive buffer of %d bytes",
                   number, bytes);
    else
        story_step("client %d connects", number);
    return number;
}

int dial(struct program *program)
{
    return dial_with_window(program, 0);
}

/* ---- many at once ---- */

static bool has_datagram(void *with)
{
    struct pollfd poll_fd = {.fd = *(int *)with, .events = POLLIN};

    return poll(&poll_fd, 1, 0) == 1;
}

/*
 * Returns once everything that this processor has put on the loopback has
 * arrived, and what came of it, and what came of that: SYN, SYN-ACK, ACK. What
 * one processor sends arrives in that order, so a datagram to ourselves that
 * has come back was the last in the queue.
 */
static void let_arrive(void)
{
    struct sockaddr_in self = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof self;
    char byte = 0;

    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd == -1 || bind(fd, (struct sockaddr *)&self, len) == -1 ||
        getsockname(fd, (struct sockaddr *)&self, &len) == -1 ||
        connect(fd, (struct sockaddr *)&self, len) == -1)
        story_fail("[harness] a socket for datagrams: %s", strerror(errno));
    for (int round = 0; round < 3; round++) {
        if (send(fd, &byte, 1, 0) == -1 || wait_for(has_datagram, &fd) != READY)
            story_fail("[harness] a datagram does not come back");
        if (recv(fd, &byte, 1, 0) == -1)
            story_fail("[harness] recv: %s", strerror(errno));
    }
    close(fd);
}

int dial_at_once(struct program *program, int count)
{
    int first = peer_count + 1;
    cpu_set_t before, here;

    /* All from one processor: see let_arrive(). */
    bool known = sched_getaffinity(0, sizeof before, &before) == 0;
    CPU_ZERO(&here);
    CPU_SET((size_t)sched_getcpu(), &here);
    if (known)
        sched_setaffinity(0, sizeof here, &here);
    for (int i = 0; i < count; i++) {
        if (!begin(program, 0))
            story_fail("client %d should connect to the %s, and connect(2) "
                       "fails with %s",
                       peer_count + 1, program->name, errno_name(errno));
        peer_count++;
    }
    let_arrive();
    if (known)
        sched_setaffinity(0, sizeof before, &before);
    story_step("%d clients connect at once: clients %d to %d", count, first,
               peer_count);
    return first;
}

void expect_established(int first, int count, int how_many)
{
    int established = 0;

    for (int i = first; i < first + count; i++) {
        struct tcp_info info = {0};
        socklen_t len = sizeof info;
        getsockopt(get(i)->fd, IPPROTO_TCP, TCP_INFO, &info, &len);
        established += info.tcpi_state == TCP_ESTABLISHED;
    }
    int dropped = count - established;
    if (established != how_many && how_many == count)
        story_fail("all %d clients should be ESTABLISHED, and %d are: the SYNs "
                   "of the other %d were dropped (SYN_SENT)",
                   count, established, dropped);
    if (established != how_many)
        story_fail("%d of these %d clients should be ESTABLISHED and no more, "
                   "and %d are",
                   how_many, count, established);
    if (how_many == count)
        story_step("all %d are ESTABLISHED", count);
    else
        story_step("%d of them are ESTABLISHED, %d in SYN_SENT", how_many,
                   count - how_many);
}

void expect_refused(struct program *program)
{
    int number = connect_peer(program, 0);

    if (number != -1 || errno != ECONNREFUSED)
        story_fail("nobody should listen any more, and connect(2) gives %s",
                   number == -1 ? errno_name(errno) : "a connection");
    story_step("a client that connects now is refused: ECONNREFUSED");
}

/* ---- sending ---- */

struct sending {
    struct peer *peer;
    const char *bytes;
    size_t len;
    int error;
};

static bool send_some(void *with)
{
    struct sending *s = with;

    while (s->len > 0) {
        ssize_t n = send(s->peer->fd, s->bytes, s->len, MSG_NOSIGNAL);
        if (n == -1) {
            s->error = errno == EAGAIN ? 0 : errno;
            return s->error != 0;
        }
        s->bytes += n;
        s->len -= (size_t)n;
        bytes_read += (uint64_t)n; /* it moves: that is progress too */
    }
    return true;
}

static void say_all(int number, const void *bytes, size_t len)
{
    struct sending s = {get(number), bytes, len, 0};

    enum waited waited = wait_for(send_some, &s);
    if (s.error) {
        stage_settle(s.peer->program);
        story_fail("client %d should be able to send %zu bytes, and send(2) "
                   "fails with %s when %zu are left: %s",
                   number, len, errno_name(s.error), s.len,
                   stage_end_words(s.peer->program));
    }
    if (waited != READY)
        story_fail("client %d should be able to send %zu bytes, and %zu of "
                   "them find no room: %s",
                   number, len, s.len, wait_words());
}

void say_bytes(int number, const void *bytes, size_t len)
{
    say_all(number, bytes, len);
    story_step("client %d sends %zu bytes", number, len);
}

void say(int number, const char *text)
{
    say_all(number, text, strlen(text));
    story_step("client %d says %s", number, quoted(text, strlen(text)));
}

size_t say_until_cut(int number, size_t most)
{
    static const char zeros[65536];
    size_t sent = 0;
    struct sending s = {.peer = get(number)};

    while (sent < most && s.error == 0) {
        s.bytes = zeros;
        s.len = sizeof zeros;
        if (wait_for(send_some, &s) != READY)
            story_fail("client %d sends without end, and after %zu bytes "
                       "should be cut off: %s",
                       number, sent, wait_words());
        sent += sizeof zeros - s.len;
    }
    if (s.error == 0) {
        story_step("client %d sends %zu bytes and is not cut off", number,
                   sent);
        return most;
    }
    story_step("client %d sends without end and is cut off: %s", number,
               errno_name(s.error));
    return sent;
}

void expect_cut_off(int number, size_t most, int seconds)
{
    static const char zeros[65536];
    int64_t limit = (int64_t)(seconds * 1e9 * time_scale), begun = now_ns();
    struct sending s = {.peer = get(number)};
    size_t sent = 0;

    while (s.error == 0) {
        s.bytes = zeros;
        s.len = sizeof zeros;
        enum waited waited = wait_for(send_some, &s);
        sent += sizeof zeros - s.len;
        if (s.error)
            break;
        if (waited != READY)
            story_fail("client %d sends without end, and should be cut off: "
                       "after %zu bytes there is no room for more: %s",
                       number, sent, wait_words());
        if (sent >= most || now_ns() - begun > limit)
            story_fail("client %d sends without end, and should be cut off: "
                       "after %zu bytes in %.1f s it is not",
                       number, sent, (double)(now_ns() - begun) / 1e9);
    }
    story_step("client %d sends without end, and is cut off: %s", number,
               errno_name(s.error));
}

/* The server's end of the connection. Returns its state, ST_NONE if it is
 * gone. */
static int far_end(const struct peer *peer, struct diag_socket *far)
{
    if (diag_find((uint16_t)peer->port, (uint16_t)peer->local_port, far) != 1)
        return ST_NONE;
    return far->state;
}

/* The server's end: all read, and accepted by somebody. Bytes for a
 * receiver that is inside a call on this socket wait where no queue shows them:
 * hence asleep. */
static bool consumed(void *with)
{
    const struct peer *peer = with;
    struct diag_socket far;
    int unacked = 0;

    if (far_end(peer, &far) != ST_ESTABLISHED)
        return true; /* it is over: what comes next will tell */
    ioctl(peer->fd, SIOCOUTQ, &unacked);
    return unacked == 0 && far.rqueue == 0 && far.inode != 0 &&
           stage_asleep(peer->program) &&
           far_end(peer, &far) == ST_ESTABLISHED && far.rqueue == 0;
}

void wait_until_read(int number)
{
    struct peer *peer = get(number);

    if (wait_for(consumed, peer) != READY)
        story_fail("the %s should read what client %d said, and does not: %s",
                   peer->program->name, number, wait_words());
    struct diag_socket far;
    bool open = far_end(peer, &far) == ST_ESTABLISHED;
    story_step(open ? "the %s has read that and waits for more"
                    : "the %s has ended the connection",
               peer->program->name);
}

void expect_all_read(int number)
{
    struct peer *peer = get(number);
    struct rest rest = {.since = now_ns()};
    struct diag_socket far = {.state = ST_NONE};

    if (wait_for(rest_has_come, &rest) != READY)
        story_fail("the %s should read what client %d said and sleep again, "
                   "and does not: %s",
                   peer->program->name, number, wait_words());
    if (far_end(peer, &far) != ST_NONE && far.rqueue > 0)
        story_fail("the %s should read all that client %d said before it "
                   "sleeps again, and it sleeps while %u bytes wait in the "
                   "receive queue of that connection",
                   peer->program->name, number, far.rqueue);
    story_step("the %s has read all that client %d said", peer->program->name,
               number);
}

/* ---- ending ---- */

void finish(int number)
{
    if (shutdown(get(number)->fd, SHUT_WR) == -1)
        story_fail("client %d should still be connected, and shutdown(2) "
                   "fails with %s",
                   number, errno_name(errno));
    story_step("client %d has no more to say: shutdown(SHUT_WR)", number);
}

void hang_up(int number)
{
    struct peer *peer = get(number);

    close(peer->fd);
    peer->fd = -1;
    story_step("client %d hangs up", number);
}

void reset(int number)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    struct peer *peer = get(number);

    setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(peer->fd);
    peer->fd = -1;
    story_step("client %d resets its connection", number);
}

void peer_close_all(void)
{
    int open = 0;

    for (int i = 1; i <= peer_count; i++) {
        if (peers[i].fd == -1)
            continue;
        open++;
        close(peers[i].fd);
        peers[i].fd = -1;
    }
    if (open)
        story_step("the %d %s still connected %s up", open,
                   open == 1 ? "client" : "clients",
                   open == 1 ? "hangs" : "hang");
}

/* ---- reading ---- */

/* How reading went. */
struct reading {
    struct peer *peer;
    size_t want; /* bytes, 0 for one line */
    bool eof;
    int error;
};

/* Fills the peer's buffer. Returns true when there is something to tell. */
static bool fill(struct reading *r)
{
    struct peer *peer = r->peer;

    if (peer->len == BUFFER)
        return true;
    ssize_t n = recv(peer->fd, peer->buffer + peer->len, BUFFER - peer->len, 0);
    if (n > 0) {
        peer->len += (size_t)n;
        bytes_read += (uint64_t)n;
        return true;
    }
    if (n == -1 && errno == EAGAIN)
        return false;
    r->eof = n == 0;
    r->error = n == 0 ? 0 : errno;
    return true;
}

static bool line_is_there(void *with)
{
    struct reading *r = with;

    do {
        if (memchr(r->peer->buffer, '\n', r->peer->len) ||
            r->peer->len == BUFFER)
            return true;
    } while (fill(r) && !r->eof && !r->error);
    return r->eof || r->error;
}

static bool anything(void *with)
{
    struct reading *r = with;

    return r->peer->len > 0 || fill(r);
}

/* What a peer got instead of what it should: the middle of a sentence. */
static const char *instead(struct reading *r, enum waited waited)
{
    static char text[640];
    struct program *program = r->peer->program;

    if (r->error || r->eof) {
        /* The end of the stream may be the end of the program: let it show. */
        stage_settle(program);
        int n = snprintf(text, sizeof text, "%s",
                         r->eof ? "the end of the stream (FIN)"
                                : errno_name(r->error));
        if (r->peer->len)
            n += snprintf(text + n, sizeof text - (size_t)n, " after %s",
                          quoted(r->peer->buffer, r->peer->len));
        snprintf(text + n, sizeof text - (size_t)n, ": %s",
                 stage_end_words(program));
    } else if (waited != READY && r->peer->len) {
        snprintf(text, sizeof text, "only %s: %s",
                 quoted(r->peer->buffer, r->peer->len), wait_words());
    } else if (waited != READY) {
        snprintf(text, sizeof text, "nothing: %s", wait_words());
    } else {
        snprintf(text, sizeof text, "%s",
                 quoted(r->peer->buffer, r->peer->len));
    }
    return text;
}

static void take(struct peer *peer, size_t n)
{
    memmove(peer->buffer, peer->buffer + n, peer->len - n);
    peer->len -= n;
}

static void read_line(int number, const char *line, bool whole)
{
    struct reading r = {.peer = get(number)};
    size_t len = strlen(line);

    enum waited waited = wait_for(line_is_there, &r);
    char *end = memchr(r.peer->buffer, '\n', r.peer->len);
    size_t got = end ? (size_t)(end - r.peer->buffer) : 0;
    if (!end || (whole ? got != len : got < len) ||
        memcmp(r.peer->buffer, line, len) != 0)
        story_fail("client %d should read the line \"%s%s\", and gets %s",
                   number, line, whole ? "" : "...", instead(&r, waited));
    story_step("client %d reads %s", number, quoted(r.peer->buffer, got));
    take(r.peer, got + 1);
}

void expect_line(int number, const char *line)
{
    read_line(number, line, true);
}

void expect_line_starts(int number, const char *start_of_line)
{
    read_line(number, start_of_line, false);
}

void expect_bytes(int number, size_t len, const char *pattern, size_t period)
{
    struct reading r = {.peer = get(number)};
    size_t got = 0;

    while (got < len) {
        enum waited waited = wait_for(anything, &r);
        if (waited != READY || r.peer->len == 0)
            story_fail("client %d should read %zu bytes, and after %zu gets "
                       "%s",
                       number, len, got, instead(&r, waited));
        size_t n = r.peer->len < len - got ? r.peer->len : len - got;
        for (size_t i = 0; i < n && pattern; i++) {
            if (r.peer->buffer[i] != pattern[(got + i) % period])
                story_fail("client %d should read a pattern, and byte %zu of "
                           "%zu is not the right one",
                           number, got + i, len);
        }
        take(r.peer, n);
        got += n;
    }
    story_step("client %d reads %zu bytes", number, len);
}

static bool is_readable(void *with)
{
    const struct reading *r = with;
    struct pollfd poll_fd = {.fd = r->peer->fd, .events = POLLIN};

    return r->peer->len > 0 || poll(&poll_fd, 1, 0) == 1;
}

void expect_readable(int number)
{
    struct reading r = {.peer = get(number)};

    if (wait_for(is_readable, &r) != READY)
        story_fail("client %d should be sent something, and gets nothing: %s",
                   number, wait_words());
    story_step("something has arrived for client %d", number);
}

void expect_eof(int number)
{
    struct reading r = {.peer = get(number)};

    enum waited waited = wait_for(anything, &r);
    if (!r.eof)
        story_fail("client %d should read the end of the stream (FIN), and "
                   "gets %s",
                   number, instead(&r, waited));
    story_step("client %d reads the end of the stream (FIN)", number);
}

static bool over(void *with)
{
    struct reading *r = with;

    do {
        r->peer->len = 0;
    } while (fill(r) && !r->eof && !r->error);
    return r->eof || r->error;
}

void expect_end(int number)
{
    struct reading r = {.peer = get(number)};

    enum waited waited = wait_for(over, &r);
    if (!r.eof && !r.error)
        story_fail("the connection of client %d should be ended, and gets %s",
                   number, instead(&r, waited));
    story_step("the connection of client %d is over: %s", number,
               r.eof ? "end of the stream (FIN)" : errno_name(r.error));
}

void expect_reset(int number)
{
    struct reading r = {.peer = get(number)};

    enum waited waited = wait_for(anything, &r);
    if (r.error != ECONNRESET)
        story_fail("client %d should get ECONNRESET, and gets %s", number,
                   instead(&r, waited));
    story_step("client %d gets ECONNRESET", number);
}

/* Reads until the connection is over; expects fewer bytes than len, and an
 * RST (ECONNRESET) or a FIN after them. */
static void read_part(int number, size_t len, bool by_reset)
{
    const char *how = by_reset ? "ECONNRESET" : "the end of the stream (FIN)";
    struct reading r = {.peer = get(number)};
    enum waited waited = READY;
    size_t got = 0;

    while (got < len && !r.eof && !r.error && waited == READY) {
        waited = wait_for(anything, &r);
        got += r.peer->len;
        take(r.peer, r.peer->len);
    }
    if (got >= len)
        story_fail("client %d should get fewer than %zu bytes and then %s, and "
                   "gets them all",
                   number, len, how);
    if (by_reset ? r.error != ECONNRESET : !r.eof)
        story_fail("client %d should get fewer than %zu bytes and then %s, and "
                   "after %zu gets %s",
                   number, len, how, got, instead(&r, waited));
    story_step("client %d reads %zu bytes, and then %s%s", number, got,
               by_reset ? "gets " : "", how);
}

void expect_cut_short(int number, size_t len)
{
    read_part(number, len, true);
}

void expect_ends_early(int number, size_t len)
{
    read_part(number, len, false);
}

void expect_silence(int number)
{
    struct reading r = {.peer = get(number)};

    enum waited waited = wait_for(anything, &r);
    if (waited == READY)
        story_fail("client %d should hear nothing and stay connected, and "
                   "gets %s",
                   number, instead(&r, waited));
    story_step("client %d hears nothing: %s", number, wait_words());
}

static bool is_not_held(void *with)
{
    const struct peer *peer = with;
    struct diag_socket far;

    return far_end(peer, &far) == ST_NONE || far.inode == 0 || wait_has_limit();
}

void expect_not_held(int number)
{
    struct peer *peer = get(number);

    if (wait_for(is_not_held, peer) != READY)
        story_fail("client %d says no more and stays: the %s should not wait "
                   "for it for ever, and does: %s",
                   number, peer->program->name, wait_words());
    story_step("the %s does not wait for client %d for ever",
               peer->program->name, number);
}

void expect_connected(int number)
{
    struct reading r = {.peer = get(number)};

    if (fill(&r) && (r.eof || r.error))
        story_fail("client %d should still be connected, and gets %s", number,
                   instead(&r, READY));
    story_step("client %d is still connected", number);
}

static bool is_unaccepted(void *with)
{
    const struct peer *peer = with;
    struct diag_socket far;

    return far_end(peer, &far) == ST_ESTABLISHED && far.inode == 0;
}

void expect_unaccepted(int number)
{
    struct peer *peer = get(number);

    if (wait_for(is_unaccepted, peer) != READY)
        story_fail("client %d should wait in the accept queue (its socket on "
                   "the server's side without a descriptor), and does not: %s",
                   number, wait_words());
    story_step("client %d is ESTABLISHED, and nobody has accepted it", number);
}
