/* The programs of a test: started, frozen, ended, and asked after. */
#define _GNU_SOURCE
#include "diag.h"
#include "inside.h"
#include "lab.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    SOCKETS = 4096,
    SPARE = 4, /* descriptors a right server may open late: a log, an epoll */
    QUIET_CPU_NS = 20000000,
    LOG_MS = 2000,
};

struct program server = {.file = "server", .name = "server"};
struct program client = {.file = "client", .name = "client"};

static struct program *started[JAIL_PROGRAMS + 1];
static int started_count;
static bool stage_is_open;
static int program_dir;
static unsigned long known_sockets[SOCKETS]; /* before any client came */
static int known_count;

struct program *stage_program(int i)
{
    return started[i];
}

void stage_open(const struct jail_file files[], int dir_fd)
{
    const char *step;

    program_dir = dir_fd;
    if (jail_open(&jail, tier, files, outputs, &step) == -1)
        story_fail("[harness] making a jail: %s: %s", step, strerror(errno));
    stage_is_open = true;
}

/* ---- how programs end ---- */

bool stage_reap(struct program *program)
{
    if (program->running &&
        waitpid(program->pid, &program->status, WNOHANG) == program->pid)
        program->running = false;
    return !program->running;
}

static const char *signal_name(int number)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {
        {SIGPIPE, "SIGPIPE"}, {SIGSEGV, "SIGSEGV"}, {SIGABRT, "SIGABRT"},
        {SIGKILL, "SIGKILL"}, {SIGTERM, "SIGTERM"}, {SIGBUS, "SIGBUS"},
        {SIGFPE, "SIGFPE"},   {SIGILL, "SIGILL"},   {SIGALRM, "SIGALRM"},
        {SIGXCPU, "SIGXCPU"}, {SIGXFSZ, "SIGXFSZ"}, {SIGINT, "SIGINT"}};
    static char other[24];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].number == number)
            return names[i].name;
    }
    snprintf(other, sizeof other, "signal %d", number);
    return other;
}

const char *stage_end_words(const struct program *program)
{
    static char text[256];

    if (program->running)
        snprintf(text, sizeof text, "the %s runs on", program->name);
    else if (WIFEXITED(program->status) && WEXITSTATUS(program->status) == 127)
        snprintf(text, sizeof text, "the %s cannot be executed", program->name);
    else if (WIFEXITED(program->status))
        snprintf(text, sizeof text, "the %s has ended, exit status %d",
                 program->name, WEXITSTATUS(program->status));
    else
        snprintf(text, sizeof text, "the %s was killed by %s", program->name,
                 signal_name(WTERMSIG(program->status)));
    return text;
}

/* Which lab is about an end like this one; "" if none. */
static const char *lab_of_end(int status)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE)
        return "; a send(2) to a peer that has gone raises SIGPIPE: lab 5, "
               "broken-pipe";
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV)
        return "; a crash on a request looks like this: lab 3, missing-field";
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return "; a server that leaves its accept loop looks like this: lab 1, "
               "one-shot";
    return "";
}

static bool has_ended(void *with)
{
    return stage_reap(with);
}

static void wait_for_end(struct program *program)
{
    if (wait_for(has_ended, program) != READY)
        story_fail("the %s should end, and does not: %s", program->name,
                   wait_words());
}

void end_with(struct program *program, int signal_number)
{
    program->ends = true;
    if (stage_reap(program)) { /* its pid may be another's by now */
        story_step("%s: nothing is left to end", stage_end_words(program));
        return;
    }
    kill(program->pid, signal_number);
    wait_for_end(program);
    story_step("the %s is ended with %s", program->name,
               signal_name(signal_number));
}

void expect_exit(struct program *program, int status)
{
    program->ends = true;
    wait_for_end(program);
    if (!WIFEXITED(program->status) || WEXITSTATUS(program->status) != status)
        story_fail("the %s should end with exit status %d: %s", program->name,
                   status, stage_end_words(program));
    story_step("the %s ends with exit status %d", program->name, status);
}

