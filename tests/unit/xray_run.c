/*
 * The x-ray on real programs: this one, which also plays all servers and
 * clients ("xray_run play server MODE"). Needs build/xray and build/unit/forbid
 * where this program lies.
 */
#define _GNU_SOURCE /* memmem */
#include "events.h"
#include "model.h"
#include "net.h"
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

enum { PORT = 7000, OUTPUT = 1 << 18 };

/* ======== what is played ======== */

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static struct sockaddr_in here(void)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(PORT),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void nap(int ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000L};

    nanosleep(&t, NULL);
}

static void echo(int fd)
{
    char buf[64];
    ssize_t n;

    while ((n = recv(fd, buf, sizeof buf, 0)) > 0)
        send(fd, buf, (size_t)n, MSG_NOSIGNAL);
    close(fd);
}

/* A daemon that nobody waits for, and says who it is. */
static void leave_a_daemon(void)
{
    if (fork() != 0)
        return;
    setsid();
    if (fork() == 0) {
        dprintf(1, "daemon %d\n", getpid());
        for (;;)
            pause();
    }
    _exit(0);
}

static void serve_one(const char *mode, int fd)
{
    char buf[64];

    if (is(mode, "reset")) {
        recv(fd, buf, 3, 0);
        close(fd);
    } else if (is(mode, "race") || is(mode, "sigpipe")) {
        close(fd);
    } else if (is(mode, "crash")) {
        recv(fd, buf, 3, 0);
        raise(SIGSEGV);
    } else if (is(mode, "dead")) {
        recv(fd, buf, 5, 0);
        recv(fd, buf, 5, 0);
    } else if (is(mode, "fork")) {
        if (fork() == 0) {
            echo(fd);
            _exit(0);
        }
        close(fd);
    } else {
        echo(fd);
    }
}

static int play_server(const char *mode)
{
    struct sockaddr_in address = here();
    int one = 1;

    if (is(mode, "gone"))
        return 7;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) == -1 ||
        listen(fd, 5) == -1)
        return 1;
    if (is(mode, "daemon"))
        leave_a_daemon();
    for (;;) {
        int conn_fd = accept(fd, NULL, NULL);
        if (conn_fd == -1)
            return 1;
        serve_one(mode, conn_fd);
        if (is(mode, "reset"))
            return 0;
    }
}

static int dial(void)
{
    struct sockaddr_in address = here();
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (connect(fd, (struct sockaddr *)&address, sizeof address) == -1)
        exit(9);
    return fd;
}

static int ask(int times)
{
    char buf[64];
    ssize_t n = 0;

    for (int i = 0; i < times; i++) {
        int fd = dial();
        send(fd, "hello", 5, MSG_NOSIGNAL);
        n = recv(fd, buf, sizeof buf, 0);
        close(fd);
    }
    return n > 0 ? 0 : 1;
}

/* Were we started as a shell in an empty room would? 0, or what is wrong. */
static int inspect(void)
{
    struct sigaction action;
    struct rlimit core;
    sigset_t mask;
    char target[64] = "";

    for (int number = 1; number < 32; number++) {
        if (sigaction(number, NULL, &action) == 0 &&
            action.sa_handler != SIG_DFL)
            return 20;
    }
    sigprocmask(SIG_BLOCK, NULL, &mask);
    if (sigismember(&mask, SIGCHLD) || sigismember(&mask, SIGINT))
        return 21;
    for (int fd = 3; fd < 1024; fd++) {
        if (fcntl(fd, F_GETFD) != -1)
            return 22;
    }
    if (readlink("/proc/self/fd/0", target, sizeof target - 1) < 0 ||
        !is(target, "/dev/null"))
        return 23;
    getrlimit(RLIMIT_CORE, &core);
    return core.rlim_cur == 0 && core.rlim_max == 0 ? 0 : 24;
}

