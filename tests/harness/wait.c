/*
 * Waiting without a clock. Something that ought to happen either happens, or it
 * can be shown that it never will: every thread of every program in the jail is
 * asleep in a system call that has no time limit, and no segment is on its way
 * that could wake one. On loopback a segment is either in the receiver's queue,
 * where it would have made the receiver runnable, or its sender still has a
 * retransmission timer running, which sock_diag(7) shows.
 */
#define _GNU_SOURCE /* ppoll */
#include "diag.h"
#include "inside.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum {
    DEADLINE_MS = 10000, /* where nothing can be proved */
    SPIN_MS = 400,       /* processor time without any progress */
    PROOFS = 3,          /* in a row, a few milliseconds apart */
    THREADS = 256,
};

static char words[512];

const char *wait_words(void)
{
    return words;
}

int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* ---- calls that only another process can end ---- */

enum limit {
    NO_LIMIT,  /* the call cannot end by a clock */
    ON_SOCKET, /* unless argument 0 has SO_RCVTIMEO or SO_SNDTIMEO */
    POLL_MS,   /* an int of milliseconds, negative for ever */
    SPEC,      /* a pointer to a time, NULL for ever */
};

static const struct {
    long number;
    const char *name;
    enum limit limit;
    int arg; /* where the limit is */
} sleeps[] = {
    {SYS_accept, "accept", ON_SOCKET, 0},
    {SYS_accept4, "accept4", ON_SOCKET, 0},
    {SYS_connect, "connect", ON_SOCKET, 0},
    {SYS_read, "read", ON_SOCKET, 0},
    {SYS_readv, "readv", ON_SOCKET, 0},
    {SYS_recvfrom, "recv", ON_SOCKET, 0},
    {SYS_recvmsg, "recvmsg", ON_SOCKET, 0},
    {SYS_write, "write", ON_SOCKET, 0},
    {SYS_writev, "writev", ON_SOCKET, 0},
    {SYS_sendto, "send", ON_SOCKET, 0},
    {SYS_sendmsg, "sendmsg", ON_SOCKET, 0},
    {SYS_sendfile, "sendfile", ON_SOCKET, 0},
#ifdef SYS_poll
    {SYS_poll, "poll", POLL_MS, 2},
#endif
    {SYS_ppoll, "poll", SPEC, 2},
#ifdef SYS_select
    {SYS_select, "select", SPEC, 4},
#endif
    {SYS_pselect6, "select", SPEC, 4},
#ifdef SYS_epoll_wait
    {SYS_epoll_wait, "epoll_wait", POLL_MS, 3},
#endif
    {SYS_epoll_pwait, "epoll_wait", POLL_MS, 3},
#ifdef SYS_epoll_pwait2
    {SYS_epoll_pwait2, "epoll_wait", SPEC, 3},
#endif
    {SYS_futex, "futex", SPEC, 3},
    {SYS_wait4, "wait", NO_LIMIT, 0},
    {SYS_waitid, "wait", NO_LIMIT, 0},
#ifdef SYS_pause
    {SYS_pause, "pause", NO_LIMIT, 0},
#endif
    {SYS_rt_sigsuspend, "sigsuspend", NO_LIMIT, 0},
};

/* Whether a blocking call on that descriptor ends by itself some time. Borrows
 * the socket for the question: pidfd_getfd(2). */
static bool socket_has_limit(pid_t inside, int fd)
{
    static const int options[] = {SO_RCVTIMEO, SO_SNDTIMEO};
    bool limited = true; /* what cannot be asked is taken to have one */

    pid_t pid = jail_pid_outside(&jail, inside);
    int pidfd = pid ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    int copy = pidfd == -1 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
    if (copy != -1) {
        limited = false;
        for (int i = 0; i < 2; i++) {
            struct timeval t = {0};
            socklen_t len = sizeof t;
            /* A pipe or a file has no such option, and no limit either. */
            if (getsockopt(copy, SOL_SOCKET, options[i], &t, &len) == 0 &&
                (t.tv_sec != 0 || t.tv_usec != 0))
                limited = true;
        }
        close(copy);
    }
    if (pidfd != -1)
        close(pidfd);
    return limited;
}