void expect_death(struct program *program, int signal_number)
{
    program->ends = true;
    wait_for_end(program);
    bool killed = WIFSIGNALED(program->status) &&
                  WTERMSIG(program->status) == signal_number;
    bool sanitized = WIFEXITED(program->status) &&
                     WEXITSTATUS(program->status) != 0 &&
                     getenv("LAB_SANITIZED");
    if (!killed && !sanitized)
        story_fail("the %s should be killed by %s: %s", program->name,
                   signal_name(signal_number), stage_end_words(program));
    story_step("the %s is killed by %s", program->name,
               signal_name(signal_number));
}

void expect_running(const struct program *program)
{
    struct program *mutable_program = (struct program *)program;

    if (stage_reap(mutable_program))
        story_fail("the %s should still be running: %s%s", program->name,
                   stage_end_words(program), lab_of_end(program->status));
    story_step("the %s is alive, under the same pid", program->name);
}

/* ---- asleep, frozen ---- */

/* All processes of the jail, with all their threads, are in that state. */
static bool all_in_state(const char *states)
{
    static struct proc_stat family[FAMILY];
    struct proc_task task[64];

    int count = jail_list(&jail, family, FAMILY);
    for (int i = 0; i < count && i < FAMILY; i++) {
        if (family[i].state == 'Z')
            continue;
        int threads = proc_tasks(jail.proc, family[i].pid, task, 64);
        for (int j = 0; j < threads; j++) {
            if (!strchr(states, task[j].state))
                return false;
        }
    }
    return true;
}

static int64_t family_cpu(void)
{
    static struct proc_stat family[FAMILY];
    int64_t sum = 0;

    int count = jail_list(&jail, family, FAMILY);
    for (int i = 0; i < count && i < FAMILY; i++)
        sum += proc_cpu_ns(jail.proc, family[i].pid);
    return sum;
}

/* A program that never sleeps (a loop over sockets that do not block) counts as
 * waiting once it has had its turn on the processor. */
bool stage_asleep(const struct program *program)
{
    static int64_t awake_since = -1;

    (void)program;
    if (all_in_state("STXZ")) {
        awake_since = -1;
        return true;
    }
    int64_t cpu = family_cpu();
    if (awake_since == -1 || cpu < awake_since)
        awake_since = cpu;
    return cpu - awake_since > QUIET_CPU_NS;
}

static bool stands_still(void *with)
{
    (void)with;
    static struct proc_stat family[FAMILY];
    struct proc_task task[64];

    /* After kill(2) has returned the program still runs for a while. */
    int count = jail_list(&jail, family, FAMILY);
    for (int i = 0; i < count && i < FAMILY; i++) {
        struct program *program = NULL;
        for (int j = 0; j < started_count; j++) {
            if (started[j]->frozen &&
                jail_pid(&jail, started[j]->pid) == family[i].pid)
                program = started[j];
        }
        int threads =
            program ? proc_tasks(jail.proc, family[i].pid, task, 64) : 0;
        for (int j = 0; j < threads; j++) {
            if (task[j].state != 'T')
                return false;
        }
    }
    return true;
}

void freeze(struct program *program)
{
    /* It leads a process group of its own: workers stop with it. */
    kill(-program->pid, SIGSTOP);
    program->frozen = true;
    if (wait_for(stands_still, NULL) != READY)
        story_fail("[harness] the %s does not stop: %s", program->name,
                   wait_words());
    story_step("the %s is frozen (SIGSTOP)", program->name);
}

void thaw(struct program *program)
{
    program->frozen = false;
    kill(-program->pid, SIGCONT);
    story_step("the %s goes on (SIGCONT)", program->name);
}

/* ---- starting ---- */

static void spawn(struct program *program, const char *port, va_list rest)
{
    char *argv[16] = {(char *)program->file, (char *)port};
    struct jail_order order = {
        .argv = argv,
        .dir_fd = program_dir,
        .files = program->files,
        .spare_fds = program->spare_fds,
        .sanitized = getenv("LAB_SANITIZED") != NULL,
    };
    char zero[48];

    snprintf(zero, sizeof zero, "LAB_T0=%.6f", (double)current->ns / 1e9);
    order.env[0] = zero;
    for (int i = 2; i < 15; i++) {
        argv[i] = va_arg(rest, char *);
        if (!argv[i])
            break;
    }
    if (started_count == JAIL_PROGRAMS)
        story_fail("[the test itself is wrong] more than %d programs",
                   JAIL_PROGRAMS);
    program->pid = jail_spawn(&jail, &order, &program->slot);
    if (program->pid == -1)
        story_fail("[harness] starting the %s: %s", program->name,
                   strerror(errno));
    program->running = true;
    program->frozen = false;
    bool known = false;
    for (int i = 0; i < started_count; i++)
        known |= started[i] == program;
    if (!known)
        started[started_count++] = program;
}

