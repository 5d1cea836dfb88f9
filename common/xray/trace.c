#define _GNU_SOURCE /* sched_setaffinity */
#include "trace.h"
#include "diag.h"
#include "lab.h"
#include "launch.h"
#include "look.h"
#include "note.h"
#include "proc.h"
#include "task.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/ptrace.h>

enum {
    POLL_NS = 1000000,
    HELD_POLL_NS = 10000,
    UNHEARD_MS = 3000,   /* a server that sleeps so long will not listen */
    SETTLE_MS = 250,     /* the longest delayed ACK, and then some */
    PROMPT_MS = 100,     /* where none is delayed: see route_quick_ack() */
    AFTERMATH_MS = 1000, /* a server that is still busy with a dead client */
    DEADLOCK_MS = 500,
    SPIN_MS = 200,  /* a task that computes so long does not wait */
    CALM_POLLS = 2, /* looks in a row at which all was still */
    OLD_ENOUGH = 64,
};

static const int64_t ms = 1000000;

struct run {
    struct recording *recording;
    struct capture *capture;
    const struct trace_options *options;
    bool traced;
    bool listening; /* the server has called listen */
    bool started;   /* so has the client been */
    bool ending;
    int step;
    int calm;            /* looks at which nothing moved, in a row */
    int64_t moved;       /* when something last did */
    int64_t client_gone; /* when that was seen first, or 0 */
    int64_t unquiet;     /* since when data is on its way, or 0 */
    int64_t waiting;     /* order control: since when somebody computes */
    sigset_t signals;
    bool ok;
    char *why;
    size_t why_size;
};

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t); /* the clock of packets' stamps */
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void drain(struct run *run)
{
    if (capture_drain(run->capture, run->recording, run->step) > 0) {
        run->moved = now_ns();
        run->calm = 0;
    }
}

/* ---- starting ---- */

/* 0 and the errno of a refusal: the program may then run unwatched. */
static int refused_errno;
static bool want_trace;

static int seize(pid_t pid)
{
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC |
                   PTRACE_O_TRACEEXIT | PTRACE_O_TRACEFORK |
                   PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE |
                   PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;

    if (want_trace && ptrace(PTRACE_SEIZE, pid, 0, options) == -1) {
        refused_errno = errno;
        want_trace = false;
    }
    return 0;
}

static int start(struct run *run, enum side side)
{
    char *const *argv = run->options->argv[side];

    want_trace = run->traced;
    pid_t pid = launch(argv, run->options->output, seize);
    if (pid == -1) {
        snprintf(run->why, run->why_size, "cannot run %s: %s", argv[0],
                 errno_name(errno));
        run->ok = false;
        return -1;
    }
    if (run->traced && !want_trace) {
        run->traced = run->recording->calls = false;
        recording_miss(run->recording, "system calls (ptrace: %s)",
                       errno_name(refused_errno));
    }
    run->recording->pid[side] = pid;
    run->moved = now_ns();
    return task_add(pid, pid, side) ? 0 : -1;
}

static void end(struct run *run);

static void start_client(struct run *run)
{
    if (run->started || run->ending)
        return;
    run->started = true;
    if (start(run, CLIENT) == -1)
        end(run);
}

/* ---- ending ---- */

static void kill_all(void)
{
    struct proc_stat child[OLD_ENOUGH];
    int proc = proc_open("/proc");

    for (struct task *task = task_first(); task; task = task->next)
        kill(task->tgid, SIGKILL);
    /* Those that were not traced; as subreaper we are their parent. */
    int n = proc == -1 ? 0 : proc_list(proc, getpid(), child, OLD_ENOUGH);
    for (int i = 0; i < n && i < OLD_ENOUGH; i++)
        kill(child[i].pid, SIGKILL);
    if (proc != -1)
        close(proc);
}

static void end(struct run *run)
{
    if (run->ending)
        return;
    drain(run);
    run->ending = true;
    run->recording->end = now_ns();
    for (int side = 0; side < 2; side++)
        run->recording->stopped[side] = task_alive((enum side)side) > 0;
    note_end(run->recording);
    kill_all();
    for (struct task *task = task_first(); task; task = task->next) {
        if (task->held)
            ptrace(PTRACE_SYSCALL, task->tid, 0, 0);
        task->held = HELD_NOT;
    }
}

/* ---- is anybody still at it? ---- */

static int in_flight(const struct diag_socket *socket, void *with)
{
    (void)with;
    return socket->timer == TIMER_RETRANSMIT;
}

/* Whether all that was sent has been acknowledged. An ACK may take its time
 * (delayed ACK, 40 ms and more); what takes longer is not waited for. */