/* Whether argument 0 of the call is the descriptor it waits for. */
static bool on_descriptor(long call)
{
    for (size_t i = 0; i < sizeof sleeps / sizeof *sleeps; i++) {
        if (sleeps[i].number == call)
            return sleeps[i].limit == ON_SOCKET;
    }
    return false;
}

static bool sleeps_for_ever(pid_t pid, const struct proc_task *task,
                            const char **name)
{
    for (size_t i = 0; i < sizeof sleeps / sizeof *sleeps; i++) {
        if (task->call != sleeps[i].number)
            continue;
        *name = sleeps[i].name;
        unsigned long arg = task->arg[sleeps[i].arg];
        switch (sleeps[i].limit) {
        case NO_LIMIT:
            return true;
        case POLL_MS:
            return (int)arg < 0;
        case SPEC:
            return arg == 0;
        case ON_SOCKET:
            return !socket_has_limit(pid, (int)arg);
        }
    }
    return false;
}

/* ---- one look at everything ---- */

struct look {
    unsigned long switches; /* of all threads together */
    int processes;
    int64_t cpu_ns;
    bool for_ever; /* nothing here can wake up by itself */
    bool awake;    /* something here does not sleep */
    char words[256];
};

static void look_at_task(struct look *look, const struct proc_stat *process,
                         const struct proc_task *task)
{
    const char *name = "a call";

    look->switches += task->switches;
    if (task->state == 'Z')
        return;
    if (task->state == 'T') { /* we froze it ourselves */
        snprintf(look->words, sizeof look->words, "the %s stands still",
                 process->name);
        return;
    }
    if (task->state != 'S' || !sleeps_for_ever(process->pid, task, &name)) {
        look->for_ever = false;
        look->awake |= task->state != 'S';
        return;
    }
    size_t len = strlen(look->words);
    if (len > sizeof look->words / 2)
        return;
    snprintf(look->words + len, sizeof look->words - len,
             "%sthe %s sleeps in %s(2)", len ? ", " : "", process->name, name);
    if (on_descriptor(task->call))
        snprintf(look->words + strlen(look->words),
                 sizeof look->words - strlen(look->words), " on descriptor %d",
                 (int)task->arg[0]);
}

/* The keeper reads what the programs write: while it is not asleep in poll(2)
 * somebody may be waiting for room in a pipe, or about to be woken. */
static void look_at_keeper(struct look *look)
{
    struct proc_task task;
    pid_t keeper = jail_pid(&jail, jail.keeper);

    if (proc_tasks(jail.proc, keeper, &task, 1) != 1 || task.state != 'S') {
        look->for_ever = false;
        look->awake = true;
    } else {
        look->switches += task.switches;
    }
}

static struct look look_around(bool closely)
{
    static struct proc_stat process[FAMILY];
    static struct proc_task task[THREADS];
    struct look look = {.for_ever = true};

    int count = jail_list(&jail, process, FAMILY);
    for (int i = 0; i < count && i < FAMILY; i++) {
        look.cpu_ns += proc_cpu_ns(jail.proc, process[i].pid);
        look.processes += process[i].state != 'Z';
        if (!closely)
            continue;
        /* Of a zombie too: it cannot be waited for before its last thread has
         * gone, and a busy machine takes its time over that. */
        int threads = proc_tasks(jail.proc, process[i].pid, task, THREADS);
        for (int j = 0; j < threads; j++)
            look_at_task(&look, &process[i], &task[j]);
        if (look.for_ever && process[i].state != 'Z' &&
            proc_has_clock(jail.proc, process[i].pid))
            look.for_ever = false;
    }
    if (closely)
        look_at_keeper(&look);
    return look;
}

