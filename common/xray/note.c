#include "note.h"
#include "diag.h"
#include "look.h"
#include "net.h"
#include "proc.h"

#include <errno.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What the kernel answers itself when a signal breaks into a call that it will
 * begin again: ERESTARTSYS to ERESTART_RESTARTBLOCK. No program sees them. */
enum { RESTART_FIRST = 512, RESTART_LAST = 516, VECTORS = 16, HOLDERS = 32 };

/* ---- what a call is about ---- */

static void take_snip(struct event *event, pid_t tid, uint64_t address,
                      uint64_t n)
{
    if (n > SNIP)
        n = SNIP;
    event->snip_len = (int)look_memory(tid, address, event->snip, n);
}

/* The bytes of an iovec array: all lengths, and the first part's beginning. */
static void take_vector(struct event *event, pid_t tid, uint64_t address,
                        uint64_t count, int64_t most)
{
    struct iovec vector[VECTORS];
    uint64_t sum = 0;

    if (count > VECTORS)
        count = VECTORS;
    size_t got = look_memory(tid, address, vector, count * sizeof *vector) /
                 sizeof *vector;
    for (size_t i = 0; i < got; i++)
        sum += vector[i].iov_len;
    event->len = sum > INT32_MAX ? INT32_MAX : (int)sum;
    if (got > 0) {
        uint64_t n = vector[0].iov_len;
        if (most >= 0 && (uint64_t)most < n)
            n = (uint64_t)most;
        take_snip(event, tid, (uintptr_t)vector[0].iov_base, n);
    }
}

/* Length and first bytes of what is sent, or of the `most` that came. */
static void take_payload(struct event *event, const uint64_t *args, pid_t tid,
                         int64_t most)
{
    struct msghdr message;
    uint64_t len = args[2] > INT32_MAX ? INT32_MAX : args[2];

    switch (call_get(event->call)->buffer) {
    case BUFFER:
        event->len = (int)len;
        take_snip(event, tid, args[1], most < 0 ? len : (uint64_t)most);
        break;
    case IOVEC:
        take_vector(event, tid, args[1], args[2], most);
        break;
    case MESSAGE:
        if (look_memory(tid, args[1], &message, sizeof message) ==
            sizeof message)
            take_vector(event, tid, (uintptr_t)message.msg_iov,
                        message.msg_iovlen, most);
        break;
    case NO_BUFFER:
        break;
    }
}

/* Milliseconds of a time that the program points to; -1 for a NULL pointer. */
static int milliseconds(pid_t tid, uint64_t address, bool micro)
{
    struct timespec time = {0};

    if (address == 0)
        return -1;
    look_memory(tid, address, &time, sizeof time);
    int64_t ms = time.tv_sec * 1000LL + time.tv_nsec / (micro ? 1000 : 1000000);
    return ms > INT32_MAX ? INT32_MAX : (int)ms;
}

/* How long a call that waits would wait: ms, -1 for ever. */
static int timeout_of(const struct event *event, long number,
                      const uint64_t *args)
{
    switch (number) {
    case SYS_clock_nanosleep:
        return milliseconds(event->tid, args[2], false);
    case SYS_nanosleep:
        return milliseconds(event->tid, args[0], false);
    case SYS_ppoll:
        return milliseconds(event->tid, args[2], false);
#ifdef SYS_poll
    case SYS_poll:
        return (int)args[2];
#endif
#ifdef SYS_select
    case SYS_select:
        return milliseconds(event->tid, args[4], true);
#endif
    case SYS_pselect6:
        return milliseconds(event->tid, args[4], false);
#ifdef SYS_epoll_wait
    case SYS_epoll_wait:
#endif
    case SYS_epoll_pwait:
        return (int)args[3];
    default:
        return -1;
    }
}

