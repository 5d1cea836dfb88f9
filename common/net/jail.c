#define _GNU_SOURCE /* clone flags, setns, pipe2 */
#include "jail.h"
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NOBODY = 65534, MEBIBYTE = 1 << 20 };

/* ---- the keeper: pid 1, or a helper beside the programs ---- */

static void record(struct jail_output *output, const char *bytes, size_t n)
{
    size_t total = output->total;

    for (size_t i = 0; i < n; i++, total++) {
        if (total < sizeof output->head)
            output->head[total] = bytes[i];
        output->tail[total % sizeof output->tail] = bytes[i];
    }
    __atomic_store_n(&output->total, total, __ATOMIC_RELEASE);
}

/* Reads what is there. Returns false at the end of the file. */
static bool drain(int fd, struct jail_output *output)
{
    char bytes[16 * 1024];
    ssize_t n = read(fd, bytes, sizeof bytes);

    if (n > 0)
        record(output, bytes, (size_t)n);
    if (n == 0)
        __atomic_store_n(&output->ended, 1, __ATOMIC_RELEASE);
    return n > 0 || (n == -1 && (errno == EAGAIN || errno == EINTR));
}

/* Ends whatever carries our token; used where no namespace does it for us. */
static void end_marked(const char *token)
{
    static char environment[128 * 1024];
    bool found = true;

    while (found) {
        found = false;
        DIR *dir = opendir("/proc");
        if (!dir)
            return;
        for (struct dirent *e; (e = readdir(dir));) {
            char path[288];
            pid_t pid = (pid_t)atoi(e->d_name);
            snprintf(path, sizeof path, "/proc/%s/environ", e->d_name);
            ssize_t n = pid > 1 && pid != getpid()
                            ? file_read(path, environment, sizeof environment)
                            : -1;
            if (n > 0 && memmem(environment, (size_t)n, token, strlen(token)) &&
                kill(pid, SIGKILL) == 0)
                found = true;
        }
        closedir(dir);
        if (found)
            poll(NULL, 0, 1);
    }
}

static void keep(const struct jail *jail, const int read_end[], int alive)
{
    struct pollfd watched[JAIL_OUTPUTS + 1];

    for (int i = 0; i < JAIL_OUTPUTS; i++)
        watched[i] = (struct pollfd){.fd = read_end[i], .events = POLLIN};
    watched[JAIL_OUTPUTS] = (struct pollfd){.fd = alive, .events = POLLIN};
    while (watched[JAIL_OUTPUTS].revents == 0) {
        if (poll(watched, JAIL_OUTPUTS + 1, -1) == -1)
            continue;
        for (int i = 0; i < JAIL_OUTPUTS; i++) {
            if (watched[i].revents && !drain(read_end[i], &jail->outputs[i]))
                watched[i].fd = -1;
        }
    }
    if (jail->tier == NET_SHARED)
        end_marked(jail->token);
}

/* ---- the root of the jail, built by the keeper ---- */

/* Binds source read-only at target; a source that is not there is no error. */
static int bind_read_only(const char *source, const char *target, bool is_dir)
{
    struct stat stat;
    struct statvfs mounted;

    if (lstat(source, &stat) == -1)
        return 0;
    if (S_ISLNK(stat.st_mode)) { /* /bin is a link to usr/bin, mostly */
        char to[256];
        ssize_t n = readlink(source, to, sizeof to - 1);
        if (n == -1)
            return -1;
        to[n] = '\0';
        return symlink(to, target);
    }
    int fd = is_dir ? mkdir(target, 0755)
                    : open(target, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    if (fd == -1)
        return -1;
    if (!is_dir)
        close(fd);
    if (mount(source, target, NULL, MS_BIND | MS_REC, NULL) == -1)
        return -1;
    if (!is_dir)
        return 0;
    /* A bind mount turns read-only only when it is mounted again. What the
     * mount forbade outside must stay forbidden: mount_namespaces(7). */
    unsigned long flags =
        MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV;
    if (statvfs(target, &mounted) == 0 && (mounted.f_flag & ST_NOEXEC))
        flags |= MS_NOEXEC;
    return mount(NULL, target, NULL, flags, NULL);
}

static int bind_system(void)
{
    static const char *const dirs[] = {
        "usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix", "gnu"};
    static const char *const devices[] = {"dev/null", "dev/zero", "dev/full",
                                          "dev/random", "dev/urandom"};
    char source[64];

    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
        snprintf(source, sizeof source, "/%s", dirs[i]);
        if (bind_read_only(source, dirs[i], true) == -1)
            return -1;
    }
    if (mkdir("dev", 0755) == -1)
        return -1;
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
        snprintf(source, sizeof source, "/%s", devices[i]);
        if (bind_read_only(source, devices[i], false) == -1)
            return -1;
    }
    return 0;
}

