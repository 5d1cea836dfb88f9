/*
 * A small closed machine for programs nobody has reason to trust: own pids, own
 * files, own users, the network of the process that made it. All programs of
 * one jail see each other, the same /tmp and the same loopback.
 *
 * Inside: /usr read-only, /box with the programs, a private /tmp, /dev/null and
 * its like, and /proc where the system allows one. Pid 1 is the keeper, which
 * records what the programs write. When the process that made the jail ends, in
 * whatever way, everything in it is ended by the kernel.
 *
 * At NET_SHARED there are no namespaces to build it from: the programs get
 * their own session, limits and closed descriptors, and see this machine.
 */
#ifndef JAIL_H
#define JAIL_H

#include "net.h"
#include "proc.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { JAIL_PROGRAMS = 8, JAIL_OUTPUTS = 2 * JAIL_PROGRAMS };

/* What a program wrote to one of its two outputs, kept in memory shared with
 * the keeper: the first and the last of it, and how much there was. */
struct jail_output {
    size_t total; /* bytes written so far; read it with jail_output_total() */
    int ended;    /* nobody can write any more */
    char head[48 * 1024];
    char tail[16 * 1024]; /* a ring: byte number i is tail[i % sizeof tail] */
};

/* One file that the programs find as /box/NAME. */
struct jail_file {
    const char *name;
    int fd; /* open for reading; opened while its path could still be read */
};

struct jail {
    enum net_tier tier;
    pid_t keeper;
    int keeper_fd; /* its pidfd */
    int alive;     /* closed when we end: the keeper waits for that */
    int proc;      /* a proc(5) in which to look for the programs */
    bool own_proc; /* it is the jail's own and has nothing else in it */
    int write_end[JAIL_OUTPUTS];
    int spawned;
    struct jail_output *outputs;
    char token[48]; /* NET_SHARED: marks the environment of our programs */
};

/* Room for the outputs of one jail in memory that children share. NULL with
 * errno on failure. */
struct jail_output *jail_outputs_new(void);

/*
 * Makes a jail in the network that the calling process has entered at that
 * tier. The caller must be single-threaded; from now on its own children are
 * born inside. files ends with a NULL name.
 * Returns 0, or -1 with errno and the step that failed in *step.
 */
int jail_open(struct jail *jail, enum net_tier tier,
              const struct jail_file files[], struct jail_output *outputs,
              const char **step);

struct jail_order {
    char *const *argv;  /* argv[0] is a name in /box */
    int dir_fd;         /* NET_SHARED: the directory that argv[0] is in */
    const char *env[4]; /* more of the environment, ends with NULL */
    unsigned files;     /* RLIMIT_NOFILE, 0 for 256 */
    int spare_fds;      /* this many descriptors are /dev/null from 3 on */
    bool sanitized;     /* no limit on address space: sanitizers need it all */
};

/*
 * Starts one program with default signal dispositions, stdin from /dev/null,
 * no descriptor above 2 but those ordered, no core, its own session and no
 * rights. It is a child of the caller: waitpid(2) tells how it ended.
 *
 * Returns its pid, or -1 with errno (EAGAIN: JAIL_PROGRAMS were started).
 * *slot becomes the index of its stdout in the outputs; stderr is the next.
 * A program that cannot be executed exits with status 127.
 */
pid_t jail_spawn(struct jail *jail, const struct jail_order *order, int *slot);

/* The pid under which jail->proc knows a process of ours. */
pid_t jail_pid(const struct jail *jail, pid_t pid);

/* The opposite: the pid under which we know a process of jail->proc, 0 if it
 * is gone. Slow: it looks through all processes of this machine. */
pid_t jail_pid_outside(const struct jail *jail, pid_t inside);

/* All processes in the jail but the keeper, zombies too. Returns how many there
 * are, and fills at most max. */
int jail_list(const struct jail *jail, struct proc_stat *out, int max);

/* How many bytes a program has written to that output so far. */
size_t jail_output_total(const struct jail_output *output);

/* Whether everything ever to be written there has been recorded. */
bool jail_output_ended(const struct jail_output *output);

/* Ends everything in the jail and waits until it is gone. That takes waiting
 * for every child that the calling process has. */
void jail_close(struct jail *jail);

#endif
