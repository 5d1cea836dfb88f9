/*
 * What it costs to give every descriptor back: 5,120 connections through the
 * fixed server of lab 6, and as many through a bare loop that only accepts and
 * closes, in turns and over the same loopback. Prints the ratio of the two
 * times, the median of the rounds.
 *
 * run:   build/bench/fd-leak build/solutions/06-fd-leak/server
 * exit:  0 when all were answered and the descriptors are those of before
 */
#include "diag.h"
#include "lab.h"
#include "net.h"
#include "proc.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS = 5120, ROUNDS = 16, EACH = CONNECTIONS / ROUNDS };

/* A client of the fixed server is one of three kinds, in turn. */
enum kind { GREETS, IS_REFUSED, LEAVES, KINDS };

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

/* ---- the two servers ---- */

/* A child whose log goes nowhere and which ends when we do. */
static pid_t spawn(void)
{
    pid_t parent = getpid(), pid = fork();

    if (pid == -1)
        die("fork");
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(null_fd, STDERR_FILENO);
    syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0);
    return 0;
}

static pid_t spawn_fixed(const char *file, int port)
{
    char text[16];

    snprintf(text, sizeof text, "%d", port);
    pid_t pid = spawn();
    if (pid == 0) {
        execl(file, file, text, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static pid_t spawn_bare(int port)
{
    pid_t pid = spawn();

    if (pid != 0)
        return pid;
    int listen_fd = listen_on(port);
    for (;;)
        close(accept(listen_fd, NULL, NULL));
}

/* Returns once somebody listens on the port, or false if the child has ended.*/
static bool listens(pid_t pid, int port)
{
    struct diag_socket listener;

    while (diag_find((uint16_t)port, 0, &listener) != 1) {
        if (waitpid(pid, NULL, WNOHANG) != 0)
            return false;
        pause_ms(1);
    }
    return true;
}

/* A port that was free a moment ago. */
static int free_port(void)
{
    int fd = listen_on(0);
    struct sockaddr_in address;
    socklen_t len = sizeof address;

    getsockname(fd, (struct sockaddr *)&address, &len);
    close(fd);
    return ntohs(address.sin_port);
}

/* ---- the clients ---- */

/* Reads to the end; whether it began with that text. */
static bool reads(int fd, const char *text)
{
    char answer[64];
    size_t len = 0;
    ssize_t n;

    while ((n = recv(fd, answer + len, sizeof answer - len, 0)) > 0)
        len += (size_t)n;
    return n == 0 && len >= strlen(text) &&
           memcmp(answer, text, strlen(text)) == 0;
}

/* Who says nothing expects nothing but the end. */
static bool visit(int port, enum kind kind, const char *says, const char *hears)
{
    bool good = true;

    int fd = connect_to(port);
    if (fd == -1)
        return false;
    set_patience(fd, 2);
    if (kind != LEAVES) {
        send(fd, says, strlen(says), MSG_NOSIGNAL);
        good = reads(fd, hears);
    }
    close(fd);
    return good;
}

/* Returns how long that took, in seconds. */
static double visits(int port, bool bare, int *wrong)
{
    static const char *const says[] = {"hello\n", "status\n", ""};
    static const char *const hears[] = {"world\n", "error: ", ""};
    double begun = now();

    for (int i = 0; i < EACH && *wrong == 0; i++) {
        enum kind kind = (enum kind)(i % KINDS);
        *wrong +=
            !visit(port, kind, bare ? "" : says[kind], bare ? "" : hears[kind]);
    }
    return now() - begun;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* ---- the run ---- */

static int descriptors(int proc, pid_t pid)
{
    return proc_fds(proc, pid, NULL, 0, &(int){0});
}

int main(int argc, char *argv[])
{
    double ratio[ROUNDS];
    int wrong = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: %s FIXED-SERVER\n", argv[0]);
        return 2;
    }
    lab_start("bench", "[FIXED-SERVER]", argc, argv);
    /* connect_to() and listen_on() log each call: not here. */
    int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(null_fd, STDERR_FILENO);
    net_enter(net_probe(NULL, 0));

    int proc = proc_open("/proc");
    int port = free_port(), bare_port = free_port();
    pid_t fixed = spawn_fixed(argv[1], port), bare = spawn_bare(bare_port);
    if (!listens(fixed, port) || !listens(bare, bare_port)) {
        printf("%s does not listen\n", argv[1]);
        return 1;
    }
    int before = descriptors(proc, fixed);

    for (int round = 0; round < ROUNDS; round++) {
        ratio[round] = visits(port, false, &wrong);
        ratio[round] /= visits(bare_port, true, &wrong);
    }

    /* The last to leave may not have been noticed yet. */
    int after = descriptors(proc, fixed);
    for (int i = 0; i < 2000 && after > before; i++) {
        pause_ms(1);
        after = descriptors(proc, fixed);
    }
    kill(fixed, SIGKILL);
    kill(bare, SIGKILL);
    while (wait(NULL) > 0)
        continue;
    if (wrong) {
        printf("%s does not treat a client right: nothing is measured\n",
               argv[1]);
        return 1;
    }
    qsort(ratio, ROUNDS, sizeof *ratio, compare);
    printf("%-52s %8.2f   descriptors %d before, %d after\n",
           "5,120 connections, lab 6 fixed / accept and close",
           ratio[ROUNDS / 2], before, after);
    return after == before ? 0 : 1;
}
