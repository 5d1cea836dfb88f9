/*
 * What the kernel tells about processes, from a mounted proc(5). Every call
 * takes that mount's directory, so that a pid means the same on both sides
 * where the processes live in a pid namespace of their own.
 */
#ifndef PROC_H
#define PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One line of /proc/PID/stat, as far as it is used here. */
struct proc_stat {
    pid_t pid, parent;
    char name[32];
    char state; /* R running, S asleep, D disk, T stopped, Z zombie */
};

/* Opens the proc that is mounted at path. Returns a directory, or -1. */
int proc_open(const char *path);

/* Returns 0 and fills *out, or -1 when there is no such process. */
int proc_stat(int proc, pid_t pid, struct proc_stat *out);

/*
 * All processes in this proc but pid 1 when ancestor is 0, else the ancestor's
 * descendants, in no order. Returns how many there are and fills at most max.
 */
int proc_list(int proc, pid_t ancestor, struct proc_stat *out, int max);

/* One thread: its state, its context switches so far, and the system call it
 * sleeps in: number (-1 when it runs or this may not be seen) and arguments. */
struct proc_task {
    pid_t tid;
    char state;
    unsigned long switches;
    long call;
    unsigned long arg[6];
};

/* The threads of one process. Returns how many, at most max; 0 if it is gone.*/
int proc_tasks(int proc, pid_t pid, struct proc_task *out, int max);

/* Processor time that the process and its threads used, in nanoseconds; 0 when
 * it is gone. */
int64_t proc_cpu_ns(int proc, pid_t pid);

/*
 * The open descriptors of a process. sockets, which may be NULL, gets the inode
 * numbers of those that are sockets of any kind, at most max, and
 * *found_sockets how many. Returns the number of all open descriptors, or -1
 * with errno.
 */
int proc_fds(int proc, pid_t pid, unsigned long *sockets, int max,
             int *found_sockets);

/* Whether the process may be woken by a clock that the system call it sleeps in
 * does not show: an armed timerfd(2), timer_create(2), or a handler for
 * SIGALRM, SIGVTALRM or SIGPROF. */
bool proc_has_clock(int proc, pid_t pid);

#endif