static bool network_quiet(struct run *run)
{
    static const uint32_t sending = 1U << ST_ESTABLISHED | 1U << ST_FIN_WAIT1 |
                                    1U << ST_CLOSE_WAIT | 1U << ST_LAST_ACK |
                                    1U << ST_CLOSING;

    if (!run->recording->private_net ||
        diag_each_in(sending, in_flight, NULL) != 1) {
        run->unquiet = 0;
        return true;
    }
    if (run->unquiet == 0)
        run->unquiet = now_ns();
    int patience = run->options->order == ORDER_FREE ? SETTLE_MS : PROMPT_MS;
    return now_ns() - run->unquiet > patience * ms;
}

/* Whether every task but the held ones sleeps. */
static bool all_asleep(bool all_sides, enum side side)
{
    for (struct task *task = task_first(); task; task = task->next) {
        if (task->held || task->in_vfork || task->busy_loop)
            continue;
        if (!all_sides && task->side != side)
            continue;
        char state = task_state(task);
        if (state != 'S' && state != 'Z' && state != 'T' && state != 0)
            return false;
    }
    return true;
}

/* Whether some task of that side is in a sleep that ends by itself. */
static bool dozes(const struct run *run, enum side side)
{
    for (struct task *task = task_first(); task; task = task->next) {
        if (task->side == side && task->event >= 0 &&
            run->recording->events[task->event].call == CALL_SLEEP)
            return true;
    }
    return false;
}

/* The client is gone: is the server done with it too? */
static bool settled(struct run *run, int64_t now)
{
    if (run->client_gone == 0)
        run->client_gone = now;
    /* One call at a time takes longer: there, as long as it goes on. */
    int64_t since =
        run->options->order == ORDER_FREE ? run->client_gone : run->moved;
    if (now - since > AFTERMATH_MS * ms)
        return true;
    if (!all_asleep(false, SERVER) || !network_quiet(run)) {
        run->calm = 0;
        return false;
    }
    if (run->options->order == ORDER_FREE && dozes(run, SERVER))
        return false;
    return ++run->calm >= CALM_POLLS;
}

/* ---- deadlock ---- */

/* A call that can only end by something that somebody else does. */
static bool waits_for_ever(const struct run *run, const struct task *task)
{
    if (task->event < 0)
        return false;
    const struct event *event = &run->recording->events[task->event];
    const struct call *call = call_get(event->call);
    /* The kernel gives a connect up itself, after a while. */
    if (!call->waits || event->call == CALL_SLEEP ||
        event->call == CALL_CONNECT)
        return false;
    if (call->watches)
        return event->option < 0;
    return !event->in.timed;
}

static int may_wake(const struct diag_socket *socket, void *with)
{
    (void)with;
    return socket->timer != TIMER_NONE && socket->timer != TIMER_TIME_WAIT;
}

/* Everybody waits, no clock runs, nothing is on its way: it stays like this.
 * The kernel's timers are looked at first: what one of them woke just now is
 * not asleep any more. */
static bool deadlocked(const struct run *run, int64_t now)
{
    if (!run->traced || !run->recording->private_net ||
        now - run->moved < DEADLOCK_MS * ms || diag_each(may_wake, NULL) != 0)
        return false;
    int proc = proc_open("/proc");
    bool for_ever = proc != -1;
    for (struct task *task = task_first(); task && for_ever;
         task = task->next) {
        for_ever =
            waits_for_ever(run, task) &&
            (task->tid != task->tgid || !proc_has_clock(proc, task->tgid));
    }
    if (proc != -1)
        close(proc);
    return for_ever && all_asleep(true, CLIENT);
}

/* ---- when nothing has stopped ---- */

/* Whether a task waits with a timeout, and did so before that time. */
static bool times_out(const struct run *run, const struct task *task,
                      int64_t before)
{
    if (task->held || task->event < 0)
        return false;
    const struct event *event = &run->recording->events[task->event];
    const struct call *call = call_get(event->call);
    if (event->t0 >= before)
        return false;
    return call->watches ? event->option >= 0
                         : call->receives && event->in.timed;
}

/* Two clocks that run out together have no order of their own: a sleep ends
 * after any timeout that was running, and not once the client is gone. */
static bool may_wake_up(const struct run *run, const struct task *sleeper)
{
    if (run->started && task_alive(CLIENT) == 0)
        return false;
    for (struct task *task = task_first(); task; task = task->next) {
        if (times_out(run, task, sleeper->held_since))
            return false;
    }
    return true;
}

/* The held task whose turn it is: the named side's oldest, else the oldest;
 * sleepers last. */
