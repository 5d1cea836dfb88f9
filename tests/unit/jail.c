/* The jail: what a program finds inside, what it cannot do, and that nothing is
 * left of it. The programs are shell scripts, run by the sh of /usr. */
#define _GNU_SOURCE
#include "jail.h"
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct jail jail;
static struct jail_output *outputs;

static int script_file(const char *text)
{
    int fd = memfd_create("script", 0);

    ck_assert_int_eq(write(fd, "#!/bin/sh\n", 10), 10);
    ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
    return fd;
}

static void open_jail(const char *script)
{
    const char *step = "";
    enum net_tier tier = net_probe(NULL, 0);
    struct jail_file files[] = {{"script", script_file(script)}, {NULL, -1}};

    if (tier == NET_SHARED)
        unit_skip("no namespaces to build a jail from");
    if (tier == NET_PRIVATE)
        ck_assert_int_eq(net_leave_root(), 0);
    ck_assert_int_eq(net_enter(tier), 0);
    outputs = jail_outputs_new();
    ck_assert_msg(jail_open(&jail, tier, files, outputs, &step) == 0, "%s: %s",
                  step, strerror(errno));
}

static pid_t spawn(int *slot)
{
    static char *argv[] = {"script", NULL};
    struct jail_order order = {.argv = argv, .dir_fd = -1};
    pid_t pid = jail_spawn(&jail, &order, slot);

    ck_assert_int_gt(pid, 0);
    return pid;
}