/* Keepalive asks after two hours, unless it is told otherwise: such a timer
 * wakes nobody while we wait. */
static bool fires_soon(const struct diag_socket *socket)
{
    if (socket->timer == TIMER_KEEPALIVE)
        return socket->timer_ms < DEADLINE_MS * time_scale;
    return socket->timer != TIMER_NONE && socket->timer != TIMER_TIME_WAIT;
}

static int is_under_way(const struct diag_socket *socket, void *with)
{
    (void)with;
    if (tier == NET_SHARED) {
        bool ours = false;
        for (int i = 0; stage_program(i) && !ours; i++) {
            int port = stage_program(i)->port;
            ours = socket->local_port == port || socket->remote_port == port;
        }
        if (!ours)
            return 0;
    }
    return socket->state == ST_SYN_SENT || socket->state == ST_SYN_RECV ||
           fires_soon(socket);
}

/* Whether it is certain that nothing more happens until we do something. */
static bool nothing_can_happen(void)
{
    struct look before = look_around(true);

    if (!before.for_ever || diag_each(is_under_way, NULL) != 0)
        return false;
    struct look after = look_around(true);
    if (!after.for_ever || after.switches != before.switches ||
        after.processes != before.processes)
        return false;
    snprintf(words, sizeof words, "%s, and nothing is on its way",
             after.words[0] ? after.words : "no program is left");
    return true;
}

/* ---- the wait ---- */

static void pause_for(int64_t ns)
{
    struct timespec t = {.tv_nsec = (long)ns};

    /* Not a wait for anything: the processor goes to those we wait for. */
    ppoll(NULL, 0, &t, NULL);
}

enum waited wait_within(bool (*ready)(void *with), void *with, int ms,
                        bool can_stall)
{
    int64_t begun = now_ns(), pause = 20000, most = 5000000;
    int64_t cpu_start = -1;
    uint64_t progress = peer_progress();
    int proofs = 0;

    words[0] = '\0';
    for (;;) {
        if (ready(with))
            return READY;
        if (progress != peer_progress()) {
            progress = peer_progress();
            cpu_start = -1;
        }
        int64_t waited = now_ns() - begun;
        if (waited > 2000000) {
            /* The proof comes first and the last look at what is awaited after
             * it: what happened in between has been seen. */
            proofs = can_stall && nothing_can_happen() ? proofs + 1 : 0;
            if (proofs >= PROOFS)
                return ready(with) ? READY : STALLED;
            int64_t cpu = look_around(false).cpu_ns;
            if (cpu_start == -1 || cpu < cpu_start)
                cpu_start = cpu;
            if ((double)(cpu - cpu_start) > SPIN_MS * 1e6 * time_scale) {
                snprintf(words, sizeof words,
                         "the programs burnt %d ms of processor time and it "
                         "did not come",
                         (int)(SPIN_MS * time_scale));
                return ready(with) ? READY : SPINNING;
            }
        }
        if ((double)waited > ms * 1e6 * time_scale) {
            snprintf(words, sizeof words, "%.0f s went by",
                     ms / 1e3 * time_scale);
            return ready(with) ? READY : TOO_LATE;
        }
        pause_for(pause);
        pause = pause * 3 / 2 < most ? pause * 3 / 2 : most;
    }
}

/* Twice the same, or it was only about to fall asleep. */
bool wait_has_limit(void)
{
    enum { APART_NS = 1000000 };
    struct look before = look_around(true);

    if (before.awake || before.for_ever || before.processes == 0)
        return false;
    pause_for(APART_NS);
    struct look after = look_around(true);
    return !after.awake && !after.for_ever &&
           after.switches == before.switches &&
           after.processes == before.processes;
}

enum waited wait_for(bool (*ready)(void *with), void *with)
{
    return wait_within(ready, with, DEADLINE_MS, true);
}