static int copy_file(const struct jail_file *file)
{
    char path[128];
    struct stat stat;
    off_t from = 0;

    snprintf(path, sizeof path, "box/%s", file->name);
    if (fstat(file->fd, &stat) == -1)
        return -1;
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0755);
    if (fd == -1)
        return -1;
    ssize_t n = 1;
    while (from < stat.st_size && n > 0)
        n = sendfile(fd, file->fd, &from, (size_t)(stat.st_size - from));
    close(fd);
    return from == stat.st_size ? 0 : -1;
}

/* Everything below is done in this order for a reason: nothing of the old root
 * can be reached once it is unmounted. Returns NULL, or the step that failed.*/
static const char *build_root(const struct jail_file files[])
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
        return "private mounts";
    if (mount("jail", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV,
              "size=48m,nr_inodes=2k,mode=755") == -1 ||
        chdir("/tmp") == -1)
        return "tmpfs";
    if (bind_system() == -1)
        return "system directories";
    if (mkdir("tmp", 0777) == -1 || chmod("tmp", 01777) == -1 ||
        mkdir("box", 0755) == -1 || mkdir("proc", 0755) == -1)
        return "directories";
    for (const struct jail_file *file = files; file->name; file++) {
        if (copy_file(file) == -1)
            return "copy of a program";
    }
    /* Refused where this machine's own /proc is partly covered, as in
     * containers; then there is none inside. */
    mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    if (syscall(SYS_pivot_root, ".", ".") == -1 ||
        umount2(".", MNT_DETACH) == -1 || chdir("/") == -1)
        return "pivot_root";
    return NULL;
}

static void be_keeper(const struct jail *jail, const struct jail_file files[],
                      uid_t uid, gid_t gid, const int read_end[], int alive,
                      int ready)
{
    const char *failed = NULL;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "keeper");
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGCHLD, SIG_IGN); /* orphans come to us and leave no zombie */
    if (jail->tier == NET_PRIVATE && net_map_ids(uid, gid) == -1)
        failed = "id map of the jail";
    /* No further namespaces from in here; the limit is that of this one. */
    if (!failed && jail->tier == NET_PRIVATE &&
        file_write("/proc/sys/user/max_user_namespaces", "0") == -1)
        failed = "limit of namespaces";
    if (!failed && jail->tier != NET_SHARED)
        failed = build_root(files);
    if (failed)
        _exit(dprintf(ready, "%s: %m", failed) < 0 ? 2 : 1);
    close(ready);
    keep(jail, read_end, alive);
    _exit(0);
}

/* ---- the maker's side ---- */

struct jail_output *jail_outputs_new(void)
{
    void *memory =
        mmap(NULL, JAIL_OUTPUTS * sizeof(struct jail_output),
             PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

static int open_pipes(struct jail *jail, int read_end[])
{
    for (int i = 0; i < JAIL_OUTPUTS; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) == -1)
            return -1;
        read_end[i] = ends[0];
        jail->write_end[i] = ends[1];
        jail->outputs[i].total = 0;
        jail->outputs[i].ended = 0;
    }
    return 0;
}

/* fork(2), born into new namespaces. Not through glibc, which has no such
 * call; the child only uses what may be used after fork. */
static pid_t fork_into(unsigned long namespaces)
{
    return (pid_t)syscall(SYS_clone, namespaces | SIGCHLD, 0, 0, 0, 0);
}

static void look_inside(struct jail *jail)
{
    char path[64];

    if (jail->tier != NET_SHARED) {
        snprintf(path, sizeof path, "/proc/%d/root/proc/1", jail->keeper);
        jail->own_proc = access(path, F_OK) == 0;
        *strrchr(path, '/') = '\0';
    }
    jail->proc = proc_open(jail->own_proc ? path : "/proc");
}

