#define _GNU_SOURCE /* process_vm_readv */
#include "look.h"
#include "diag.h"
#include "file.h"
#include "lab.h"

#include <dirent.h>
#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

size_t look_memory(pid_t pid, uint64_t address, void *to, size_t n)
{
    struct iovec here = {to, n};
    struct iovec there = {(void *)(uintptr_t)address, n};

    if (n == 0 || address == 0)
        return 0;
    ssize_t got = process_vm_readv(pid, &here, 1, &there, 1, 0);
    return got < 0 ? 0 : (size_t)got;
}

static uint16_t port_of(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)address)->sin_port);
    if (address->ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
    return 0;
}

int look_port(pid_t pid, uint64_t address, uint64_t size)
{
    struct sockaddr_storage storage = {.ss_family = AF_UNSPEC};

    look_memory(pid, address, &storage,
                size < sizeof storage ? size : sizeof storage);
    return port_of(&storage);
}

unsigned long look_inode(pid_t pid, int fd)
{
    char path[64], link[64];
    unsigned long inode = 0;

    snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
    ssize_t n = readlink(path, link, sizeof link - 1);
    if (n > 0) {
        link[n] = '\0';
        if (sscanf(link, "socket:[%lu]", &inode) != 1)
            inode = 0;
    }
    return inode;
}

/* Calls each() for the descriptors of a process until it returns true. */
static bool any_fd(pid_t pid, bool (*each)(pid_t pid, int fd, void *with),
                   void *with)
{
    char path[64];
    struct dirent *entry;
    bool found = false;

    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *dir = opendir(path);
    if (!dir)
        return false;
    while (!found && (entry = readdir(dir))) {
        if (entry->d_name[0] != '.')
            found = each(pid, atoi(entry->d_name), with);
    }
    closedir(dir);
    return found;
}

/* ---- sockets without pidfd_getfd: by inode, in this network's list ---- */

enum { KNOWN = 4096 };

/* TCP sockets that were seen, by inode: the kernel numbers sockets in turn,
 * and once closed they leave its list. */
static struct diag_socket known[KNOWN];
static const char *refused;

const char *look_refused(void)
{
    return refused;
}

struct search {
    unsigned long inode;
    struct diag_socket *out;
};

static int same_inode(const struct diag_socket *socket, void *with)
{
    struct search *search = with;

    if (socket->inode != search->inode)
        return 0;
    *search->out = *socket;
    return 1;
}

void look_remember(pid_t pid, int fd)
{
    unsigned long inode = look_inode(pid, fd);

    if (refused && inode != 0)
        known[inode % KNOWN] =
            (struct diag_socket){.inode = (uint32_t)inode, .state = ST_CLOSED};
}

/* By its ports where they are known, which costs the same in any crowd. */
static bool find_inode(unsigned long inode, struct diag_socket *out)
{
    const struct diag_socket *old = &known[inode % KNOWN];
    struct search search = {inode, out};

    if (old->inode == inode && old->family == AF_INET && old->loopback &&
        diag_find(old->local_port, old->remote_port, out) == 1 &&
        out->inode == inode)
        return true;
    return diag_each_in(~(1U << ST_TIME_WAIT), same_inode, &search) == 1;
}

static void look_by_inode(pid_t pid, int fd, struct socket_view *view)
{
    struct diag_socket socket = {0};
    unsigned long inode = look_inode(pid, fd);

    if (inode == 0)
        return;
    if (!find_inode(inode, &socket)) {
        if (known[inode % KNOWN].inode == inode) {
            view->cookie = inode;
            view->state = ST_CLOSED;
        }
        return;
    }
    known[inode % KNOWN] = socket;
    view->cookie = inode;
    view->state = socket.state;
    view->local_port = socket.local_port;
    view->remote_port = socket.remote_port;
    view->unread = (int)socket.rqueue;
    if (socket.state == ST_LISTEN)
        return;
    view->unacked = view->unsent = (int)socket.wqueue;
    /* The peer's FIN counts as a byte here. */
    if (socket.state == ST_CLOSE_WAIT && view->unread > 0)
        view->unread--;
}