static int play_client(const char *mode)
{
    char buf[64];

    if (is(mode, "inspect"))
        return inspect();
    if (is(mode, "nobody"))
        return getuid() != 0 && geteuid() != 0 ? 0 : 1;
    if (is(mode, "sysctl"))
        return system("test $(cat /proc/sys/net/ipv4/tcp_fin_timeout) = 7") ? 1
                                                                            : 0;
    if (is(mode, "many"))
        return ask(40);
    if (is(mode, "for-ever")) {
        for (;;)
            nap(20);
    }
    if (is(mode, "sigpipe")) {
        int fd = dial();
        while (recv(fd, buf, sizeof buf, 0) > 0)
            continue;
        for (;;)
            send(fd, "hello", 5, 0);
    }
    if (is(mode, "half-close")) {
        int fd = dial();
        send(fd, "hello", 5, 0);
        shutdown(fd, SHUT_WR);
        while (recv(fd, buf, sizeof buf, 0) > 0)
            continue;
        return 0;
    }
    return ask(1);
}

static int play(const char *side, const char *mode)
{
    return is(side, "server") ? play_server(mode) : play_client(mode);
}

/* ======== running the x-ray ======== */

static char self[256], xray[300], forbid[300], scratch[64];

static void find_programs(void)
{
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    self[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(self, '/');
    int dir = slash ? (int)(slash - self) : 0;
    snprintf(xray, sizeof xray, "%.*s/../xray", dir, self);
    snprintf(forbid, sizeof forbid, "%.*s/forbid", dir, self);
    if (access(xray, X_OK) == -1 || access(forbid, X_OK) == -1) {
        fprintf(stderr, "build %s and %s first\n", xray, forbid);
        exit(1);
    }
}

static void make_scratch(void)
{
    snprintf(scratch, sizeof scratch, "/tmp/xray-test.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(scratch));
}

static void remove_scratch(void)
{
    static const char *const files[] = {"events", "svg", "log", "pcap",
                                        "sysctl"};
    char path[128];

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", scratch, files[i]);
        unlink(path);
    }
    rmdir(scratch);
}

static const char *in_scratch(const char *name)
{
    static char path[4][128];
    static int turn;

    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", scratch, name);
    return path[turn];
}

struct result {
    int status; /* of the exit, or 128 and the signal */
    char text[OUTPUT];
};

/* Runs a shell command line; text is what it printed on 1 and 2. */
static void run_line(struct result *result, const char *line)
{
    char command[2048];

    snprintf(command, sizeof command, "%s 2>&1", line);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    size_t n = fread(result->text, 1, OUTPUT - 1, pipe);
    result->text[n] = '\0';
    int status = pclose(pipe);
    result->status =
        WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* xray OPTIONS -- play server MODE -- play client MODE, and the events. */
static void run(struct result *result, const char *before, const char *options,
                const char *server, const char *client)
{
    char line[1600];

    snprintf(line, sizeof line,
             "LC_ALL=C.UTF-8 %s %s --width 80 --events %s %s "
             "-- %s play server %s -- %s play client %s",
             before, xray, in_scratch("events"), options, self, server, self,
             client);
    run_line(result, line);
}

static void load(struct recording *recording, struct model *model)
{
    char why[256] = "";
    FILE *file = fopen(in_scratch("events"), "r");

    ck_assert_ptr_nonnull(file);
    recording_init(recording, 0);
    ck_assert_msg(events_load(recording, file, why, sizeof why) == 0, "%s",
                  why);
    fclose(file);
    ck_assert_int_eq(model_build(model, recording), 0);
}

static void expect_says(const struct result *result, const char *words)
{
    ck_assert_msg(strstr(result->text, words) != NULL,
                  "nothing says \"%s\" in:\n%s", words, result->text);
}

static void need_private_network(void)
{
    if (net_probe(NULL, 0) == NET_SHARED)
        unit_skip("no private network here");
}

/* ======== truth ======== */

static const char *const modes[] = {"echo",    "reset",      "race",
                                    "sigpipe", "half-close", "crash",
                                    "many",    "fork",       "gone"};

enum { MODES = sizeof modes / sizeof *modes };

START_TEST(every_run_is_true)
{
    static struct result result;
    static const char *const orders[] = {"", "--first client",
                                         "--first server"};
    struct recording recording;
    struct model model;

    need_private_network();
    const char *mode = modes[_i / 3];
    run(&result, "", orders[_i % 3], mode, mode);
    ck_assert_msg(result.status == 0, "%s", result.text);
    load(&recording, &model);
    ck_assert_msg(model.agree == model.checks && model.misplaced == 0, "%s",
                  result.text);
    ck_assert_int_eq(recording.packets_lost, 0);
    ck_assert_int_eq(recording.left_out, 0);
    ck_assert_int_eq(recording.n_missing, 0);
    ck_assert_int_gt(model.packets, 0);
    ck_assert_int_gt(model.calls, 0);
    model_free(&model);
    recording_free(&recording);
}
END_TEST

/* ======== order control ======== */

enum { IDENTICAL_RUNS = 10, OF_MANY = 3 };

START_TEST(order_control_makes_every_run_the_same)
{
    static struct result first, again;
    char options[256];

    need_private_network();
    const char *mode = modes[_i / 2];
    if (is(mode, "fork"))
        return; /* siblings have no order of their own */
    snprintf(options, sizeof options, "--first %s --svg %s",
             _i % 2 ? "server" : "client", in_scratch("svg"));
    run(&first, "", options, mode, mode);
    int runs = is(mode, "many") ? OF_MANY : IDENTICAL_RUNS;
    for (int i = 1; i < runs; i++) {
        run(&again, "", options, mode, mode);
        ck_assert_str_eq(first.text, again.text);
    }
}
END_TEST

START_TEST(the_order_decides_a_race)
{
    static struct result result;

    need_private_network();
    run(&result, "", "--first client", "race", "race");
    expect_says(&result, "ECONNRESET");
    expect_says(&result, "5 bytes unread!");

    run(&result, "", "--first server", "race", "race");
    expect_says(&result, "end of stream");
    ck_assert_ptr_null(strstr(result.text, "ECONNRESET"));
}
END_TEST

/* ======== what a picture names ======== */

START_TEST(it_names_what_happened)
{
    static const struct {
        const char *mode, *words;
    } cases[] = {
        {"reset", "2 bytes unread!"},
        {"reset", "2 more waiting"},
        {"reset", "ECONNRESET"},
        {"reset", "TCPAbortOnClose 1"},
        {"sigpipe", "EPIPE"},
        {"sigpipe", "client: killed by SIGPIPE"},
        {"crash", "server: killed by SIGSEGV"},
        {"many", "40 connections went this way"},
        {"many", "went like #1"},
        {"many", "left behind: 40 \303\227 TIME_WAIT at the client's end"},
        {"fork", "still open elsewhere"},
        {"half-close", "end of stream"},
        {"gone", "the server never came to listen"},
        {"gone", "ECONNREFUSED"},
        {"gone", "server: exit status 7"},
        {"dead", "both wait for ever"},
        {"echo", "server: still running, stopped by the x-ray"},
    };
    static struct result result;

    need_private_network();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *mode = cases[i].mode;
        if (i == 0 || !is(mode, cases[i - 1].mode))
            run(&result, "", "", mode, mode);
        ck_assert_int_eq(result.status, 0);
        expect_says(&result, cases[i].words);
    }
}
END_TEST

/* ======== programs ======== */

START_TEST(programs_start_clean)
{
    static struct result result;

    /* An x-ray with SIGPIPE ignored, open descriptors and a full stdin. */
    run(&result, "exec 7</dev/null 9</dev/zero </dev/zero; trap '' PIPE HUP;",
        "", "echo", "inspect");
    expect_says(&result, "client: exit status 0");
}
END_TEST

START_TEST(drop_root_drops_root)
{
    static struct result result;

    if (geteuid() != 0)
        unit_skip("not root here");
    run(&result, "", "--drop-root", "echo", "nobody");
    expect_says(&result, "client: exit status 0");
}
END_TEST

START_TEST(sysctls_are_set_in_the_private_network)
{
    static struct result result;
    char options[256];

    need_private_network();
    FILE *file = fopen(in_scratch("sysctl"), "w");
    fputs("# a comment\nnet.ipv4.tcp_fin_timeout = 7\n", file);
    fclose(file);
    snprintf(options, sizeof options, "--sysctl %s", in_scratch("sysctl"));
    run(&result, "", options, "echo", "sysctl");
    expect_says(&result, "client: exit status 0");

    run(&result, "", "--sysctl /no/such/file", "echo", "echo");
    ck_assert_int_eq(result.status, 3);
    expect_says(&result, "cannot read /no/such/file: ENOENT");
}
END_TEST

/* ======== the end ======== */

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The daemon that the server made, from the log. Waits for it to be there. */
static pid_t daemon_pid(void)
{
    char text[256] = "";
    int pid = 0;

    for (int64_t end = now_ms() + 10000; now_ms() < end && pid == 0;) {
        FILE *file = fopen(in_scratch("log"), "r");
        while (file && fgets(text, sizeof text, file)) {
            if (sscanf(text, "daemon %d", &pid) != 1)
                pid = 0;
        }
        if (file)
            fclose(file);
        poll(NULL, 0, 1);
    }
    ck_assert_int_gt(pid, 0);
    return pid;
}

static void expect_gone(pid_t pid)
{
    for (int64_t end = now_ms() + 10000; now_ms() < end;) {
        if (kill(pid, 0) == -1 && errno == ESRCH)
            return;
        poll(NULL, 0, 1);
    }
    ck_abort_msg("the daemon %d is still there", pid);
}

START_TEST(nothing_is_left_when_all_is_over)
{
    static struct result result;
    char options[256];

    snprintf(options, sizeof options, "--log %s", in_scratch("log"));
    run(&result, "", options, "daemon", "echo");
    ck_assert_int_eq(result.status, 0);
    expect_gone(daemon_pid());
}
END_TEST

START_TEST(the_limit_ends_a_run_and_shows_how_far_it_came)
{
    static struct result result;
    char options[256];
    int64_t begin = now_ms();

    snprintf(options, sizeof options, "--limit 2 --log %s", in_scratch("log"));
    run(&result, "", options, "daemon", "for-ever");
    ck_assert_int_eq(result.status, 0);
    expect_says(&result, "time was up after 2 s");
    expect_says(&result, "listen(");
    ck_assert_int_ge(now_ms() - begin, 2000);
    ck_assert_int_lt(now_ms() - begin, 30000);
    expect_gone(daemon_pid());
}
END_TEST

/* Starts an x-ray that would run for long, and ends it by a signal. */
static int end_by(int signal)
{
    int status;
    char log[128];

    snprintf(log, sizeof log, "%s", in_scratch("log"));
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 1);
        dup2(null, 2);
        execl(xray, xray, "--limit", "100", "--log", log, "--", self, "play",
              "server", "daemon", "--", self, "play", "client", "for-ever",
              NULL);
        _exit(127);
    }
    pid_t daemon = daemon_pid();
    kill(pid, signal);
    waitpid(pid, &status, 0);
    expect_gone(daemon);
    return status;
}

