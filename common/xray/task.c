#define _GNU_SOURCE
#include "task.h"
#include "file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

enum { BUCKETS = 1024 };

static struct task *buckets[BUCKETS];
static struct task *first, **last = &first;
static int alive[2], births[2];

static struct task **bucket(pid_t tid)
{
    return &buckets[(unsigned)tid % BUCKETS];
}

struct task *task_first(void)
{
    return first;
}

struct task *task_find(pid_t tid)
{
    struct task *task = *bucket(tid);

    while (task && task->tid != tid)
        task = task->same_hash;
    return task;
}

struct task *task_add(pid_t tid, pid_t tgid, enum side side)
{
    struct task *leader = tid == tgid ? NULL : task_find(tgid);
    struct task *task = calloc(1, sizeof *task);
    if (!task)
        return NULL;

    task->tid = tid;
    task->tgid = tgid;
    task->side = side;
    task->event = -1;
    task->born = births[side]++;
    task->pidfd =
        leader ? leader->pidfd : (int)syscall(SYS_pidfd_open, tgid, 0);
    task->same_hash = *bucket(tid);
    *bucket(tid) = task;
    *last = task;
    last = &task->next;
    alive[side]++;
    return task;
}

void task_remove(struct task *task)
{
    struct task **at = bucket(task->tid);

    while (*at != task)
        at = &(*at)->same_hash;
    *at = task->same_hash;
    for (at = &first; *at != task; at = &(*at)->next)
        continue;
    *at = task->next;
    if (last == &task->next)
        last = at;
    if (task->tid == task->tgid && task->pidfd != -1)
        close(task->pidfd);
    alive[task->side]--;
    free(task);
}

int task_alive(enum side side)
{
    return alive[side];
}

char task_state(const struct task *task)
{
    char path[64], text[512];

    snprintf(path, sizeof path, "/proc/%d/stat", task->tid);
    if (file_read(path, text, sizeof text) <= 0)
        return 0;
    /* The name, in parentheses, may hold anything. */
    const char *end = strrchr(text, ')');
    return end && end[1] == ' ' ? end[2] : 0;
}