static struct task *next_held(const struct run *run)
{
    enum side side = run->options->order == ORDER_CLIENT ? CLIENT : SERVER;
    struct task *other = NULL, *sleeper = NULL;

    for (struct task *task = task_first(); task; task = task->next) {
        if (task->held == HELD_AWAKE && !sleeper)
            sleeper = task;
        if (task->held == HELD_NOT || task->held == HELD_AWAKE)
            continue;
        if (task->side == side)
            return task;
        if (!other)
            other = task;
    }
    if (other || !sleeper || !may_wake_up(run, sleeper))
        return other;
    return sleeper;
}

static int is_listener(const struct diag_socket *socket, void *with)
{
    (void)socket;
    (void)with;
    return 1;
}

/* Untraced: what the kernel says, or for want of that a server at rest. */
static bool anybody_listens(const struct run *run, bool asleep)
{
    if (!run->recording->private_net)
        return asleep && now_ns() - run->moved > SETTLE_MS * ms;
    return diag_each_in(1U << ST_LISTEN, is_listener, NULL) == 1;
}

/* Starts the client if the server is ready, or will never be. */
static void consider_client(struct run *run, int64_t now)
{
    if (run->started)
        return;
    bool asleep = all_asleep(false, SERVER);
    if (!run->traced)
        run->listening = anybody_listens(run, asleep);
    if (run->listening && asleep) {
        start_client(run);
    } else if (!run->listening &&
               (task_alive(SERVER) == 0 ||
                (asleep && now - run->moved > UNHEARD_MS * ms))) {
        run->recording->never_listened = true;
        start_client(run);
    }
}

/* Decides whether the run goes on, when no task has anything to report. */
static void look_around(struct run *run)
{
    struct recording *recording = run->recording;
    int64_t now = now_ns();

    drain(run);
    if (run->ending)
        return;
    bool somebody_held = next_held(run) != NULL;
    if (!somebody_held)
        consider_client(run, now);
    if (run->ending)
        return;
    if (now - recording->begin > run->options->limit_ms * ms) {
        recording->time_up = run->options->limit_ms;
        end(run);
    } else if (somebody_held) {
        return;
    } else if (run->started && task_alive(CLIENT) == 0) {
        if (settled(run, now))
            end(run);
    } else if (run->started && deadlocked(run, now)) {
        recording->deadlock = ++run->calm >= CALM_POLLS;
        if (recording->deadlock)
            end(run);
    }
}

/* Waits until a task stops or ends, a signal comes, or a moment has passed. */
static void wait_for_news(struct run *run)
{
    /* Falling asleep makes no noise: whoever waits for that looks often. */
    long ns = next_held(run) ? HELD_POLL_NS : POLL_NS;
    struct timespec moment = {0, ns};
    int signal = sigtimedwait(&run->signals, NULL, &moment);

    if (signal != -1 && signal != SIGCHLD) {
        run->recording->interrupted = true;
        end(run);
    }
}

/* ---- stops ---- */

static void resume(const struct task *task, int signal)
{
    ptrace(PTRACE_SYSCALL, task->tid, 0, (long)signal);
}

static void enter(struct run *run, struct task *task,
                  const struct ptrace_syscall_info *info)
{
    note_enter(run->recording, task, info, now_ns(), run->step);
    const struct call *call = call_get(call_by_number((long)info->entry.nr));
    if (run->listening && call->waits && task->side == SERVER)
        start_client(run);
}

static void leave(struct run *run, struct task *task,
                  const struct ptrace_syscall_info *info, int64_t time)
{
    const struct event *event =
        note_leave(run->recording, task, info, time, run->step);

    if (event && event->call == CALL_LISTEN && event->ret == 0 &&
        event->side == SERVER)
        run->listening = true;
}

static void hold(struct run *run, struct task *task, enum held held)
{
    task->held = held;
    task->held_since = run->moved;
}

/* Order control: does the task have to wait for its turn here? */
static bool must_wait(const struct run *run, const struct task *task,
                      const struct ptrace_syscall_info *info)
{
    if (run->options->order == ORDER_FREE || run->ending)
        return false;
    if (info->op == PTRACE_SYSCALL_INFO_ENTRY)
        return call_by_number((long)info->entry.nr) != CALL_NONE;
    return task->event >= 0 &&
           run->recording->events[task->event].call == CALL_SLEEP;
}

