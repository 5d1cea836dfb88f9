/* The processes and threads of both programs, as the trace follows them. */
#ifndef TASK_H
#define TASK_H

#include "events.h"

enum held {
    HELD_NOT,
    HELD_CALL,  /* stopped at the entry of a call */
    HELD_EXIT,  /* stopped on its way out, its descriptors still open */
    HELD_AWAKE, /* stopped at the end of a sleep */
};

struct task {
    struct task *next; /* all living ones, oldest first */
    struct task *same_hash;
    pid_t tid, tgid;
    int pidfd; /* of the process; only its first thread owns it */
    enum side side;
    int born;         /* the how manyth of its side */
    long event;       /* index of the call that it is in, or -1 */
    uint64_t args[6]; /* of that call */
    bool restart;     /* a signal broke into that call */
    bool exit_seen;
    bool in_vfork;  /* sleeps until its child has called exec or exit */
    bool busy_loop; /* computes instead of sleeping: nobody waits for it */
    enum held held;
    int64_t held_since;
};

/* The first of all living tasks, in the order of their birth. */
struct task *task_first(void);

/* NULL when there is no living one of that number. */
struct task *task_find(pid_t tid);

/* Adds one; tgid is the process that it is a thread of, or itself. */
struct task *task_add(pid_t tid, pid_t tgid, enum side side);

/* Forgets one that has ended. */
void task_remove(struct task *task);

/* How many of that side live. */
int task_alive(enum side side);

/* 'R', 'S', 't'... as in /proc/PID/stat; 0 when it is gone. */
char task_state(const struct task *task);

#endif
