/* Writing down what a stopped task does: turns stops into events. */
#ifndef NOTE_H
#define NOTE_H

#include "events.h"
#include "task.h"

struct ptrace_syscall_info;

/* The task is at the entry of a call, and has not run since that time. */
void note_enter(struct recording *recording, struct task *task,
                const struct ptrace_syscall_info *info, int64_t time, int step);

/* The task has come out of a call. Returns the event, or NULL when the call is
 * not drawn or goes on. */
const struct event *note_leave(struct recording *recording, struct task *task,
                               const struct ptrace_syscall_info *info,
                               int64_t time, int step);

/* A signal is being delivered. */
void note_signal(struct recording *recording, struct task *task, int signal,
                 int64_t time, int step);

/* The process is on its way out, or gone; status as from waitpid(2). */
void note_exit(struct recording *recording, struct task *task, int status,
               int64_t time, int step);

/* Sockets and counters as they are now, the end of the run. */
void note_end(struct recording *recording);

#endif