struct listener {
    struct program *program;
    unsigned long socket[SOCKETS];
    int sockets;
};

static int match_listener(const struct diag_socket *socket, void *with)
{
    struct listener *l = with;

    if (socket->state != ST_LISTEN)
        return 0;
    for (int i = 0; i < l->sockets; i++) {
        if (l->socket[i] == socket->inode)
            l->program->port = socket->local_port;
    }
    return l->program->port != 0;
}

/* Where ports are everybody's the kernel chooses one: find out which. */
static void find_port(struct program *program)
{
    static struct listener l;

    l.program = program;
    int fds = proc_fds(jail.proc, jail_pid(&jail, program->pid), l.socket,
                       SOCKETS, &l.sockets);
    if (fds > 0)
        diag_each(match_listener, &l);
}

static bool listens(void *with)
{
    struct program *program = with;
    struct diag_socket socket;

    if (stage_reap(program))
        return true;
    if (program->port == 0)
        find_port(program);
    return program->port != 0 &&
           diag_find((uint16_t)program->port, 0, &socket) == 1;
}

static bool sleeps(void *with)
{
    struct program *program = with;

    return stage_reap(program) || stage_asleep(program);
}

/* What a peer has seen may be the end of the program, which takes a moment more
 * until it can be waited for. */
bool stage_settle(struct program *program)
{
    wait_for(sleeps, program);
    return !program->running;
}

void wait_until_asleep(struct program *program)
{
    if (wait_for(sleeps, program) != READY)
        story_fail("the %s should go to sleep, and does not: %s", program->name,
                   wait_words());
    if (stage_reap(program))
        story_step("%s", stage_end_words(program));
    else
        story_step("the %s has had its turn", program->name);
}

/* Sockets of all processes, sorted in no way. Returns how many, and in *fds how
 * many descriptors of any kind there are. */
static int family_sockets(unsigned long *out, int max, int *fds)
{
    static struct proc_stat family[FAMILY];
    int sockets = 0;

    *fds = 0;
    int count = jail_list(&jail, family, FAMILY);
    for (int i = 0; i < count && i < FAMILY; i++) {
        int found = 0;
        int open = proc_fds(jail.proc, family[i].pid, out + sockets,
                            max - sockets, &found);
        if (open == -1)
            continue;
        *fds += open;
        sockets += found < max - sockets ? found : max - sockets;
    }
    return sockets;
}

static void take_baseline(struct program *program)
{
    known_count =
        family_sockets(known_sockets, SOCKETS, &program->baseline_fds);
}

/* The lab's later tests need not find out again. */
static void never_up(struct program *program, const char *why)
{
    if (program == &server && started_count == 1 && program->files == 0)
        snprintf(suite->dead, sizeof suite->dead,
                 "the server never listens: %s", why);
    /* The cause is about what comes after listen(2); but where a server starts
     * for the second time, that start is what the test is about. */
    if (started_count == 1)
        current->cause = NULL;
    story_fail("the %s should listen on port %d, and does not: %s",
               program->name, program->port, why);
}

void start_program(struct program *program, ...)
{
    char port[16];
    va_list rest;

    if (program->port == 0 && tier != NET_SHARED)
        program->port = pick(7001, 29999); /* below the ephemeral range */
    snprintf(port, sizeof port, "%d", program->port);
    va_start(rest, program);
    spawn(program, port, rest);
    va_end(rest);
    program->serves = true;
    enum waited waited = wait_for(listens, program);
    if (!program->running)
        never_up(program, stage_end_words(program));
    if (waited != READY)
        never_up(program, wait_words());
    waited = wait_for(sleeps, program);
    take_baseline(program);
    if (program->files)
        story_step("the %s listens on port %d, RLIMIT_NOFILE %u", program->name,
                   program->port, program->files);
    else
        story_step("the %s listens on port %d", program->name, program->port);
}

