#include "proc.h"
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MANY = 4096 };

int proc_open(const char *path)
{
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* pid (name) state parent ...: the name may hold blanks and brackets. */
static int parse_stat(const char *text, struct proc_stat *out)
{
    const char *open_bracket = strchr(text, '(');
    const char *close_bracket = strrchr(text, ')');

    if (!open_bracket || !close_bracket)
        return -1;
    *out = (struct proc_stat){.pid = (pid_t)atol(text)};
    size_t len = (size_t)(close_bracket - open_bracket - 1);
    if (len >= sizeof out->name)
        len = sizeof out->name - 1;
    memcpy(out->name, open_bracket + 1, len);
    return sscanf(close_bracket + 1, " %c %d", &out->state, &out->parent) == 2
               ? 0
               : -1;
}

int proc_stat(int proc, pid_t pid, struct proc_stat *out)
{
    char path[32], text[512];

    snprintf(path, sizeof path, "%d/stat", pid);
    if (file_read_at(proc, path, text, sizeof text) <= 0)
        return -1;
    return parse_stat(text, out);
}

/* The next entry of dir that is a number, or 0 at the end. */
static long next_number(DIR *dir)
{
    struct dirent *entry;

    while ((entry = readdir(dir))) {
        long number = strtol(entry->d_name, NULL, 10);
        if (number > 0)
            return number;
    }
    return 0;
}

static DIR *open_dir(int proc, const char *path)
{
    int fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd == -1 ? NULL : fdopendir(fd);
}

static int list_all(int proc, struct proc_stat *out, int max)
{
    int count = 0;
    long pid;
    DIR *dir = open_dir(proc, ".");
    if (!dir)
        return 0;

    while (count < max && (pid = next_number(dir)) != 0) {
        if (proc_stat(proc, (pid_t)pid, &out[count]) == 0)
            count++;
    }
    closedir(dir);
    return count;
}

/* Whether one descends from ancestor, by the parents in all. */
static bool descends(const struct proc_stat *all, int count,
                     const struct proc_stat *one, pid_t ancestor)
{
    pid_t parent = one->parent;

    for (int hops = 0; hops < count && parent > 0; hops++) {
        if (parent == ancestor)
            return true;
        pid_t next = 0;
        for (int i = 0; i < count && next == 0; i++) {
            if (all[i].pid == parent)
                next = all[i].parent;
        }
        parent = next;
    }
    return false;
}

int proc_list(int proc, pid_t ancestor, struct proc_stat *out, int max)
{
    static struct proc_stat all[MANY];
    int found = 0, count = list_all(proc, all, MANY);

    for (int i = 0; i < count; i++) {
        bool wanted = ancestor ? descends(all, count, &all[i], ancestor)
                               : all[i].pid != 1;
        if (wanted && found++ < max)
            out[found - 1] = all[i];
    }
    return found;
}

static unsigned long count_switches(int proc, const char *base)
{
    char path[64], text[2048];
    unsigned long sum = 0;

    snprintf(path, sizeof path, "%s/status", base);
    if (file_read_at(proc, path, text, sizeof text) <= 0)
        return 0;
    const char *line = strstr(text, "voluntary_ctxt_switches:");
    if (line)
        sum += strtoul(strchr(line, ':') + 1, NULL, 10);
    line = strstr(text, "nonvoluntary_ctxt_switches:");
    if (line)
        sum += strtoul(strchr(line, ':') + 1, NULL, 10);
    return sum;
}

static int read_task(int proc, pid_t pid, pid_t tid, struct proc_task *out)
{
    char base[48], path[64], text[512];
    struct proc_stat stat;

    snprintf(base, sizeof base, "%d/task/%d", pid, tid);
    snprintf(path, sizeof path, "%s/stat", base);
    if (file_read_at(proc, path, text, sizeof text) <= 0 ||
        parse_stat(text, &stat) == -1)
        return -1;
    *out = (struct proc_task){.tid = tid, .state = stat.state, .call = -1};
    out->switches = count_switches(proc, base);

    snprintf(path, sizeof path, "%s/syscall", base);
    unsigned long *arg = out->arg;
    if (file_read_at(proc, path, text, sizeof text) <= 0 ||
        sscanf(text, "%ld %lx %lx %lx %lx %lx %lx", &out->call, &arg[0],
               &arg[1], &arg[2], &arg[3], &arg[4], &arg[5]) != 7)
        out->call = -1;
    return 0;
}

int proc_tasks(int proc, pid_t pid, struct proc_task *out, int max)
{
    char path[32];
    int count = 0;
    long tid;

    snprintf(path, sizeof path, "%d/task", pid);
    DIR *dir = open_dir(proc, path);
    if (!dir)
        return 0;
    while (count < max && (tid = next_number(dir)) != 0) {
        if (read_task(proc, pid, (pid_t)tid, &out[count]) == 0)
            count++;
    }
    closedir(dir);
    return count;
}

/* Fields 14 and 15 of stat are clock ticks; schedstat has nanoseconds, but only
 * of threads that still live and only where the kernel was built so. */
int64_t proc_cpu_ns(int proc, pid_t pid)
{
    char path[32], text[512];
    unsigned long user = 0, system = 0;

    snprintf(path, sizeof path, "%d/stat", pid);
    if (file_read_at(proc, path, text, sizeof text) <= 0)
        return 0;
    const char *rest = strrchr(text, ')');
    if (!rest || sscanf(rest + 1,
                        " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u"
                        " %lu %lu",
                        &user, &system) != 2)
        return 0;
    return (int64_t)(user + system) * 1000000000 / sysconf(_SC_CLK_TCK);
}

int proc_fds(int proc, pid_t pid, unsigned long *sockets, int max,
             int *found_sockets)
{
    char path[64], target[64];
    struct dirent *entry;
    int count = 0, found = 0;

    snprintf(path, sizeof path, "%d/fd", pid);
    DIR *dir = open_dir(proc, path);
    if (!dir)
        return -1;
    while ((entry = readdir(dir))) {
        unsigned long inode;
        if (entry->d_name[0] == '.')
            continue;
        count++;
        ssize_t n =
            readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);
        target[n > 0 ? n : 0] = '\0';
        if (sscanf(target, "socket:[%lu]", &inode) == 1 && found++ < max &&
            sockets)
            sockets[found - 1] = inode;
    }
    closedir(dir);
    if (found_sockets)
        *found_sockets = found;
    return count;
}

