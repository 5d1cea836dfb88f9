/*
 * Programs at rest: every thread asleep for a few milliseconds on end. One that
 * asks a socket again and again never gets there, however busy the machine is.
 */
#include "inside.h"

#include <sys/syscall.h>
#include <unistd.h>

enum { REST_NS = 3000000, THREADS = 256 };

/* Asleep, and not only until somebody empties the pipe of its log. */
static bool rests(const struct proc_task *task)
{
    bool writes = task->call == SYS_write || task->call == SYS_writev;

    return task->state != 'R' && task->state != 'D' &&
           !(writes && task->arg[0] <= STDERR_FILENO);
}

bool rest_has_come(void *with)
{
    static struct proc_stat process[FAMILY];
    static struct proc_task task[THREADS];
    unsigned long switches = 0;
    struct rest *rest = with;
    bool all = true;

    int count = jail_list(&jail, process, FAMILY);
    for (int i = 0; i < count && i < FAMILY; i++) {
        int threads = proc_tasks(jail.proc, process[i].pid, task, THREADS);
        for (int j = 0; j < threads; j++) {
            switches += task[j].switches;
            all = all && rests(&task[j]);
        }
    }
    if (!all || switches != rest->switches) {
        rest->switches = switches;
        rest->since = now_ns();
        return false;
    }
    return now_ns() - rest->since >= REST_NS;
}

void expect_rest(const struct program *program)
{
    struct rest rest = {.since = now_ns()};

    if (wait_for(rest_has_come, &rest) != READY)
        story_fail("the %s has nothing to do and should sleep until there is, "
                   "and does not: %s",
                   program->name, wait_words());
    story_step("the %s sleeps", program->name);
}