void expect_start_fails(struct program *program, int port, int status)
{
    char text[16];

    struct program *p = program;
    p->port = port;
    p->ends = true;
    snprintf(text, sizeof text, "%d", port);
    char *argv[] = {(char *)p->file, text, NULL};
    struct jail_order order = {.argv = argv,
                               .dir_fd = program_dir,
                               .files = p->files,
                               .sanitized = getenv("LAB_SANITIZED") != NULL};
    p->pid = jail_spawn(&jail, &order, &p->slot);
    if (p->pid == -1)
        story_fail("[harness] starting the %s: %s", p->name, strerror(errno));
    p->running = true;
    started[started_count++] = p;
    if (wait_for(has_ended, p) != READY)
        story_fail("the %s should refuse to start on port %d (exit status %d), "
                   "and stays: %s",
                   p->name, port, status, wait_words());
    if (!WIFEXITED(p->status) || WEXITSTATUS(p->status) != status)
        story_fail("the %s should refuse to start on port %d, exit status %d: "
                   "%s",
                   p->name, port, status, stage_end_words(p));
    story_step("the %s refuses to start: exit status %d", p->name, status);
}

void run_client(struct program *program, int port, ...)
{
    char text[16];
    va_list rest;

    program->ends = true;
    snprintf(text, sizeof text, "%d", port);
    va_start(rest, port);
    spawn(program, text, rest);
    va_end(rest);
    story_step("the %s is started on port %d", program->name, port);
}

/* ---- what a program printed ---- */

static bool output_ended(void *with)
{
    const struct program *program = with;

    return jail_output_ended(&outputs[program->slot]);
}

/* The keeper, which records the outputs, is none of the programs that waiting
 * looks at: once all of those are gone it needs a turn or two itself. */
static bool anybody_left(void)
{
    static struct proc_stat family[FAMILY];
    int alive = 0;

    int count = jail_list(&jail, family, FAMILY);
    for (int i = 0; i < count && i < FAMILY; i++)
        alive += family[i].state != 'Z';
    return alive > 0;
}

static const struct jail_output *all_output(const struct program *program)
{
    enum { TURNS = 200 };
    enum waited waited = wait_for(output_ended, (void *)program);

    for (int i = 0; i < TURNS && waited == STALLED && !anybody_left(); i++)
        waited = wait_for(output_ended, (void *)program);
    if (waited != READY)
        story_fail("the %s has ended, and something it started still holds its "
                   "stdout: %s",
                   program->name, wait_words());
    return &outputs[program->slot];
}

void expect_output(const struct program *program, const char *text)
{
    const struct jail_output *output = all_output(program);
    size_t total = jail_output_total(output), len = strlen(text), same = 0;

    while (same < total && same < len && same < sizeof output->head &&
           output->head[same] == text[same])
        same++;
    if (total != len || same != len)
        story_fail("the %s should print %zu bytes on stdout and prints %zu; "
                   "they differ from byte %zu on",
                   program->name, len, total, same);
    story_step("the %s has printed all it should: %zu bytes", program->name,
               len);
}

void expect_output_has(const struct program *program, const char *text)
{
    const struct jail_output *output = all_output(program);
    size_t total = jail_output_total(output);
    size_t kept = total < sizeof output->head ? total : sizeof output->head;

    if (!memmem(output->head, kept, text, strlen(text)))
        story_fail("what the %s printed should hold \"%s\", and in its %zu "
                   "bytes that is not to be found",
                   program->name, text, total);
    story_step("what the %s printed holds \"%s\"", program->name, text);
}

void expect_output_times(const struct program *program, const char *text,
                         int times)
{
    const struct jail_output *output = all_output(program);
    size_t total = jail_output_total(output);
    size_t kept = total < sizeof output->head ? total : sizeof output->head;
    const char *from = output->head, *end = output->head + kept;
    int seen = 0;

    while ((from = memmem(from, (size_t)(end - from), text, strlen(text)))) {
        from += strlen(text);
        seen++;
    }
    if (seen != times)
        story_fail("what the %s printed should hold \"%s\" %d %s, and in its "
                   "%zu bytes that is found %d %s",
                   program->name, text, times, times == 1 ? "time" : "times",
                   total, seen, seen == 1 ? "time" : "times");
    story_step("what the %s printed holds \"%s\" %d %s", program->name, text,
               times, times == 1 ? "time" : "times");
}