START_TEST(an_interrupted_run_is_drawn_and_leaves_nothing)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    int status = end_by(signals[_i]);

    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

START_TEST(a_killed_x_ray_leaves_nothing)
{
    int status = end_by(SIGKILL);

    ck_assert(WIFSIGNALED(status));
}
END_TEST

/* ======== without ======== */

START_TEST(what_is_forbidden_is_missed_and_named)
{
    static const struct {
        const char *what, *words, *also;
    } cases[] = {
        {"packet", "missing: the wire (AF_PACKET: EPERM)", "ECONNRESET"},
        {"ptrace", "missing: system calls (ptrace: EPERM)", "RST"},
        {"pidfd_getfd",
         "missing: part of what the kernel knows of a socket (pidfd_getfd: "
         "EPERM)",
         "2 bytes unread!"},
        {"userns,netns,packet", "missing: a private network: no user namespace",
         "missing: the wire (AF_PACKET: EPERM)"},
        {"userns,netns,packet", "states: as the kernel gave them",
         "2 bytes unread!"},
        {"pidfd_getfd,packet", "2 more waiting", "ECONNRESET"},
    };
    static struct result result;
    char before[400];

    if (!strstr(cases[_i].what, "userns"))
        need_private_network();
    snprintf(before, sizeof before, "%s %s --", forbid, cases[_i].what);
    /* The environment stands before the command it is for. */
    char line[2000];
    snprintf(line, sizeof line,
             "LC_ALL=C.UTF-8 %s %s --width 160 -- %s play server reset -- %s "
             "play client reset",
             before, xray, self, self);
    run_line(&result, line);
    ck_assert_msg(result.status == 0, "%s", result.text);
    expect_says(&result, cases[_i].words);
    expect_says(&result, cases[_i].also);
    if (strstr(cases[_i].what, "userns") == NULL) {
        ck_assert_ptr_null(strstr(result.text, "1 out of place"));
    }
}
END_TEST