/* The one other argument worth showing; see struct event. */
static void take_option(struct event *event, long number, const uint64_t *args)
{
    switch (event->call) {
    case CALL_LISTEN:
    case CALL_SHUTDOWN:
        event->option = (int)args[1];
        break;
    case CALL_RECV:
    case CALL_SEND:
        event->option = (int)args[3];
        break;
    case CALL_RECVMSG:
    case CALL_SENDMSG:
        event->option = (int)args[2];
        break;
    case CALL_SETSOCKOPT:
        event->option = (int64_t)((args[1] & 0xffff) << 32 | args[2]);
        take_snip(event, event->tid, args[3], args[4] > 8 ? 8 : args[4]);
        break;
    case CALL_SOCKET:
        event->option = (args[0] == AF_INET || args[0] == AF_INET6) &&
                        (args[1] & 0xf) == SOCK_STREAM;
        break;
    case CALL_SENDFILE:
        event->len = args[3] > INT32_MAX ? INT32_MAX : (int)args[3];
        break;
    case CALL_SLEEP:
        event->len = timeout_of(event, number, args);
        break;
    default:
        event->option = timeout_of(event, number, args);
        break;
    }
}

/* Whether another process holds the socket: then close() ends nothing yet. */
static bool held_elsewhere(const struct task *task, int fd)
{
    unsigned long inode = look_inode(task->tgid, fd);
    int asked = 0;

    for (const struct task *other = task_first(); other; other = other->next) {
        if (other->tid != other->tgid || other->tgid == task->tgid)
            continue;
        if (other->side == task->side && look_holds(other->tgid, inode))
            return true;
        if (++asked == HOLDERS)
            break;
    }
    return false;
}

/* ---- calls ---- */

/* After a signal: is this entry the call that it broke into, begun again? */
static bool goes_on(struct recording *recording, struct task *task, long number,
                    int64_t time, int step)
{
    struct event *event = &recording->events[task->event];

    task->restart = false;
    if (number == SYS_restart_syscall || call_by_number(number) == event->call)
        return true;
    event->ret = -EINTR;
    event->t1 = time;
    event->step1 = step;
    task->event = -1;
    return false;
}

void note_enter(struct recording *recording, struct task *task,
                const struct ptrace_syscall_info *info, int64_t time, int step)
{
    long number = (long)info->entry.nr;
    uint64_t *args = task->args;
    enum call_id id = call_by_number(number);
    const struct call *call = call_get(id);
    struct socket_view view = {0};
    int fd = -1;

    if (task->restart && goes_on(recording, task, number, time, step))
        return;
    if (id == CALL_NONE)
        return;
    for (int i = 0; i < 6; i++)
        args[i] = info->entry.args[i];
    if (call->on_socket) {
        fd = (int)args[0];
        look_socket(task->tgid, task->pidfd, fd, &view);
        if (view.cookie == 0)
            return;
    }
    size_t before = recording->n;
    struct event *event = recording_add(recording, EV_CALL);
    task->event = recording->n > before ? (long)before : -1;
    event->side = task->side;
    event->pid = task->tgid;
    event->tid = task->tid;
    event->t0 = time;
    event->step0 = step;
    event->call = id;
    event->fd = fd;
    event->in = view;
    take_payload(event, args, task->tid, call->sends ? -1 : 0);
    take_option(event, number, args);
    if (call->address)
        event->port = look_port(task->tid, args[1], args[2]);
    if (id == CALL_CLOSE)
        event->shared = held_elsewhere(task, fd);
}

static int accept_queue(int port)
{
    struct diag_socket listener;

    return diag_find((uint16_t)port, 0, &listener) == 1 ? (int)listener.rqueue
                                                        : 0;
}

static int count_fds(pid_t pid)
{
    int sockets;
    int proc = proc_open("/proc");
    if (proc == -1)
        return 0;

    int n = proc_fds(proc, pid, NULL, 0, &sockets);
    close(proc);
    return n > 0 ? n : 0;
}