/* ---- what the kernel holds for it ---- */

int open_files(const struct program *program)
{
    static unsigned long sockets[SOCKETS];
    int fds;

    (void)program;
    family_sockets(sockets, SOCKETS, &fds);
    return fds;
}

struct wanted {
    const struct program *program;
    const char *state;
    int count, seen;
};

static bool has_files(void *with)
{
    struct wanted *w = with;

    w->seen = open_files(w->program);
    return w->seen == w->count;
}

void expect_files(const struct program *program, int count)
{
    struct wanted w = {.program = program, .count = count};

    if (wait_for(has_files, &w) != READY)
        story_fail("the %s should have %d descriptors open, and has %d: %s",
                   program->name, count, w.seen, wait_words());
    story_step("the %s has %d descriptors open", program->name, count);
}

static bool has_files_at_most(void *with)
{
    struct wanted *w = with;

    w->seen = open_files(w->program);
    return w->seen <= w->count;
}

void expect_files_at_most(const struct program *program, int most)
{
    struct wanted w = {.program = program, .count = most};

    if (wait_for(has_files_at_most, &w) != READY)
        story_fail("the %s should have at most %d descriptors open by now, and "
                   "has %d: %s",
                   program->name, most, w.seen, wait_words());
    story_step("the %s has no more than %d descriptors open", program->name,
               most);
}

static bool has_queue(void *with)
{
    struct wanted *w = with;
    struct diag_socket listener;

    w->seen = 0;
    if (diag_find((uint16_t)w->program->port, 0, &listener) == 1)
        w->seen = (int)listener.rqueue;
    return w->seen == w->count;
}

void expect_queued(const struct program *program, int count)
{
    struct wanted w = {.program = program, .count = count};

    if (wait_for(has_queue, &w) != READY)
        story_fail("%d connections should wait in the accept queue of the %s, "
                   "and %d do: %s",
                   count, program->name, w.seen, wait_words());
    story_step("%d %s in the accept queue", count,
               count == 1 ? "connection waits" : "connections wait");
}

static int count_socket(const struct diag_socket *socket, void *with)
{
    struct wanted *w = with;

    if ((socket->local_port == w->program->port ||
         socket->remote_port == w->program->port) &&
        strcmp(state_name(socket->state), w->state) == 0)
        w->seen++;
    return 0;
}

static bool has_sockets(void *with)
{
    struct wanted *w = with;

    w->seen = 0;
    diag_each(count_socket, w);
    return w->seen == w->count;
}

void expect_sockets(const struct program *program, const char *state, int count)
{
    struct wanted w = {.program = program, .state = state, .count = count};

    if (wait_for(has_sockets, &w) != READY)
        story_fail("%d sockets on port %d should be in %s, and %d are: %s",
                   count, program->port, state, w.seen, wait_words());
    story_step("%d %s in %s", count, count == 1 ? "socket is" : "sockets are",
               state);
}

static int is_caller(const struct diag_socket *socket, void *with)
{
    const struct program *program = with;

    /* CLOSE_WAIT: it has called, and hung up since. */
    return socket->local_port == program->port &&
           (socket->state == ST_ESTABLISHED || socket->state == ST_CLOSE_WAIT);
}

static bool has_caller(void *with)
{
    return diag_each(is_caller, with) == 1;
}

void expect_caller(const struct program *program)
{
    if (wait_for(has_caller, (void *)program) != READY)
        story_fail("somebody should connect to the %s, and nobody does: %s",
                   program->name, wait_words());
    story_step("somebody is connected to the %s", program->name);
}

void limit_send_buffers(int bytes)
{
    char text[64];

    need_private_network();
    snprintf(text, sizeof text, "%d %d %d", bytes, bytes, bytes);
    if (net_sysctl("net.ipv4.tcp_wmem", text) == -1)
        story_fail("[harness] sysctl tcp_wmem: %s", strerror(errno));
    story_step("a socket here sends at most %d bytes ahead: tcp_wmem", bytes);
}