START_TEST(where_nothing_can_be_seen_it_says_so)
{
    static struct result result;
    char line[2000];

    snprintf(line, sizeof line,
             "%s ptrace,packet -- %s -- %s play server reset -- %s play client "
             "reset",
             forbid, xray, self, self);
    run_line(&result, line);
    ck_assert_int_eq(result.status, 3);
    expect_says(&result,
                "xray: neither packets nor calls can be seen here: the "
                "wire (AF_PACKET: EPERM), system calls (ptrace: "
                "EPERM)");
}
END_TEST

/* ======== options ======== */

START_TEST(wrong_usage_and_what_cannot_run_have_their_status)
{
    static const struct {
        const char *arguments;
        int status;
        const char *words;
    } cases[] = {
        {"", 2, "usage: xray"},
        {"-- true", 2, "usage: xray"},
        {"-- -- true", 2, "usage: xray"},
        {"-- true --", 2, "usage: xray"},
        {"--bogus -- true -- true", 2, "usage: xray"},
        {"--first nobody -- true -- true", 2, "client or server"},
        {"--width 39 -- true -- true", 2, "--width 39: 40 to 160"},
        {"--width 8O -- true -- true", 2, "--width 8O"},
        {"--limit 0 -- true -- true", 2, "--limit 0"},
        {"--load x -- true", 2, "usage: xray"},
        {"--load /no/such/file", 3, "cannot read /no/such/file: ENOENT"},
        {"--load /dev/null", 3, "line 1: not a file of events"},
        {"--svg /no/such/dir/x -- true -- true", 3,
         "cannot write /no/such/dir/x: ENOENT"},
        {"-- /no/such/program -- true", 3,
         "cannot run /no/such/program: ENOENT"},
        {"-- true -- /no/such/program", 3,
         "cannot run /no/such/program: ENOENT"},
        {"-- true -- /etc/passwd", 3, "cannot run /etc/passwd: EACCES"},
        {"--help", 0, "--first client|server"},
    };
    static struct result result;
    char line[1024];

    snprintf(line, sizeof line, "%s %s", xray, cases[_i].arguments);
    run_line(&result, line);
    ck_assert_msg(result.status == cases[_i].status, "%d\n%s", result.status,
                  result.text);
    expect_says(&result, cases[_i].words);
}
END_TEST