static void on_syscall(struct run *run, struct task *task, int64_t time)
{
    struct ptrace_syscall_info info;

    if (ptrace(PTRACE_GET_SYSCALL_INFO, task->tid, sizeof info, &info) <= 0) {
        recording_miss(run->recording,
                       "system calls (PTRACE_GET_SYSCALL_INFO: %s)",
                       errno_name(errno));
    } else if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
        if (must_wait(run, task, &info)) {
            hold(run, task, HELD_CALL);
            return;
        }
        enter(run, task, &info);
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
        if (must_wait(run, task, &info)) {
            hold(run, task, HELD_AWAKE);
            return;
        }
        leave(run, task, &info, time);
    }
    resume(task, 0);
}

static void on_exit_event(struct run *run, struct task *task, int64_t time)
{
    unsigned long status = 0;

    if (run->options->order != ORDER_FREE && !run->ending) {
        hold(run, task, HELD_EXIT);
        return;
    }
    ptrace(PTRACE_GETEVENTMSG, task->tid, 0, &status);
    if (!run->ending)
        note_exit(run->recording, task, (int)status, time, run->step);
    resume(task, 0);
}

/* A child or thread has been made; its own first stop may have been earlier. */
static void on_birth(struct task *task, int event)
{
    unsigned long child = 0;

    ptrace(PTRACE_GETEVENTMSG, task->tid, 0, &child);
    pid_t pid = (pid_t)child;
    if (!task_find(pid))
        task_add(pid, event == PTRACE_EVENT_CLONE ? task->tgid : pid,
                 task->side);
    task->in_vfork = event == PTRACE_EVENT_VFORK;
    resume(task, 0);
}

static void on_event(struct run *run, struct task *task, int event, int signal,
                     int64_t time)
{
    switch (event) {
    case PTRACE_EVENT_EXIT:
        on_exit_event(run, task, time);
        return;
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_CLONE:
        on_birth(task, event);
        return;
    case PTRACE_EVENT_VFORK_DONE:
        task->in_vfork = false;
        break;
    case PTRACE_EVENT_STOP:
        if (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN ||
            signal == SIGTTOU) {
            /* Stopped by job control: leave it so until SIGCONT. */
            ptrace(PTRACE_LISTEN, task->tid, 0, 0);
            return;
        }
        break;
    default:
        break;
    }
    resume(task, 0);
}

/* The first stop of a child that its parent has not told us about yet. */
static struct task *adopt(pid_t tid)
{
    pid_t tgid = (pid_t)look_status(tid, "Tgid");
    if (tgid == 0)
        tgid = tid;
    pid_t parent = tgid == tid ? (pid_t)look_status(tid, "PPid") : tgid;
    struct task *from = task_find(parent);

    return task_add(tid, tgid, from ? from->side : SERVER);
}

static void on_stop(struct run *run, pid_t tid, int status, int64_t time)
{
    int signal = WSTOPSIG(status), event = status >> 16;
    struct task *task = task_find(tid);

    if (!task)
        task = adopt(tid);
    if (!task) {
        ptrace(PTRACE_CONT, tid, 0, 0);
        return;
    }
    task->busy_loop = false;
    if (signal == (SIGTRAP | 0x80)) {
        on_syscall(run, task, time);
    } else if (event != 0) {
        on_event(run, task, event, signal, time);
    } else {
        if (!run->ending && signal != SIGCHLD)
            note_signal(run->recording, task, signal, time, run->step);
        resume(task, signal);
    }
}

static void on_gone(struct run *run, pid_t tid, int status, int64_t time)
{
    struct task *task = task_find(tid);

    if (!task)
        return;
    if (!run->ending)
        note_exit(run->recording, task, status, time, run->step);
    task_remove(task);
}

static void on_news(struct run *run, pid_t tid, int status)
{
    int64_t time = now_ns();

    drain(run);
    run->moved = time;
    run->calm = 0;
    if (WIFSTOPPED(status))
        on_stop(run, tid, status, time);
    else
        on_gone(run, tid, status, time);
}

/* ---- order control ---- */

/* Marks those that have been computing for long: they would hold up all. */
static void give_up_waiting(struct run *run, int64_t now)
{
    if (run->waiting == 0)
        run->waiting = now;
    if (now - run->waiting < SPIN_MS * ms)
        return;
    for (struct task *task = task_first(); task; task = task->next) {
        if (!task->held && task_state(task) == 'R')
            task->busy_loop = true;
    }
    run->waiting = 0;
}

static void let_go(struct run *run, struct task *task)
{
    struct ptrace_syscall_info info;
    unsigned long status = 0;
    enum held held = task->held;

    drain(run);
    run->step++;
    run->moved = now_ns();
    task->held = HELD_NOT;
    if (held == HELD_EXIT) {
        ptrace(PTRACE_GETEVENTMSG, task->tid, 0, &status);
        if (!run->ending)
            note_exit(run->recording, task, (int)status, now_ns(), run->step);
    } else if (ptrace(PTRACE_GET_SYSCALL_INFO, task->tid, sizeof info, &info) >
               0) {
        enter(run, task, &info);
    }
    resume(task, 0);
}