static bool has_timerfd(int proc, pid_t pid)
{
    char path[64], target[64];
    struct dirent *entry;
    bool found = false;

    snprintf(path, sizeof path, "%d/fd", pid);
    DIR *dir = open_dir(proc, path);
    if (!dir)
        return true; /* not seen is not absent */
    while (!found && (entry = readdir(dir))) {
        ssize_t n =
            readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);
        target[n > 0 ? n : 0] = '\0';
        found = strcmp(target, "anon_inode:[timerfd]") == 0;
    }
    closedir(dir);
    return found;
}

bool proc_has_clock(int proc, pid_t pid)
{
    char path[64], text[2048];
    static const unsigned long long alarms =
        1ULL << (SIGALRM - 1) | 1ULL << (SIGVTALRM - 1) | 1ULL << (SIGPROF - 1);

    snprintf(path, sizeof path, "%d/status", pid);
    if (file_read_at(proc, path, text, sizeof text) <= 0)
        return false;
    const char *caught = strstr(text, "SigCgt:");
    if (caught && (strtoull(caught + strlen("SigCgt:"), NULL, 16) & alarms))
        return true;
    snprintf(path, sizeof path, "%d/timers", pid);
    if (file_read_at(proc, path, text, sizeof text) > 0)
        return true;
    return has_timerfd(proc, pid);
}