int jail_open(struct jail *jail, enum net_tier tier,
              const struct jail_file files[], struct jail_output *outputs,
              const char **step)
{
    static char why[160];
    int read_end[JAIL_OUTPUTS], alive[2], ready[2];
    uid_t uid = geteuid();
    gid_t gid = getegid();
    unsigned long namespaces = 0;

    *jail = (struct jail){.tier = tier, .outputs = outputs};
    snprintf(jail->token, sizeof jail->token, "LAB_JAIL=%d.%ld", getpid(),
             (long)time(NULL));
    *step = "pipes";
    if (open_pipes(jail, read_end) == -1 || pipe2(alive, O_CLOEXEC) == -1 ||
        pipe2(ready, O_CLOEXEC) == -1)
        return -1;
    if (tier != NET_SHARED)
        namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
    if (tier == NET_PRIVATE)
        namespaces |= CLONE_NEWUSER;

    *step = "clone";
    jail->keeper = fork_into(namespaces);
    if (jail->keeper == -1)
        return -1;
    if (jail->keeper == 0) {
        close(alive[1]);
        for (int i = 0; i < JAIL_OUTPUTS; i++)
            close(jail->write_end[i]);
        be_keeper(jail, files, uid, gid, read_end, alive[0], ready[1]);
    }
    jail->alive = alive[1];
    close(alive[0]);
    close(ready[1]);
    for (int i = 0; i < JAIL_OUTPUTS; i++)
        close(read_end[i]);
    ssize_t n = read(ready[0], why, sizeof why - 1);
    close(ready[0]);
    if (n > 0) {
        why[n] = '\0';
        *step = why;
        errno = ECANCELED;
        return -1;
    }
    *step = "joining the jail";
    jail->keeper_fd = (int)syscall(SYS_pidfd_open, jail->keeper, 0);
    if (jail->keeper_fd == -1 && tier != NET_SHARED)
        return -1;
    if (tier != NET_SHARED && setns(jail->keeper_fd, CLONE_NEWPID) == -1)
        return -1;
    if (tier == NET_SHARED)
        prctl(PR_SET_CHILD_SUBREAPER, 1);
    look_inside(jail);
    return jail->proc == -1 ? -1 : 0;
}

/* ---- one program ---- */

static int limit(int resource, rlim_t value)
{
    struct rlimit both = {value, value};

    /* Never above what we were given: only the privileged may raise it. */
    struct rlimit now;
    if (getrlimit(resource, &now) == 0 && now.rlim_max < value)
        both.rlim_cur = both.rlim_max = now.rlim_max;
    return setrlimit(resource, &both);
}

static int set_limits(const struct jail_order *order)
{
    const rlim_t mebibyte = MEBIBYTE;

    if (limit(RLIMIT_CORE, 0) == -1 ||
        limit(RLIMIT_NOFILE, order->files ? order->files : 256) == -1 ||
        limit(RLIMIT_FSIZE, 64 * mebibyte) == -1 ||
        limit(RLIMIT_CPU, 60) == -1 || limit(RLIMIT_NPROC, 512) == -1)
        return -1;
    if (order->sanitized)
        return 0;
    return limit(RLIMIT_AS, 4096 * mebibyte) == -1 ||
                   limit(RLIMIT_DATA, 1024 * mebibyte) == -1
               ? -1
               : 0;
}

/* capabilities(7): first what a program executed later could get back, then
 * what we hold now. */
static int drop_rights(const struct jail *jail)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0}};

    if (jail->tier != NET_SHARED) {
        for (int cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
            ;
    }
    if (jail->tier == NET_PRIVATE_ROOT && net_leave_root() == -1)
        return -1;
    if (syscall(SYS_capset, &header, none) == -1)
        return -1;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static void default_signals(void)
{
    enum { KERNEL_SET = 8 }; /* bytes in the kernel's signal set */
    const unsigned long by_default[8] = {0}; /* SIG_DFL, no flags, no mask */
    sigset_t none;

    /* SIGPIPE among them: a shell's `trap '' PIPE` would cure lab 5. Past the
     * C library, which does not touch the signals that it uses itself. */
    for (int number = 1; number < NSIG; number++)
        syscall(SYS_rt_sigaction, number, by_default, NULL, KERNEL_SET);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int set_descriptors(const struct jail_order *order, int out, int err)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null == -1 || dup2(null, 0) == -1 || dup2(out, 1) == -1 ||
        dup2(err, 2) == -1)
        return -1;
    if (order->spare_fds == 0)
        return (int)syscall(SYS_close_range, 3, ~0U, 0);
    if (syscall(SYS_close_range, 3 + order->spare_fds, ~0U, 0) == -1)
        return -1;
    for (int fd = 3; fd < 3 + order->spare_fds; fd++) {
        if (dup2(0, fd) == -1)
            return -1;
    }
    return 0;
}