/* What is only known when the call is over. */
static void look_again(struct event *event, const struct task *task)
{
    const struct call *call = call_get(event->call);

    if (call->new_socket)
        look_socket(task->tgid, task->pidfd,
                    event->ret >= 0 ? (int)event->ret : -1, &event->out);
    else if (call->on_socket && event->call != CALL_CLOSE)
        look_socket(task->tgid, task->pidfd, event->fd, &event->out);
    if (event->call == CALL_SOCKET && event->ret >= 0 && event->option == 1)
        look_remember(task->tgid, (int)event->ret);
    if (call->receives && event->ret > 0)
        take_payload(event, task->args, task->tid, event->ret);
    if (event->call == CALL_CONNECT &&
        (event->ret == 0 || event->ret == -EINPROGRESS))
        event->queue = accept_queue(event->port);
    if (event->ret == -EMFILE || event->ret == -ENFILE)
        event->open_fds = count_fds(task->tgid);
}

const struct event *note_leave(struct recording *recording, struct task *task,
                               const struct ptrace_syscall_info *info,
                               int64_t time, int step)
{
    if (task->event < 0)
        return NULL;

    struct event *event = &recording->events[task->event];
    int64_t ret = info->exit.rval;
    if (ret <= -RESTART_FIRST && ret >= -RESTART_LAST) {
        task->restart = true;
        return NULL;
    }
    task->event = -1;
    event->t1 = time;
    event->step1 = step;
    event->ret = ret;
    look_again(event, task);
    return event;
}

/* ---- signals and ends ---- */

void note_signal(struct recording *recording, struct task *task, int signal,
                 int64_t time, int step)
{
    struct event *event = recording_add(recording, EV_SIGNAL);

    event->side = task->side;
    event->pid = task->tgid;
    event->tid = task->tid;
    event->t0 = event->t1 = time;
    event->step0 = event->step1 = step;
    event->signal = signal;
    event->effect = look_effect(task->tgid, signal);
}

void note_exit(struct recording *recording, struct task *task, int status,
               int64_t time, int step)
{
    struct event *event;

    if (task->event >= 0) {
        event = &recording->events[task->event];
        event->unfinished = true;
        event->t1 = time;
        event->step1 = step;
        task->event = -1;
    }
    if (task->tid != task->tgid || task->exit_seen)
        return;
    task->exit_seen = true;
    event = recording_add(recording, EV_EXIT);
    event->side = task->side;
    event->pid = task->tgid;
    event->tid = task->tid;
    event->t0 = event->t1 = time;
    event->step0 = event->step1 = step;
    event->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    event->status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    event->unread = look_unread(task->tgid, task->pidfd);
}

static int note_socket(const struct diag_socket *socket, void *with)
{
    struct recording *recording = with;
    struct event *event = recording_add(recording, EV_SOCKET);

    event->t0 = event->t1 = recording->end;
    event->in.cookie = socket->inode;
    event->in.state =
        socket->state == ST_NEW_SYN_RECV ? ST_SYN_RECV : socket->state;
    event->in.unread = (int)socket->rqueue;
    event->in.unacked = (int)socket->wqueue;
    event->in.local_port = socket->local_port;
    event->in.remote_port = socket->remote_port;
    event->orphan = socket->inode == 0;
    return 0;
}

void note_end(struct recording *recording)
{
    static const char *const counters[] = {
        "OutRsts",          "TCPAbortOnClose",   "TCPAbortOnData",
        "TCPAbortOnLinger", "TCPAbortOnTimeout", "TCPAbortOnMemory",
        "ListenOverflows",  "ListenDrops",       "AttemptFails",
        "EstabResets",      "ActiveOpens",       "PassiveOpens",
        "RetransSegs",      "TCPKeepAlive",      "TCPTimeouts",
        "TCPBacklogDrop",   "TCPReqQFullDrop",   "TCPMD5NotFound",
    };

    /* In a network that others use too, neither would be this run's. */
    if (!recording->private_net)
        return;
    diag_each(note_socket, recording);
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        long value = net_counter(counters[i]);
        if (value <= 0)
            continue;
        struct event *event = recording_add(recording, EV_COUNTER);
        event->t0 = event->t1 = recording->end;
        event->value = value;
        snprintf(event->name, sizeof event->name, "%s", counters[i]);
    }
}