START_TEST(saved_events_draw_the_same_without_a_kernel)
{
    static struct result first, again;
    char line[1024];

    run(&first, "", "--title Twice", "reset", "reset");
    snprintf(line, sizeof line,
             "LC_ALL=C.UTF-8 %s ptrace,packet,userns -- %s --width 80 --load "
             "%s",
             forbid, xray, in_scratch("events"));
    run_line(&again, line);
    ck_assert_int_eq(again.status, 0);
    ck_assert_str_eq(first.text, again.text);
}
END_TEST

START_TEST(the_pcap_file_has_every_segment)
{
    static struct result result;
    char options[256];
    struct recording recording;
    struct model model;
    uint32_t header[6], record[4];
    int n = 0;

    need_private_network();
    snprintf(options, sizeof options, "--pcap %s", in_scratch("pcap"));
    run(&result, "", options, "half-close", "half-close");
    load(&recording, &model);
    FILE *file = fopen(in_scratch("pcap"), "r");
    ck_assert_uint_eq(fread(header, sizeof header, 1, file), 1);
    ck_assert_uint_eq(header[0], 0xa1b23c4d);
    ck_assert_uint_eq(header[5], 1);
    while (fread(record, sizeof record, 1, file) == 1) {
        ck_assert_uint_le(record[2], header[4]);
        fseek(file, record[2], SEEK_CUR);
        n++;
    }
    fclose(file);
    ck_assert_int_ge(n, model.packets);
    model_free(&model);
    recording_free(&recording);
}
END_TEST