/* ---- sockets, borrowed ---- */

static void look_borrowed(int fd, struct socket_view *view)
{
    struct tcp_info info = {0};
    struct sockaddr_storage address;
    socklen_t size = sizeof info;

    /* Fails on anything but a TCP socket. */
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == -1)
        return;
    view->state = info.tcpi_state;
    size = sizeof view->cookie;
    getsockopt(fd, SOL_SOCKET, SO_COOKIE, &view->cookie, &size);
    if (view->state == ST_LISTEN) {
        /* For a listener the kernel puts its accept queue here. */
        view->unread = (int)info.tcpi_unacked;
    } else {
        ioctl(fd, SIOCINQ, &view->unread);
        ioctl(fd, SIOCOUTQ, &view->unacked);
        ioctl(fd, SIOCOUTQNSD, &view->unsent);
    }
    struct timeval timeout = {0, 0};
    size = sizeof timeout;
    getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, &size);
    view->timed = timeout.tv_sec != 0 || timeout.tv_usec != 0;
    size = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &size) == 0)
        view->local_port = port_of(&address);
    size = sizeof address;
    if (getpeername(fd, (struct sockaddr *)&address, &size) == 0)
        view->remote_port = port_of(&address);
}

void look_socket(pid_t pid, int pidfd, int fd, struct socket_view *view)
{
    *view = (struct socket_view){0};
    if (fd < 0)
        return;
    if (!refused) {
        int borrowed = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
        if (borrowed != -1) {
            look_borrowed(borrowed, view);
            /* Before the process runs again: a copy would delay its FIN. */
            close(borrowed);
            return;
        }
        if (errno == EBADF || errno == ESRCH)
            return;
        refused = errno_name(errno);
    }
    look_by_inode(pid, fd, view);
}

struct sum {
    int pidfd, unread;
};

static bool add_unread(pid_t pid, int fd, void *with)
{
    struct sum *sum = with;
    struct socket_view view;

    look_socket(pid, sum->pidfd, fd, &view);
    if (view.cookie && view.state != ST_LISTEN)
        sum->unread += view.unread;
    return false;
}

int look_unread(pid_t pid, int pidfd)
{
    struct sum sum = {pidfd, 0};

    any_fd(pid, add_unread, &sum);
    return sum.unread;
}

static bool is_inode(pid_t pid, int fd, void *with)
{
    return look_inode(pid, fd) == *(unsigned long *)with;
}

bool look_holds(pid_t pid, unsigned long inode)
{
    return inode != 0 && any_fd(pid, is_inode, &inode);
}

/* ---- /proc/PID/status ---- */

/* The text behind "Name:" in status, or NULL. */
static const char *status_text(pid_t pid, const char *name, char *text,
                               size_t size)
{
    char path[64], line[40];

    snprintf(path, sizeof path, "/proc/%d/status", pid);
    snprintf(line, sizeof line, "\n%s:", name);
    if (file_read(path, text, size) <= 0)
        return NULL;
    const char *at = strstr(text, line);
    return at ? at + strlen(line) : NULL;
}

long look_status(pid_t pid, const char *name)
{
    char text[4096];
    const char *value = status_text(pid, name, text, sizeof text);

    return value ? strtol(value, NULL, 10) : 0;
}

enum effect look_effect(pid_t pid, int signal)
{
    char text[4096];
    const char *caught = status_text(pid, "SigCgt", text, sizeof text);
    if (!caught)
        return EFFECT_UNKNOWN;

    uint64_t bit = 1ULL << (signal - 1);
    if (strtoull(caught, NULL, 16) & bit)
        return EFFECT_CAUGHT;
    const char *ignored = status_text(pid, "SigIgn", text, sizeof text);
    if (ignored && strtoull(ignored, NULL, 16) & bit)
        return EFFECT_IGNORED;
    return EFFECT_DEFAULT;
}
