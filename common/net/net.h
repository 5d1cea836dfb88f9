/*
 * A private network for one process and its children: a network namespace with
 * its own loopback, ports, sysctls and counters, made without privileges
 * (user_namespaces(7), network_namespaces(7)).
 */
#ifndef NET_H
#define NET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What this machine lets us have, best first. */
enum net_tier {
    NET_PRIVATE,      /* a user and a network namespace; no privilege needed */
    NET_PRIVATE_ROOT, /* a network namespace, because we really are root */
    NET_SHARED,       /* neither: the loopback that everybody here shares */
};

/*
 * Finds the best tier by making it, loopback up, in a forked child: some
 * systems let unshare(2) through and refuse the next step. A caller that is
 * root is tried as the user net_leave_root() would make it.
 *
 * why: NULL, or room for one sentence without a full stop that says which
 * step failed and with which errno; "" when the tier is NET_PRIVATE.
 */
enum net_tier net_probe(char *why, size_t size);

/* What to type to get namespaces on this machine; one line, never NULL. */
const char *net_remedy(void);

/*
 * Moves the calling process, which must be single-threaded, into a new network
 * of that tier, loopback up; NET_SHARED does nothing. The user keeps its ids
 * (mapped one to one) and holds every capability inside.
 *
 * Returns 0, or -1 with errno; then the process may be half-way in: end it.
 */
int net_enter(enum net_tier tier);

/*
 * If the effective user is root, becomes an ordinary user (65534) that owns
 * nothing here; root inside a user namespace could still write what root owns
 * outside. Does nothing otherwise. Returns 0, or -1 with errno.
 */
int net_leave_root(void);

/*
 * For the first process of a new user namespace: maps one user and one group
 * to themselves. uid and gid are those it had outside; user_namespaces(7).
 * Returns 0, or -1 with errno.
 */
int net_map_ids(uid_t uid, gid_t gid);

/*
 * Sets one sysctl of the current network, by its dotted name, as sysctl(8)
 * does: net_sysctl("net.ipv4.tcp_tw_reuse", "0"). Returns 0, or -1 with errno.
 */
int net_sysctl(const char *name, const char *value);

/*
 * Applies a file of lines "name = value"; blank lines and lines that begin
 * with # are passed over. A missing file is no error.
 * Returns 0, or -1 with errno and the offending name in bad (may be NULL).
 */
int net_sysctl_file(const char *path, char *bad, size_t size);

/*
 * One of the current network's counters, by its name in /proc/net/snmp (Tcp:)
 * or /proc/net/netstat (TcpExt:), such as "OutRsts" or "TCPAbortOnClose".
 * They start at zero in a private network. Returns -1 for an unknown name.
 */
long net_counter(const char *name);

/* Brings loopback up (1) or down (0). The caller must have made this network.
 * While it is down packets vanish in silence. Returns 0, or -1 with errno. */
int net_loopback(int up);

#endif
