/* Peers that vanish without a FIN, and how long a program holds on to them. */
#define _GNU_SOURCE
#include "diag.h"
#include "inside.h"
#include "lab.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

enum { MOST_PEERS = 1024, MOST_FDS = 4096, PACE_MS = 50 };

static int64_t vanished_at[MOST_PEERS + 1];

/* The server's end. Returns whether some program has it open. */
static bool is_held(const struct peer_view *peer, struct diag_socket *far)
{
    return diag_find((uint16_t)peer->port, (uint16_t)peer->local_port, far) ==
               1 &&
           far->inode != 0;
}

static bool nothing_in_flight(void *with)
{
    const struct peer_view *peer = with;
    struct diag_socket far;
    int unacked = 0;

    ioctl(peer->fd, SIOCOUTQ, &unacked);
    return !is_held(peer, &far) || (unacked == 0 && far.wqueue == 0);
}

void vanish(int number)
{
    struct peer_view peer = peer_look(number);
    struct tcp_md5sig key = {.tcpm_keylen = 4, .tcpm_key = "gone"};
    struct linger at_once = {.l_onoff = 1};
    socklen_t len = sizeof key.tcpm_addr;
    int one = 1, ttl = 255;

    /* An ACK that is held back now would be lost, and the server's kernel would
     * repeat its last segment for a quarter of an hour. */
    setsockopt(peer.fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
    if (wait_for(nothing_in_flight, &peer) != READY)
        story_fail("[harness] client %d has something in flight: %s", number,
                   wait_words());
    /* Both ends drop what the other sends: ours is signed and cannot be
     * verified, theirs is not; tcp(7), RFC 2385. A kernel without it can at
     * least be deaf, to all that comes with a TTL below 255; ip(7). */
    getpeername(peer.fd, (struct sockaddr *)&key.tcpm_addr, &len);
    if (setsockopt(peer.fd, IPPROTO_TCP, TCP_MD5SIG, &key, sizeof key) == -1 &&
        setsockopt(peer.fd, IPPROTO_IP, IP_MINTTL, &ttl, sizeof ttl) == -1)
        story_fail("[harness] client %d cannot vanish: TCP_MD5SIG: %s", number,
                   strerror(errno));
    setsockopt(peer.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    vanished_at[number] = now_ns();
    story_step("client %d vanishes: nothing that either end sends arrives",
               number);
}

/* ---- which clocks a connection has ---- */

/* A copy of the socket with that inode, whoever has it open; -1 if nobody. */
static int borrow(unsigned inode)
{
    static struct proc_stat family[FAMILY];
    char path[64], target[64], wanted[64];
    int copy = -1;

    snprintf(wanted, sizeof wanted, "socket:[%u]", inode);
    int count = jail_list(&jail, family, FAMILY);
    for (int i = 0; i < count && i < FAMILY && copy == -1; i++) {
        for (int fd = 0; fd < MOST_FDS && copy == -1; fd++) {
            snprintf(path, sizeof path, "%d/fd/%d", family[i].pid, fd);
            ssize_t n = readlinkat(jail.proc, path, target, sizeof target - 1);
            target[n > 0 ? n : 0] = '\0';
            if (strcmp(target, wanted) != 0)
                continue;
            pid_t pid = jail_pid_outside(&jail, family[i].pid);
            int pidfd = pid ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
            copy =
                pidfd == -1 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
            if (pidfd != -1)
                close(pidfd);
        }
    }
    return copy;
}

static int option(int fd, int level, int name)
{
    int value = 0;
    socklen_t len = sizeof value;

    return getsockopt(fd, level, name, &value, &len) == 0 ? value : 0;
}

static bool has_time(int fd, int name)
{
    struct timeval t = {0};
    socklen_t len = sizeof t;

    return getsockopt(fd, SOL_SOCKET, name, &t, &len) == 0 &&
           (t.tv_sec != 0 || t.tv_usec != 0);
}

/* What the program has asked of the kernel for this connection. */
static const char *clocks(unsigned inode)
{
    static char text[320];
    int len = 0, fd = borrow(inode);

    text[0] = '\0';
    if (fd == -1)
        return text;
    if (option(fd, SOL_SOCKET, SO_KEEPALIVE))
        len += snprintf(text + len, sizeof text - (size_t)len,
                        "; SO_KEEPALIVE is set, and asks for the first time "
                        "after %d s of silence",
                        option(fd, IPPROTO_TCP, TCP_KEEPIDLE));
    if (option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT))
        len += snprintf(text + len, sizeof text - (size_t)len,
                        "; TCP_USER_TIMEOUT is set, and counts only while "
                        "something sent is not acknowledged");
    if (has_time(fd, SO_RCVTIMEO))
        len += snprintf(text + len, sizeof text - (size_t)len,
                        "; SO_RCVTIMEO is set, and counts only inside recv(2)");
    if (len == 0 && has_time(fd, SO_SNDTIMEO))
        snprintf(text, sizeof text,
                 "; SO_SNDTIMEO is set, and counts only inside send(2)");
    close(fd);
    return text;
}

/* ---- letting go ---- */

struct letting_go {
    struct peer_view gone, talker;
    struct diag_socket far;
    int talker_number, answers;
    const char *line, *answer;
    char got[64];
    size_t len;
    bool asked;
    int64_t begun, answered;
};

static bool is_let_go(void *with)
{
    struct letting_go *l = with;

    return !is_held(&l->gone, &l->far);
}

static void talker_lost(const struct letting_go *l, const char *how)
{
    story_fail("client %d keeps talking, and should stay connected: after %d "
               "answers in %.1f s it gets %s",
               l->talker_number, l->answers,
               (double)(now_ns() - l->begun) / 1e9, how);
}

/* One step of the conversation: a line, or what has come of the answer. */
static void talk(struct letting_go *l)
{
    size_t len = strlen(l->answer);
    int one = 1;

    if (!l->asked && now_ns() - l->answered < PACE_MS * 1000000LL)
        return;
    if (!l->asked) {
        ssize_t n = send(l->talker.fd, l->line, strlen(l->line), MSG_NOSIGNAL);
        if (n == -1)
            talker_lost(l, errno_name(errno));
        l->asked = true;
        l->len = 0;
    }
    ssize_t n = recv(l->talker.fd, l->got + l->len, len - l->len, MSG_DONTWAIT);
    if (n == 0)
        talker_lost(l, "the end of the stream (FIN)");
    if (n == -1 && errno != EAGAIN)
        talker_lost(l, errno_name(errno));
    if (n > 0)
        l->len += (size_t)n;
    if (l->len < len)
        return;
    if (memcmp(l->got, l->answer, len) != 0)
        talker_lost(l, "another answer than before");
    /* Without a pause it could not be seen that the server waits for ever. */
    setsockopt(l->talker.fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
    l->answered = now_ns();
    l->asked = false;
    l->answers++;
}

static bool is_let_go_meanwhile(void *with)
{
    struct letting_go *l = with;

    talk(l);
    return !l->asked && is_let_go(with);
}

static void let_go(int number, int ms, struct letting_go *l)
{
    int64_t gone_for = (now_ns() - vanished_at[number]) / 1000000;
    int left = (int)(ms - gone_for / time_scale);

    l->gone = peer_look(number);
    l->begun = now_ns();
    enum waited waited =
        wait_within(l->talker_number ? is_let_go_meanwhile : is_let_go, l,
                    left > 0 ? left : 0, true);
    if (waited != READY)
        story_fail("the %s should let go of client %d within %.1f s, and holds "
                   "its connection (%s) still: %s%s",
                   l->gone.program->name, number, ms / 1e3 * time_scale,
                   state_name(l->far.state), wait_words(),
                   clocks(l->far.inode));
    story_step("the %s has let go of client %d", l->gone.program->name, number);
}

void expect_let_go(int number, int ms)
{
    struct letting_go l = {0};

    let_go(number, ms, &l);
}

void expect_let_go_while(int number, int ms, int talker, const char *line,
                         const char *answer)
{
    struct letting_go l = {.talker = peer_look(talker),
                           .talker_number = talker,
                           .line = line,
                           .answer = answer};

    let_go(number, ms, &l);
    story_step("meanwhile client %d has said the same line %d times, and was "
               "answered each time",
               talker, l.answers);
}