/*
 * Lets one held task go when nobody else has anything left to do: all others
 * sleep, and all that was sent is acknowledged. Returns false when it is too
 * early, or nobody is held.
 */
static bool take_turns(struct run *run)
{
    struct task *task = next_held(run);
    int status;

    if (!task)
        return false;
    if (!all_asleep(true, CLIENT)) {
        give_up_waiting(run, now_ns());
        sched_yield();
        return false;
    }
    run->waiting = 0;
    if (!network_quiet(run))
        return false;
    /* Asleep, yet perhaps stopped since: waitpid has the last word. */
    siginfo_t info = {0};
    status = waitid(P_ALL, 0, &info,
                    WEXITED | WSTOPPED | WNOHANG | WNOWAIT | __WALL);
    if (status == 0 && info.si_pid != 0)
        return false;
    let_go(run, task);
    return true;
}

/* ---- the run ---- */

/* On one processor a stop costs no wake-up of another one. */
static void stay_on_one_cpu(void)
{
    cpu_set_t one;
    int cpu = sched_getcpu();

    if (cpu < 0)
        return;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
}

static void prepare(struct run *run)
{
    char options[512];
    const char *old = getenv("ASAN_OPTIONS");
    struct timespec t;

    stay_on_one_cpu();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    /* LeakSanitizer cannot work in a process that is traced. */
    snprintf(options, sizeof options, "%s%sdetect_leaks=0", old ? old : "",
             old ? ":" : "");
    setenv("ASAN_OPTIONS", options, 1);
    clock_gettime(CLOCK_MONOTONIC, &t);
    snprintf(options, sizeof options, "%lld.%06ld", (long long)t.tv_sec,
             t.tv_nsec / 1000);
    setenv("LAB_T0", options, 0);

    sigemptyset(&run->signals);
    sigaddset(&run->signals, SIGCHLD);
    sigaddset(&run->signals, SIGINT);
    sigaddset(&run->signals, SIGTERM);
    sigaddset(&run->signals, SIGHUP);
    sigaddset(&run->signals, SIGQUIT);
    sigprocmask(SIG_BLOCK, &run->signals, NULL);
}

static void loop(struct run *run)
{
    int status;

    for (;;) {
        pid_t tid = waitpid(-1, &status, __WALL | WNOHANG);
        if (tid > 0) {
            on_news(run, tid, status);
        } else if (tid == -1 && errno == ECHILD) {
            if (run->started || run->ending)
                return;
            consider_client(run, now_ns());
        } else {
            bool turn = run->ending ? false : take_turns(run);
            if (turn)
                continue;
            if (run->ending)
                kill_all();
            look_around(run);
            wait_for_news(run);
        }
    }
}

/* What was not seen, and whether anything was. */
static void account(struct run *run)
{
    struct recording *recording = run->recording;

    if (recording->calls && look_refused())
        recording_miss(recording,
                       "part of what the kernel knows of a socket "
                       "(pidfd_getfd: %s)",
                       look_refused());
    if (!run->ok || recording->calls || recording->wire)
        return;
    run->ok = false;
    snprintf(run->why, run->why_size,
             "neither packets nor calls can be seen here:");
    for (int i = 0; i < recording->n_missing; i++) {
        size_t n = strlen(run->why);
        snprintf(run->why + n, run->why_size - n, "%s %s", i ? "," : "",
                 recording->missing[i]);
    }
}

/* What our own kill made the kernel send is not part of the run. */
static void cut_aftermath(struct recording *recording)
{
    recording_sort(recording);
    while (recording->n > 0 &&
           recording->events[recording->n - 1].t0 > recording->end)
        recording->n--;
}

int trace_run(struct recording *recording, struct capture *capture,
              const struct trace_options *options, char *why, size_t size)
{
    struct run run = {
        .recording = recording,
        .capture = capture,
        .options = options,
        .traced = true,
        .ok = true,
        .why = why,
        .why_size = size,
    };

    prepare(&run);
    recording->calls = true;
    recording->stepped = options->order != ORDER_FREE;
    recording->begin = run.moved = now_ns();
    if (start(&run, SERVER) == -1)
        return -1;
    if (options->early)
        start_client(&run);
    loop(&run);
    while (!run.ending && !network_quiet(&run))
        wait_for_news(&run);
    end(&run);
    capture_drain(capture, recording, run.step);
    account(&run);
    cut_aftermath(recording);
    return run.ok ? 0 : -1;
}
