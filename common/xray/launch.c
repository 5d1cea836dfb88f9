#define _GNU_SOURCE /* pipe2 */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

enum { CLOEXEC_RANGE = 4, OLD_KERNEL_FDS = 4096 };

/* A program that inherits SIG_IGN for SIGPIPE never dies of it. */
static void reset_signals(void)
{
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void close_above_2(void)
{
    if (syscall(SYS_close_range, 3, ~0U, CLOEXEC_RANGE) == 0)
        return;
    for (int fd = 3; fd < OLD_KERNEL_FDS; fd++)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void become(char *const argv[], int output, pid_t parent, int failed)
{
    struct rlimit none = {0, 0};

    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    reset_signals();
    setrlimit(RLIMIT_CORE, &none);
    int null = open("/dev/null", O_RDONLY);
    dup2(null, 0);
    dup2(output, 1);
    dup2(output, 2);
    close_above_2();
    execvp(argv[0], argv);
    int error = errno;
    if (write(failed, &error, sizeof error) == -1)
        _exit(126);
    _exit(127);
}

/* A traced process stops on its way out. */
static void bury(pid_t pid)
{
    int status;

    kill(pid, SIGKILL);
    while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status))
        ptrace(PTRACE_CONT, pid, 0, 0);
}

pid_t launch(char *const argv[], int output, int (*traced)(pid_t pid))
{
    int go[2], failed[2], error = 0;
    char byte = 0;

    if (pipe2(go, O_CLOEXEC) == -1 || pipe2(failed, O_CLOEXEC) == -1)
        return -1;
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        close(go[1]);
        /* Until the tracer has taken hold of us. */
        if (read(go[0], &byte, 1) == 1)
            become(argv, output, parent, failed[1]);
        _exit(127);
    }
    close(go[0]);
    close(failed[1]);
    if (pid == -1 || traced(pid) != 0 || write(go[1], &byte, 1) != 1)
        error = errno;
    close(go[1]);
    /* exec closes the pipe; if it fails, the reason comes through it. */
    if (error == 0 &&
        read(failed[0], &error, sizeof error) != (ssize_t)sizeof error)
        error = 0;
    close(failed[0]);
    if (error != 0) {
        if (pid != -1)
            bury(pid);
        errno = error;
        return -1;
    }
    return pid;
}