static void be_program(const struct jail *jail, const struct jail_order *order,
                       int out, int err)
{
    const char *env[8] = {"PATH=/usr/local/bin:/usr/bin:/bin", jail->token};
    char path[128];
    int n = 2;

    for (int i = 0; i < 4 && order->env[i]; i++)
        env[n++] = order->env[i];
    file_write("/proc/self/oom_score_adj", "1000");
    if (jail->tier == NET_SHARED) {
        if (fchdir(order->dir_fd) == -1)
            _exit(126);
    } else {
        int namespaces = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;
        if (jail->tier == NET_PRIVATE)
            namespaces |= CLONE_NEWUSER;
        if (setns(jail->keeper_fd, namespaces) == -1 || chdir("/box") == -1)
            _exit(126);
    }
    setsid(); /* or kill(0, ...) in there would reach the tests out here */
    default_signals();
    if (set_descriptors(order, out, err) == -1 || set_limits(order) == -1 ||
        drop_rights(jail) == -1)
        _exit(126);
    if (jail->tier == NET_SHARED)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(path, sizeof path, "./%s", order->argv[0]);
    execve(path, order->argv, (char *const *)env);
    _exit(127);
}

pid_t jail_spawn(struct jail *jail, const struct jail_order *order, int *slot)
{
    if (jail->spawned == JAIL_PROGRAMS) {
        errno = EAGAIN;
        return -1;
    }
    int out = 2 * jail->spawned;
    pid_t pid = fork();
    if (pid == 0)
        be_program(jail, order, jail->write_end[out], jail->write_end[out + 1]);
    if (pid == -1)
        return -1;
    close(jail->write_end[out]);
    close(jail->write_end[out + 1]);
    jail->write_end[out] = jail->write_end[out + 1] = -1;
    jail->spawned++;
    *slot = out;
    return pid;
}

/* ---- looking in ---- */

/* NSpid in /proc/PID/status: its pid in each namespace, outermost first. */
static pid_t innermost_pid(const char *status)
{
    const char *line = strstr(status, "\nNSpid:");
    pid_t pid = 0;
    int used;

    if (!line)
        return 0;
    line += strlen("\nNSpid:");
    for (int value; sscanf(line, "%d%n", &value, &used) == 1; line += used) {
        pid = value;
        if (line[used] == '\n')
            break;
    }
    return pid;
}

pid_t jail_pid(const struct jail *jail, pid_t pid)
{
    char path[64], status[2048];

    if (!jail->own_proc)
        return pid;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    if (file_read(path, status, sizeof status) <= 0)
        return 0;
    return innermost_pid(status);
}

pid_t jail_pid_outside(const struct jail *jail, pid_t inside)
{
    char path[288], wanted[64], link[64];
    pid_t found = 0;

    if (!jail->own_proc)
        return inside;
    snprintf(path, sizeof path, "/proc/%d/ns/pid", jail->keeper);
    ssize_t len = readlink(path, wanted, sizeof wanted);
    DIR *dir = opendir("/proc");
    if (!dir)
        return 0;
    for (struct dirent *e; len > 0 && !found && (e = readdir(dir));) {
        pid_t pid = (pid_t)atoi(e->d_name);
        snprintf(path, sizeof path, "/proc/%s/ns/pid", e->d_name);
        if (pid > 0 && readlink(path, link, sizeof link) == len &&
            memcmp(link, wanted, (size_t)len) == 0 &&
            jail_pid(jail, pid) == inside)
            found = pid;
    }
    closedir(dir);
    return found;
}

int jail_list(const struct jail *jail, struct proc_stat *out, int max)
{
    if (jail->own_proc)
        return proc_list(jail->proc, 0, out, max);

    int kept = 0, count = proc_list(jail->proc, getpid(), out, max);
    for (int i = 0; i < count && i < max; i++) {
        if (out[i].pid != jail->keeper)
            out[kept++] = out[i];
    }
    return kept;
}

size_t jail_output_total(const struct jail_output *output)
{
    return __atomic_load_n(&output->total, __ATOMIC_ACQUIRE);
}

bool jail_output_ended(const struct jail_output *output)
{
    return __atomic_load_n(&output->ended, __ATOMIC_ACQUIRE);
}

/* Where no pid namespace does it: whoever still descends from us. */
static void end_descendants(void)
{
    static struct proc_stat left[64];
    int proc = proc_open("/proc");

    int count = proc == -1 ? 0 : proc_list(proc, getpid(), left, 64);
    for (int i = 0; i < count && i < 64; i++)
        kill(left[i].pid, SIGKILL);
    if (proc != -1)
        close(proc);
}

void jail_close(struct jail *jail)
{
    close(jail->alive);
    if (jail->tier == NET_SHARED) {
        waitpid(jail->keeper, NULL, 0);
        end_descendants();
    } else {
        kill(jail->keeper, SIGKILL);
    }
    /* Pid 1 is only gone when all the others are, and those that are our
     * children only when we have waited for them: pid_namespaces(7). */
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
    close(jail->proc);
    if (jail->keeper_fd != -1)
        close(jail->keeper_fd);
}