void expect_counter(const char *name, long value)
{
    long seen = net_counter(name);

    if (seen != value)
        story_fail("the network's counter %s should be %ld, and is %ld", name,
                   value, seen);
    story_step("the network's counter %s is %ld", name, value);
}

/* ---- conservation ---- */

struct leaks {
    const struct program *program;
    int sockets, fds, zombies;
    const unsigned long *inode;
    int inode_count;
};

static bool is_known(unsigned long inode)
{
    for (int i = 0; i < known_count; i++) {
        if (known_sockets[i] == inode)
            return true;
    }
    return false;
}

/* A listening socket is no connection: a server may have made itself another
 * one since it was started. */
static int pass_over_listener(const struct diag_socket *socket, void *with)
{
    struct leaks *leaks = with;

    for (int i = 0; i < leaks->inode_count; i++)
        leaks->sockets -= leaks->inode[i] == socket->inode &&
                          socket->inode != 0 && !is_known(socket->inode);
    return 0;
}

static bool nothing_leaks(void *with)
{
    static unsigned long sockets[SOCKETS];
    static struct proc_stat family[FAMILY];
    struct leaks *leaks = with;

    leaks->sockets = leaks->zombies = 0;
    /* A child that has just closed its socket may still be about to end, and
     * becomes a zombie only then. */
    if (!stage_asleep(leaks->program))
        return false;
    int count = family_sockets(sockets, SOCKETS, &leaks->fds);
    for (int i = 0; i < count; i++)
        leaks->sockets += !is_known(sockets[i]);
    leaks->inode = sockets;
    leaks->inode_count = count;
    if (leaks->sockets)
        diag_each_in(1U << ST_LISTEN, pass_over_listener, leaks);
    count = jail_list(&jail, family, FAMILY);
    for (int i = 0; i < count && i < FAMILY; i++) {
        /* An orphan has become ours where no keeper takes it: it is no leak. */
        leaks->zombies += family[i].state == 'Z' &&
                          (tier != NET_SHARED || family[i].parent != getpid());
    }
    return stage_reap((struct program *)leaks->program) ||
           (leaks->sockets == 0 && leaks->zombies == 0 &&
            leaks->fds <= leaks->program->baseline_fds + SPARE);
}

static int count_close_wait(const struct diag_socket *socket, void *with)
{
    struct wanted *w = with;

    w->seen += socket->state == ST_CLOSE_WAIT &&
               socket->local_port == w->program->port;
    return 0;
}

static void conserve(struct program *program)
{
    struct leaks leaks = {.program = program};
    struct wanted close_wait = {.program = program};

    enum waited waited = wait_for(nothing_leaks, &leaks);
    if (!program->running)
        story_fail("the %s should still be running: %s%s", program->name,
                   stage_end_words(program), lab_of_end(program->status));
    if (waited != READY && leaks.sockets) {
        diag_each(count_close_wait, &close_wait);
        story_fail("every client has gone, and the %s should hold no "
                   "connection: it holds %d, of which %d are in CLOSE_WAIT. "
                   "Descriptors leak like this in lab 6, fd-leak (a path "
                   "without close), lab 11, close-wait, and lab 16, "
                   "inherited-socket (a copy in another process)",
                   program->name, leaks.sockets, close_wait.seen);
    }
    if (waited != READY && leaks.zombies)
        story_fail("the %s should leave no zombies, and has left %d: a child "
                   "that has ended stays until somebody waits for it, "
                   "wait(2); lab 16, inherited-socket",
                   program->name, leaks.zombies);
    if (waited != READY)
        story_fail("every client has gone, and the %s should have about %d "
                   "descriptors open, as before them: it has %d",
                   program->name, program->baseline_fds, leaks.fds);
}

void stage_conserve(void)
{
    bool any = false;

    peer_close_all();
    for (int i = 0; i < started_count; i++) {
        if (started[i]->serves && !started[i]->ends) {
            conserve(started[i]);
            any = true;
        }
    }
    if (any)
        story_step("all it was given has been given back");
}

/* ---- the end of a test ---- */