START_TEST(colour_width_and_letters_follow_the_environment)
{
    static const struct {
        const char *environment;
        bool color, unicode, wide;
    } cases[] = {
        {"LC_ALL=C.UTF-8", false, true, false},
        {"LC_ALL=C", false, false, false},
        {"LC_ALL=C.UTF-8 CLICOLOR_FORCE=1", true, true, false},
        {"LC_ALL=C.UTF-8 CLICOLOR_FORCE=0", false, true, false},
        {"LC_ALL=C.UTF-8 CLICOLOR_FORCE=1 NO_COLOR=1", false, true, false},
        {"LC_ALL=C.UTF-8 COLUMNS=120", false, true, true},
    };
    static struct result result;
    char line[1024];

    snprintf(line, sizeof line,
             "unset NO_COLOR CLICOLOR_FORCE COLUMNS LC_ALL LANG LC_CTYPE; %s "
             "%s --load tests/unit/xray/reset.events",
             cases[_i].environment, xray);
    run_line(&result, line);
    ck_assert_int_eq(result.status, 0);
    ck_assert(!!strchr(result.text, '\033') == cases[_i].color);
    ck_assert(!!strstr(result.text, "\342\224\200") == cases[_i].unicode);
    const char *rule = strstr(result.text, "\342\224\200\342\224\200\342\224"
                                           "\200\342\224\200");
    if (rule && !cases[_i].color)
        ck_assert_uint_eq(strcspn(rule, "\n") / 3, cases[_i].wide ? 120 : 80);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc == 4 && is(argv[1], "play"))
        return play(argv[2], argv[3]);

    find_programs();
    TCase *tests = tcase_create("run");
    tcase_add_checked_fixture(tests, make_scratch, remove_scratch);
    tcase_add_loop_test(tests, every_run_is_true, 0, 3 * MODES);
    tcase_add_loop_test(tests, order_control_makes_every_run_the_same, 0,
                        2 * MODES);
    tcase_add_test(tests, the_order_decides_a_race);
    tcase_add_test(tests, it_names_what_happened);
    tcase_add_test(tests, programs_start_clean);
    tcase_add_test(tests, drop_root_drops_root);
    tcase_add_test(tests, sysctls_are_set_in_the_private_network);
    tcase_add_test(tests, nothing_is_left_when_all_is_over);
    tcase_add_test(tests, the_limit_ends_a_run_and_shows_how_far_it_came);
    tcase_add_loop_test(tests, an_interrupted_run_is_drawn_and_leaves_nothing,
                        0, 4);
    tcase_add_test(tests, a_killed_x_ray_leaves_nothing);
    tcase_add_loop_test(tests, what_is_forbidden_is_missed_and_named, 0, 6);
    tcase_add_test(tests, where_nothing_can_be_seen_it_says_so);
    tcase_add_loop_test(
        tests, wrong_usage_and_what_cannot_run_have_their_status, 0, 17);
    tcase_add_test(tests, saved_events_draw_the_same_without_a_kernel);
    tcase_add_test(tests, the_pcap_file_has_every_segment);
    tcase_add_loop_test(tests, colour_width_and_letters_follow_the_environment,
                        0, 6);
    return unit_run("xray-run", tests);
}