/* Runs a script to its end. Returns its exit status; its stdout is in text. */
static int run_script(const char *script, char *text, size_t size)
{
    int status, slot;

    open_jail(script);
    pid_t pid = spawn(&slot);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    while (!jail_output_ended(&outputs[slot]))
        poll(NULL, 0, 1);
    size_t len = jail_output_total(&outputs[slot]);
    ck_assert_uint_lt(len, size);
    memcpy(text, outputs[slot].head, len);
    text[len] = '\0';
    jail_close(&jail);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Expects a script to succeed and to print that. */
static void expect(const char *script, const char *want)
{
    char text[4096];
    int status = run_script(script, text, sizeof text);

    ck_assert_msg(status == 0, "exit status %d: %s", status, text);
    ck_assert_str_eq(text, want);
}

START_TEST(only_the_jail_is_to_be_seen)
{
    expect("cd /; for d in home root work var etc sys; do "
           "[ -e $d ] && echo $d; done; echo box/*",
           "box/script\n");
}
END_TEST

START_TEST(what_is_there_cannot_be_written)
{
    expect("for f in /usr/x /bin/x /dev/x; do "
           "(: >$f) 2>/dev/null && echo $f; done; : >/tmp/mine && echo fine",
           "/dev/x\nfine\n");
}
END_TEST

START_TEST(no_process_outside_can_be_reached)
{
    /* The keeper is pid 1, which no signal from inside can end. */
    expect("trap '' TERM; kill -9 1; kill -TERM -1; kill -TERM 0; "
           "[ $$ -lt 10 ] && echo alone",
           "alone\n");
}
END_TEST

START_TEST(there_are_no_rights_to_use)
{
    expect("grep -E '^Cap(Eff|Bnd|Amb)' /proc/self/status | "
           "grep -vc 0000000000000000; grep NoNewPrivs /proc/self/status; "
           "unshare -Ur true 2>/dev/null && echo escaped; true",
           "0\nNoNewPrivs:\t1\n");
}
END_TEST

START_TEST(no_descriptor_is_inherited)
{
    int fd = open("/dev/null", O_RDONLY); /* without O_CLOEXEC, as Check's */

    ck_assert_int_ge(fd, 3);
    expect("ls /proc/self/fd | tr '\\n' ' '; ulimit -c", "0 1 2 3 0\n");
}
END_TEST

START_TEST(an_ignored_sigpipe_is_not_inherited)
{
    signal(SIGPIPE, SIG_IGN);
    expect("grep SigIgn /proc/self/status", "SigIgn:\t0000000000000000\n");
}
END_TEST

START_TEST(an_exit_status_and_a_signal_come_through)
{
    char text[64];

    ck_assert_int_eq(run_script("exit 7", text, sizeof text), 7);
}
END_TEST

START_TEST(a_signal_comes_through)
{
    char text[64];

    ck_assert_int_eq(run_script("kill -SEGV $$", text, sizeof text),
                     128 + SIGSEGV);
}
END_TEST

START_TEST(a_flood_is_recorded_from_both_ends)
{
    int status, slot;

    open_jail("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done");
    pid_t pid = spawn(&slot);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    while (!jail_output_ended(&outputs[slot]))
        poll(NULL, 0, 1);
    const struct jail_output *out = &outputs[slot];
    ck_assert_uint_gt(out->total, sizeof out->head + sizeof out->tail);
    ck_assert_int_eq(memcmp(out->head, "line 0\nline 1\n", 14), 0);
    static const char last[] = "line 19999\n";
    for (size_t i = 0; i < strlen(last); i++) {
        size_t at = out->total - strlen(last) + i;
        ck_assert_int_eq(out->tail[at % sizeof out->tail], last[i]);
    }
    jail_close(&jail);
}
END_TEST

/* Whether any process of this machine has that word in its command line. */
static bool somebody_runs(const char *word)
{
    DIR *dir = opendir("/proc");
    bool found = false;

    for (struct dirent *e; !found && (e = readdir(dir));) {
        char path[300], text[512] = "";
        snprintf(path, sizeof path, "/proc/%s/cmdline", e->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd == -1)
            continue;
        ssize_t n = read(fd, text, sizeof text - 1);
        close(fd);
        found = n > 0 && memmem(text, (size_t)n, word, strlen(word));
    }
    closedir(dir);
    return found;
}

static char word[32];

static const char *daemon_script(void)
{
    static char script[256];

    snprintf(word, sizeof word, "987%d", getpid());
    snprintf(script, sizeof script,
             "trap '' TERM HUP; setsid sleep %s & setsid setsid sleep %s & "
             "echo up; sleep %s",
             word, word, word);
    return script;
}

static void await_line(int slot)
{
    while (jail_output_total(&outputs[slot]) == 0)
        poll(NULL, 0, 1);
}

START_TEST(daemons_end_with_the_jail)
{
    int slot;

    open_jail(daemon_script());
    spawn(&slot);
    await_line(slot);
    while (!somebody_runs(word))
        poll(NULL, 0, 1);
    jail_close(&jail);
    ck_assert(!somebody_runs(word));
}
END_TEST

START_TEST(a_jail_ends_with_the_process_that_made_it)
{
    int slot, up[2];
    const char *script = daemon_script();
    char byte;

    ck_assert_int_eq(pipe(up), 0);
    pid_t maker = fork();
    if (maker == 0) {
        open_jail(script);
        spawn(&slot);
        await_line(slot);
        if (write(up[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    close(up[1]);
    if (read(up[0], &byte, 1) != 1)
        unit_skip("no namespaces to build a jail from");
    ck_assert(somebody_runs(word));
    kill(maker, SIGKILL);
    waitpid(maker, NULL, 0);
    int tries = 0;
    while (somebody_runs(word) && tries++ < 5000)
        poll(NULL, 0, 1);
    ck_assert(!somebody_runs(word));
}
END_TEST

START_TEST(two_programs_of_one_jail_meet)
{
    int status, first, second;

    open_jail("if mkfifo /tmp/f 2>/dev/null; then echo hello >/tmp/f; "
              "else cat /tmp/f; fi");
    pid_t one = spawn(&first), two = spawn(&second);
    ck_assert_int_eq(waitpid(one, &status, 0), one);
    ck_assert_int_eq(waitpid(two, &status, 0), two);
    while (!jail_output_ended(&outputs[first]) ||
           !jail_output_ended(&outputs[second]))
        poll(NULL, 0, 1);
    ck_assert_uint_eq(outputs[first].total + outputs[second].total, 6);
    jail_close(&jail);
}
END_TEST

START_TEST(pids_inside_and_outside_are_told_apart)
{
    struct proc_stat inside[8];
    int slot;

    open_jail("echo up; sleep 1000");
    pid_t pid = spawn(&slot);
    await_line(slot);
    if (!jail.own_proc)
        unit_skip("no /proc in a jail here");
    pid_t in = jail_pid(&jail, pid);
    ck_assert_int_ne(in, pid);
    ck_assert_int_eq(jail_pid_outside(&jail, in), pid);
    ck_assert_int_ge(jail_list(&jail, inside, 8), 1);
    jail_close(&jail);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("jail");

    tcase_add_test(tests, only_the_jail_is_to_be_seen);
    tcase_add_test(tests, what_is_there_cannot_be_written);
    tcase_add_test(tests, no_process_outside_can_be_reached);
    tcase_add_test(tests, there_are_no_rights_to_use);
    tcase_add_test(tests, no_descriptor_is_inherited);
    tcase_add_test(tests, an_ignored_sigpipe_is_not_inherited);
    tcase_add_test(tests, an_exit_status_and_a_signal_come_through);
    tcase_add_test(tests, a_signal_comes_through);
    tcase_add_test(tests, a_flood_is_recorded_from_both_ends);
    tcase_add_test(tests, daemons_end_with_the_jail);
    tcase_add_test(tests, a_jail_ends_with_the_process_that_made_it);
    tcase_add_test(tests, two_programs_of_one_jail_meet);
    tcase_add_test(tests, pids_inside_and_outside_are_told_apart);
    return unit_run("jail", tests);
}