static int note_socket(const struct diag_socket *socket, void *with)
{
    int *room = with;
    const char *held = "";

    bool ours = false;
    for (int i = 0; i < started_count && !ours; i++)
        ours = started[i]->port != 0 && socket->local_port == started[i]->port;
    if (!ours || --*room < 0)
        return 0;
    if (socket->state == ST_LISTEN) {
        story_note("kernel", "port %d LISTEN, %u in the accept queue",
                   socket->local_port, socket->rqueue);
        return 0;
    }
    if (socket->inode == 0 && socket->state == ST_ESTABLISHED)
        held = ", accepted by nobody";
    story_note("kernel",
               "port %d to %d %s, %u bytes unread, %u unacknowledged%s",
               socket->local_port, socket->remote_port,
               state_name(socket->state), socket->rqueue, socket->wqueue, held);
    return 0;
}

/* Ports that clients, programs of this lab, have left in TIME_WAIT. */
static void note_spent_ports(void)
{
    struct wanted spent = {.state = "TIME_WAIT"};
    const struct program *client_program = NULL;

    for (int i = 0; i < started_count; i++) {
        if (started[i]->serves)
            spent.program = started[i];
        else
            client_program = started[i];
    }
    if (!spent.program || !client_program)
        return;
    diag_each(count_socket, &spent);
    if (spent.seen)
        story_note("kernel",
                   "%d ports are in TIME_WAIT after connections to port %d",
                   spent.seen, spent.program->port);
}

static bool log_is_whole(void *with)
{
    const struct program *program = with;

    return jail_output_ended(&outputs[program->slot + 1]);
}

static void note_log(struct program *program)
{
    enum { LINES = 4 };
    const struct jail_output *log = &outputs[program->slot + 1];
    /* What an ended program wrote last may still be in the pipe. */
    if (stage_reap(program))
        wait_within(log_is_whole, program, LOG_MS, true);
    size_t total = jail_output_total(log);
    char text[2048];
    size_t len = total < sizeof text - 1 ? total : sizeof text - 1;

    for (size_t i = 0; i < len; i++)
        text[i] = log->tail[(total - len + i) % sizeof log->tail];
    text[len] = '\0';
    char *line = text + len;
    for (int lines = 0; line > text; line--) {
        if (line[-1] == '\n' && line < text + len && ++lines == LINES)
            break;
    }
    for (char *rest, *one = strtok_r(line, "\n", &rest); one;
         one = strtok_r(NULL, "\n", &rest))
        story_note("log", "%.66s", one);
}

void stage_evidence(void)
{
    static const char *const counters[] = {"TCPAbortOnClose", "TCPAbortOnData",
                                           "ListenOverflows", "OutRsts"};
    int room = 6;

    if (!stage_is_open)
        return;
    for (int i = 0; i < started_count; i++) {
        struct program *program = started[i];
        if (stage_reap(program) && program->serves)
            story_note("kernel", "%s", stage_end_words(program));
        else if (program->serves)
            story_note("kernel", "%s: %d descriptors open, %d at the start",
                       program->name, open_files(program),
                       program->baseline_fds);
    }
    diag_each(note_socket, &room);
    note_spent_ports();
    if (tier != NET_SHARED) {
        char text[160] = "";
        for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
            long value = net_counter(counters[i]);
            size_t len = strlen(text);
            if (value > 0)
                snprintf(text + len, sizeof text - len, "%s%s %ld",
                         len ? ", " : "", counters[i], value);
        }
        if (text[0])
            story_note("counters", "%s", text);
    }
    for (int i = 0; i < started_count; i++)
        note_log(started[i]);
}

static void keep_log(const struct program *program)
{
    const struct jail_output *log = &outputs[program->slot + 1];
    size_t total = jail_output_total(log), used = strlen(current->log);
    size_t room = sizeof current->log - used - 1;
    size_t len = total < sizeof log->head ? total : sizeof log->head;

    if (len > room)
        len = room;
    memcpy(current->log + used, log->head, len);
    current->log[used + len] = '\0';
}

void stage_close(void)
{
    if (!stage_is_open)
        return;
    stage_is_open = false;
    jail_close(&jail);
    for (int i = 0; i < started_count; i++)
        keep_log(started[i]);
}
