#include "diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <unistd.h>

const char *state_name(int state)
{
    static const char *const names[] = {
        "",           "ESTABLISHED", "SYN_SENT", "SYN_RECV",   "FIN_WAIT_1",
        "FIN_WAIT_2", "TIME_WAIT",   "CLOSED",   "CLOSE_WAIT", "LAST_ACK",
        "LISTEN",     "CLOSING",     "SYN_RECV"};

    if (state < 0 || state >= (int)(sizeof names / sizeof *names))
        return "?";
    return names[state];
}

struct question {
    struct nlmsghdr header;
    struct inet_diag_req_v2 request;
};

union answer {
    struct nlmsghdr header; /* for its alignment */
    char bytes[32768];
};

static int ask(int family, int flags, uint32_t states,
               const struct inet_diag_sockid *id)
{
    struct question question = {
        .header = {.nlmsg_len = sizeof question,
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags)},
        .request = {.sdiag_family = (uint8_t)family,
                    .sdiag_protocol = IPPROTO_TCP,
                    .idiag_states = states},
    };

    if (id)
        question.request.id = *id;
    /* A socket a question: its namespace is that of the process right now,
     * and no answer of an earlier question can be left in it. */
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (fd == -1)
        return -1;
    if (send(fd, &question, sizeof question, 0) == -1) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool is_loopback(int family, const unsigned char *address)
{
    static const unsigned char zero[16];
    static const unsigned char one[16] = {[15] = 1};

    if (family == AF_INET)
        return address[0] == 127 || memcmp(address, zero, 4) == 0;
    return memcmp(address, zero, 16) == 0 || memcmp(address, one, 16) == 0;
}

static void unpack(const struct inet_diag_msg *message, struct diag_socket *out)
{
    *out = (struct diag_socket){
        .family = message->idiag_family,
        .state = message->idiag_state,
        .timer = message->idiag_timer,
        .timer_ms = message->idiag_expires,
        .local_port = ntohs(message->id.idiag_sport),
        .remote_port = ntohs(message->id.idiag_dport),
        .rqueue = message->idiag_rqueue,
        .wqueue = message->idiag_wqueue,
        .inode = message->idiag_inode,
        .uid = message->idiag_uid,
    };
    memcpy(out->local, message->id.idiag_src, sizeof out->local);
    memcpy(out->remote, message->id.idiag_dst, sizeof out->remote);
    out->loopback = is_loopback(out->family, out->local);
}

int diag_find(uint16_t local_port, uint16_t remote_port,
              struct diag_socket *out)
{
    struct inet_diag_sockid id = {
        .idiag_sport = htons(local_port),
        .idiag_dport = htons(remote_port),
        .idiag_src = {htonl(INADDR_LOOPBACK)},
        .idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE},
    };
    union answer answer;

    if (remote_port != 0)
        id.idiag_dst[0] = htonl(INADDR_LOOPBACK);
    int fd = ask(AF_INET, 0, ~0U, &id);
    if (fd == -1)
        return -1;
    ssize_t n = recv(fd, &answer, sizeof answer, 0);
    close(fd);
    if (n < (ssize_t)sizeof answer.header)
        return -1;
    if (answer.header.nlmsg_type == NLMSG_ERROR)
        return 0;
    unpack(NLMSG_DATA(&answer.header), out);
    /* Where there is no such pair the kernel answers with the listener. */
    return (remote_port == 0) == (out->state == ST_LISTEN);
}

/* Walks one dump. Returns each()'s answer, 0 at the end, -1 on failure. */
static int walk(int fd,
                int (*each)(const struct diag_socket *socket, void *with),
                void *with)
{
    union answer answer;
    struct diag_socket one;

    for (;;) {
        ssize_t n = recv(fd, &answer, sizeof answer, 0);
        if (n <= 0)
            return -1;
        size_t left = (size_t)n;
        for (struct nlmsghdr *header = &answer.header; NLMSG_OK(header, left);
             header = NLMSG_NEXT(header, left)) {
            if (header->nlmsg_type == NLMSG_DONE)
                return 0;
            if (header->nlmsg_type == NLMSG_ERROR) {
                const struct nlmsgerr *error = NLMSG_DATA(header);
                errno = -error->error;
                return error->error == 0 || errno == ENOENT ? 0 : -1;
            }
            unpack(NLMSG_DATA(header), &one);
            int result = each(&one, with);
            if (result != 0)
                return result;
        }
    }
}

int diag_each_in(uint32_t states,
                 int (*each)(const struct diag_socket *socket, void *with),
                 void *with)
{
    static const int families[] = {AF_INET, AF_INET6};

    for (int i = 0; i < 2; i++) {
        int fd = ask(families[i], NLM_F_DUMP, states, NULL);
        if (fd == -1)
            return -1;
        int result = walk(fd, each, with);
        close(fd);
        if (result != 0)
            return result;
    }
    return 0;
}

int diag_each(int (*each)(const struct diag_socket *socket, void *with),
              void *with)
{
    return diag_each_in(~0U, each, with);
}
