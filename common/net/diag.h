/*
 * The kernel's own view of TCP sockets, through sock_diag(7): what ss(8) shows,
 * without reading /proc/net/tcp (a thousand times slower). Sees the network
 * namespace of the calling process; needs no privilege.
 */
#ifndef DIAG_H
#define DIAG_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* The kernel's numbers (tcpi_state). Linux writes CLOSED as TCP_CLOSE. */
enum tcp_state {
    ST_NONE, /* no such socket, or not known */
    ST_ESTABLISHED,
    ST_SYN_SENT,
    ST_SYN_RECV,
    ST_FIN_WAIT1,
    ST_FIN_WAIT2,
    ST_TIME_WAIT,
    ST_CLOSED,
    ST_CLOSE_WAIT,
    ST_LAST_ACK,
    ST_LISTEN,
    ST_CLOSING,
    ST_NEW_SYN_RECV, /* a handshake the listener still keeps to itself */
};

/* "ESTABLISHED", "FIN_WAIT_2": RFC 9293 section 3.3.2. "?" if unknown. */
const char *state_name(int state);

enum diag_timer {
    TIMER_NONE,
    TIMER_RETRANSMIT, /* something sent is not acknowledged yet */
    TIMER_KEEPALIVE,
    TIMER_TIME_WAIT,
    TIMER_PROBE, /* the peer's window is closed */
};

/* One socket. LISTEN: rqueue is the accept queue's length, wqueue the backlog
 * that listen(2) was given. Otherwise both are bytes: received and not read
 * (a FIN counts as one), sent and not acknowledged. */
struct diag_socket {
    int family; /* AF_INET or AF_INET6 */
    int state;
    int timer;
    uint32_t timer_ms; /* until it fires */
    uint16_t local_port, remote_port;
    uint32_t rqueue, wqueue;
    uint32_t
        inode; /* 0: no descriptor anywhere: not accepted yet, or orphaned */
    uint32_t uid;
    bool loopback; /* 127.0.0.0/8, ::1 or unspecified on the local side */
    unsigned char local[16],
        remote[16]; /* network order; 4 bytes for AF_INET */
};

/*
 * Looks up the socket on 127.0.0.1 with these two ports, both in host order.
 * remote_port 0: the listener on local_port.
 * Returns 1 and fills *out, 0 when there is none, -1 with errno.
 */
int diag_find(uint16_t local_port, uint16_t remote_port,
              struct diag_socket *out);

/*
 * Calls each() for every TCP socket of this network, IPv4 then IPv6, TIME_WAIT
 * included, until it returns non-zero.
 * Returns what each() returned last, or -1 with errno.
 */
int diag_each(int (*each)(const struct diag_socket *socket, void *with),
              void *with);

/* The same for the sockets in some states only: states has bit 1 << state set
 * for each, and the kernel passes over the others. */
int diag_each_in(uint32_t states,
                 int (*each)(const struct diag_socket *socket, void *with),
                 void *with);

#endif
