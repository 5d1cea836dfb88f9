/*
 * Executes the handouts: build/handouts check|refresh FILE...
 *
 * Every block fenced as ```console is run, all of one handout in one shell, in
 * a private network and an empty folder, and what it prints is compared with
 * what stands there. Times, pids, ephemeral ports and the width of columns are
 * masked. Every block fenced as ```c must be, line by line, in a file of the
 * lab or in the file that the line before it names. Every figure must exist.
 * refresh writes what was printed into the handout.
 *
 * Before each command the network must be quiet (no handshake or retransmission
 * under way) and what was started must sleep, so that tools show settled
 * states. The last line is "handouts: N passed, N failed, N skipped".
 */
#define _GNU_SOURCE /* pipe2 */
#include "diag.h"
#include "net.h"
#include "proc.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BIG = 256 * 1024, SETTLE_MS = 3000, LIMIT_MS = 30000, NOBODY = 65534 };

static const char mark[] = "@@the-command-has-ended@@";

struct counts {
    int passed, failed, skipped;
};

/* ---- text ---- */

static char *read_all(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "re");

    if (!file)
        return NULL;
    if (getdelim(&text, &size, '\0', file) == -1 && !text)
        text = strdup("");
    fclose(file);
    return text;
}

/* The next line of *text, without its end; NULL at the end of the text. */
static char *next_line(char **text)
{
    char *line = *text;

    if (!line || *line == '\0')
        return NULL;
    char *end = strchr(line, '\n');
    *text = end ? end + 1 : line + strlen(line);
    if (end)
        *end = '\0';
    return line;
}

static bool is_time_unit(const char *p)
{
    while (*p == ' ')
        p++;
    return strncmp(p, "ms", 2) == 0 || strncmp(p, "sec", 3) == 0 ||
           (*p == 's' && !isalnum((unsigned char)p[1]));
}

/* How one number looks after masking: itself if it is a fact, else a letter. */
static size_t mask_number(const char *number, size_t len, bool fraction,
                          bool after_pid, char *out)
{
    bool is_time = is_time_unit(number + len);

    if (is_time || fraction || after_pid || len >= 5) {
        *out = is_time || fraction ? 'T' : 'N';
        return 1;
    }
    memcpy(out, number, len);
    return len;
}

/* Masks what varies from run to run; see the head of this file. */
static void mask_line(const char *in, char *out, size_t size)
{
    size_t n = 0;

    for (const char *p = in; *p && n + 32 < size;) {
        bool digit = isdigit((unsigned char)*p);
        bool inside = p > in && (isalpha((unsigned char)p[-1]) || p[-1] == '_');
        if (digit && !inside) {
            size_t len = strspn(p, "0123456789");
            bool fraction =
                p[len] == '.' && isdigit((unsigned char)p[len + 1]) && len < 5;
            if (fraction)
                len += 1 + strspn(p + len + 1, "0123456789");
            /* An address has more dots than one: all of it is a fact. */
            bool address = fraction && p[len] == '.';
            bool after_pid = p - in >= 4 && (strncmp(p - 4, "pid=", 4) == 0 ||
                                             strncmp(p - 4, "pid ", 4) == 0);
            if (address) {
                len = strspn(p, "0123456789.");
                memcpy(out + n, p, len < 24 ? len : 24);
                n += len < 24 ? len : 24;
            } else {
                n += mask_number(p, len, fraction, after_pid, out + n);
            }
            p += len;
        } else if (isspace((unsigned char)*p)) {
            out[n++] = ' ';
            p += strspn(p, " \t");
        } else {
            out[n++] = *p++;
        }
    }
    while (n > 0 && out[n - 1] == ' ')
        n--;
    out[n] = '\0';
}

/* Whether two texts are the same, line by line, after masking. */
static bool same_text(const char *one, const char *other)
{
    static char a[4096], b[4096];
    char *left = strdup(one), *right = strdup(other);
    char *l = left, *r = right;
    bool same = true;

    while (same) {
        char *x = next_line(&l), *y = next_line(&r);
        if (!x || !y) {
            same = !x && !y;
            break;
        }
        mask_line(x, a, sizeof a);
        mask_line(y, b, sizeof b);
        same = strcmp(a, b) == 0;
    }
    free(left);
    free(right);
    return same;
}

/* ---- the shell in its network ---- */

struct shell {
    pid_t pid;
    int in, out;
    char folder[128];
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static int is_busy(const struct diag_socket *socket, void *with)
{
    (void)with;
    return socket->state == ST_SYN_SENT || socket->state == ST_SYN_RECV ||
           socket->timer == TIMER_RETRANSMIT;
}

static bool all_asleep(int proc, pid_t shell)
{
    static struct proc_stat family[512];

    int count = proc_list(proc, shell, family, 512);
    for (int i = 0; i < count && i < 512; i++) {
        if (!strchr("STZ", family[i].state))
            return false;
    }
    return true;
}

/* Until nothing moves that will come to rest by itself, for a bounded time:
 * some labs are about what never does. */
static void settle(const struct shell *shell)
{
    int proc = proc_open("/proc");
    int64_t end = now_ms() + SETTLE_MS;

    for (int quiet = 0; quiet < 3 && now_ms() < end;) {
        bool still =
            all_asleep(proc, shell->pid) && diag_each(is_busy, NULL) == 0;
        quiet = still ? quiet + 1 : 0;
        poll(NULL, 0, 1);
    }
    close(proc);
}

static void copy_program(const char *from, const char *folder, const char *name)
{
    char path[512], bytes[65536];
    ssize_t n;

    snprintf(path, sizeof path, "%s/bin/%s", folder, name);
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in == -1)
        return;
    int out = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0755);
    while (out != -1 && (n = read(in, bytes, sizeof bytes)) > 0) {
        if (write(out, bytes, (size_t)n) != n)
            break;
    }
    close(in);
    if (out != -1)
        close(out);
}

/* A new folder with bin/ in it: the lab's programs, under the names that the
 * handouts use. Theirs to read whoever the shell will run as. */
static int make_folder(struct shell *shell, const char *stem)
{
    static const char *const names[] = {"server", "client"};
    char path[256], name[64];

    snprintf(shell->folder, sizeof shell->folder, "/tmp/handout.XXXXXX");
    if (!mkdtemp(shell->folder))
        return -1;
    chmod(shell->folder, 0755);
    snprintf(path, sizeof path, "%s/bin", shell->folder);
    mkdir(path, 0755);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "build/shipped/%s/%s", stem, names[i]);
        copy_program(path, shell->folder, names[i]);
        snprintf(path, sizeof path, "build/solutions/%s/%s", stem, names[i]);
        snprintf(name, sizeof name, "fixed-%s", names[i]);
        copy_program(path, shell->folder, name);
    }
    copy_program("build/xray", shell->folder, "xray");
    copy_program("build/why", shell->folder, "why");
    snprintf(path, sizeof path, "%s/work", shell->folder);
    mkdir(path, 0755);
    return geteuid() == 0 ? chown(path, NOBODY, NOBODY) : 0;
}

static void be_shell(const struct shell *shell, int in, int out)
{
    char path[512];

    dup2(in, 0);
    dup2(out, 1);
    dup2(out, 2);
    snprintf(path, sizeof path, "%s/bin:%s", shell->folder,
             "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    setenv("PATH", path, 1);
    setenv("LC_ALL", "C", 1);
    setenv("HOME", "/tmp", 1);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    syscall(SYS_close_range, 3, ~0U, 0);
    signal(SIGPIPE, SIG_DFL); /* ours is ignored, and that is inherited */
    execl("/bin/sh", "sh", (char *)NULL);
    _exit(127);
}

/* Starts sh(1). What is written to *in it executes, what that prints is read
 * from *out. Returns its pid, or -1. */
static pid_t open_sh(const struct shell *shell, int *in, int *out)
{
    int to[2], from[2];

    if (pipe2(to, O_CLOEXEC) == -1 || pipe2(from, O_CLOEXEC) == -1)
        return -1;
    pid_t pid = fork();
    if (pid == 0)
        be_shell(shell, to[0], from[1]);
    close(to[0]);
    close(from[1]);
    *in = to[1];
    *out = from[0];
    return pid;
}

/* Copies what the shell prints to out, up to the mark that ends a command.
 * Returns -1 when it does not come in time. */
static int relay(int from, int out)
{
    static char text[BIG];
    size_t len = 0;
    char *end = NULL;
    int64_t limit = now_ms() + LIMIT_MS;

    while (!end && len < BIG - 1 && now_ms() < limit) {
        struct pollfd watched = {.fd = from, .events = POLLIN};
        if (poll(&watched, 1, 100) != 1)
            continue;
        ssize_t n = read(from, text + len, BIG - 1 - len);
        if (n <= 0)
            break;
        len += (size_t)n;
        text[len] = '\0';
        end = strstr(text, mark);
    }
    if (!end)
        return -1;
    /* With the '\0' that tells the reader where the output ends. */
    *end = '\0';
    size_t size = (size_t)(end - text) + 1;
    return write(out, text, size) == (ssize_t)size ? 0 : -1;
}

/* Ends everything that descends from this process. */
static void end_family(void)
{
    static struct proc_stat family[512];
    int proc = proc_open("/proc");

    int count = proc_list(proc, getpid(), family, 512);
    for (int i = 0; i < count && i < 512; i++)
        kill(family[i].pid, SIGKILL);
    close(proc);
    while (waitpid(-1, NULL, 0) > 0)
        ;
}

/* The process that lives in the network: takes commands, each ended by '\0',
 * and answers with what they print. */
static void be_runner(struct shell *shell, int commands, int answers,
                      const char *sysctls)
{
    char command[8192];
    size_t len = 0;
    int in = -1, out = -1;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (net_leave_root() == -1 || net_enter(net_probe(NULL, 0)) == -1 ||
        (*sysctls && net_sysctl_file(sysctls, NULL, 0) == -1))
        _exit(1);
    shell->pid = open_sh(shell, &in, &out);
    while (read(commands, command + len, 1) == 1) {
        if (command[len++] != '\0' && len < sizeof command)
            continue;
        len = 0;
        settle(shell);
        dprintf(in, "%s\necho '%s'\n", command, mark);
        if (relay(out, answers) == -1)
            break;
    }
    end_family();
    _exit(0);
}

static int open_shell(struct shell *shell, const char *stem)
{
    int commands[2], answers[2];
    char path[160], sysctls[64] = "";

    if (make_folder(shell, stem) == -1 || pipe2(commands, O_CLOEXEC) == -1 ||
        pipe2(answers, O_CLOEXEC) == -1)
        return -1;
    snprintf(path, sizeof path, "tests/%s.net", stem);
    int net = open(path, O_RDONLY | O_CLOEXEC);
    if (net != -1)
        snprintf(sysctls, sizeof sysctls, "/proc/self/fd/%d", net);
    snprintf(path, sizeof path, "%s/work", shell->folder);
    fflush(stdout);
    shell->pid = fork();
    if (shell->pid == 0) {
        close(commands[1]);
        if (chdir(path) == -1)
            _exit(1);
        be_runner(shell, commands[0], answers[1], sysctls);
    }
    close(commands[0]);
    close(answers[1]);
    if (net != -1)
        close(net);
    shell->in = commands[1];
    shell->out = answers[0];
    return shell->pid == -1 ? -1 : 0;
}

static void close_shell(struct shell *shell)
{
    close(shell->in);
    close(shell->out);
    waitpid(shell->pid, NULL, 0);
    pid_t child = fork();
    if (child == 0) {
        execlp("rm", "rm", "-rf", shell->folder, (char *)NULL);
        _exit(127);
    }
    waitpid(child, NULL, 0);
}

/* Runs one command. Returns all it printed, to be freed, or NULL when it did
 * not come back in time. */
static char *run_command(struct shell *shell, const char *command)
{
    char *text = calloc(1, BIG);
    size_t len = 0;
    ssize_t n;

    if (write(shell->in, command, strlen(command) + 1) == -1) {
        free(text);
        return NULL;
    }
    while ((n = read(shell->out, text + len, BIG - 1 - len)) > 0) {
        len += (size_t)n;
        if (text[len - 1] == '\0')
            return text;
    }
    free(text);
    return NULL;
}

/* ---- one handout ---- */

struct handout {
    const char *path;
    char stem[64];
    struct shell shell;
    struct counts counts;
    FILE *copy;          /* the refreshed handout, or NULL */
    char previous[1024]; /* the last line outside blocks that was not empty */
};

static const char *missing_tool(const char *command)
{
    static const char *const tools[] = {"ss",      "lsof",    "strace",
                                        "netstat", "tcpdump", "why"};
    static char words[8192];
    char *rest, test[128];

    snprintf(words, sizeof words, "%s", command);
    for (char *word = strtok_r(words, " \t\n|;&()$\"", &rest); word;
         word = strtok_r(NULL, " \t\n|;&()$\"", &rest)) {
        for (size_t i = 0; i < sizeof tools / sizeof *tools; i++) {
            if (strcmp(word, tools[i]) != 0 || strcmp(word, "why") == 0)
                continue;
            snprintf(test, sizeof test, "command -v %s >/dev/null", tools[i]);
            if (system(test) != 0)
                return tools[i];
        }
    }
    return NULL;
}

static void complain(const struct handout *handout, const char *command,
                     const char *expected, const char *actual)
{
    printf("%s: $ %s\n", handout->path, command);
    printf("  --- stands there\n%s  --- was printed\n%s  ---\n", expected,
           actual ? actual : "(nothing: it did not end in time)\n");
}

/* A command as it stands in a handout, with its prompts. */
static void write_command(FILE *out, const char *command)
{
    fprintf(out, "$ ");
    for (; *command; command++) {
        fputc(*command, out);
        if (*command == '\n')
            fputs("> ", out);
    }
    fputc('\n', out);
}

/* One command and what should follow it. */
static void check_command(struct handout *handout, const char *command,
                          const char *expected)
{
    const char *missing = missing_tool(command);

    if (missing) {
        printf("%s: $ %s\n  skipped: there is no %s here\n", handout->path,
               command, missing);
        handout->counts.skipped++;
        if (handout->copy) {
            write_command(handout->copy, command);
            fputs(expected, handout->copy);
        }
        return;
    }
    char *actual = run_command(&handout->shell, command);
    bool same = actual && same_text(expected, actual);
    if (handout->copy) {
        write_command(handout->copy, command);
        fputs(same || !actual ? expected : actual, handout->copy);
    } else if (!same)
        complain(handout, command, expected, actual);
    if (same)
        handout->counts.passed++;
    else
        handout->counts.failed++;
    free(actual);
}

/* A console block: commands, each with its output. */
static void check_console(struct handout *handout, char *block)
{
    static char command[8192], expected[65536];
    char *line;

    command[0] = expected[0] = '\0';
    do {
        line = next_line(&block);
        bool begins = line && strncmp(line, "$ ", 2) == 0;
        if ((!line || begins) && command[0]) {
            check_command(handout, command, expected);
            command[0] = expected[0] = '\0';
        }
        if (begins) {
            snprintf(command, sizeof command, "%s", line + 2);
        } else if (line && strncmp(line, "> ", 2) == 0 && !expected[0]) {
            size_t len = strlen(command);
            snprintf(command + len, sizeof command - len, "\n%s", line);
            /* The shell wants it without the prompt. */
            memmove(command + len + 1, command + len + 3,
                    strlen(command + len + 3) + 1);
        } else if (line) {
            size_t len = strlen(expected);
            snprintf(expected + len, sizeof expected - len, "%s\n", line);
        }
    } while (line);
}

/* Blanks at both ends of lines do not count: an excerpt may be indented less.*/
static char *squeeze(const char *text)
{
    char *out = malloc(strlen(text) + 2), *copy = strdup(text), *rest = copy;
    size_t n = 0;

    out[n++] = '\n';
    for (char *line; (line = next_line(&rest));) {
        line += strspn(line, " \t");
        size_t len = strlen(line);
        while (len > 0 && isspace((unsigned char)line[len - 1]))
            len--;
        if (len == 0)
            continue;
        memcpy(out + n, line, len);
        n += len;
        out[n++] = '\n';
    }
    out[n] = '\0';
    free(copy);
    return out;
}

static bool is_in_file(const char *path, const char *squeezed)
{
    char *text = read_all(path);
    bool found = false;

    if (text) {
        char *all = squeeze(text);
        found = strstr(all, squeezed) != NULL;
        free(all);
    }
    free(text);
    return found;
}

/* `path/to/file.c` in the line before the block. */
static bool is_in_named_file(const char *previous, const char *squeezed)
{
    char path[256];

    for (const char *p = strchr(previous, '`'); p; p = strchr(p + 1, '`')) {
        size_t len = strcspn(p + 1, "`");
        snprintf(path, sizeof path, "%.*s", (int)len, p + 1);
        if (is_in_file(path, squeezed))
            return true;
    }
    return false;
}

static void check_code(struct handout *handout, const char *block)
{
    static const char *const patterns[] = {".shipped/%s/*.c",
                                           "solutions/%s/*.c"};
    char *squeezed = squeeze(block), pattern[160];
    bool found = is_in_named_file(handout->previous, squeezed);

    for (size_t i = 0; i < 2 && !found; i++) {
        glob_t files;
        snprintf(pattern, sizeof pattern, patterns[i], handout->stem);
        if (glob(pattern, 0, NULL, &files) != 0)
            continue;
        for (size_t j = 0; j < files.gl_pathc && !found; j++)
            found = is_in_file(files.gl_pathv[j], squeezed);
        globfree(&files);
    }
    if (!found)
        printf("%s: this code is in no file of the lab:\n%s", handout->path,
               block);
    handout->counts.passed += found;
    handout->counts.failed += !found;
    free(squeezed);
}

/* ![words](figures/name.svg) */
static void check_figure(struct handout *handout, const char *line)
{
    const char *link = strstr(line, "](figures/");
    char path[256];

    if (!link)
        return;
    snprintf(path, sizeof path, "handouts/%.*s", (int)strcspn(link + 2, ")"),
             link + 2);
    bool there = access(path, R_OK) == 0;
    if (!there)
        printf("%s: %s is missing; make handouts draws it\n", handout->path,
               path);
    handout->counts.passed += there;
    handout->counts.failed += !there;
}

static void check_lines(struct handout *handout, char *text)
{
    static char block[BIG];
    bool console = false, code = false, other = false;

    block[0] = '\0';
    for (char *line; (line = next_line(&text));) {
        bool fence = strncmp(line, "```", 3) == 0;
        bool inside = console || code || other;
        if (fence && inside) {
            if (console)
                check_console(handout, block);
            if (code)
                check_code(handout, block);
            console = code = other = false;
        } else if (fence) {
            console = strcmp(line, "```console") == 0;
            code = strcmp(line, "```c") == 0;
            other = !console && !code;
            block[0] = '\0';
        } else if (console || code) {
            size_t len = strlen(block);
            snprintf(block + len, sizeof block - len, "%s\n", line);
        } else if (!other) {
            check_figure(handout, line);
            if (*line)
                snprintf(handout->previous, sizeof handout->previous, "%s",
                         line);
        }
        if (handout->copy && !(console && !fence))
            fprintf(handout->copy, "%s\n", line);
    }
}

/* The lab whose programs the handout uses: its own, or lab 2 for those that
 * have none (00-start-here). */
static void find_stem(struct handout *handout)
{
    const char *file = strrchr(handout->path, '/') + 1;
    char path[160];

    snprintf(handout->stem, sizeof handout->stem, "%.*s", (int)strlen(file) - 3,
             file);
    snprintf(path, sizeof path, "build/shipped/%s/server", handout->stem);
    if (access(path, X_OK) == -1)
        snprintf(handout->stem, sizeof handout->stem, "02-short-read");
}

static struct counts check_handout(const char *path, bool refresh)
{
    struct handout handout = {.path = path};
    char new_path[256], *text = read_all(path);

    find_stem(&handout);
    if (!text || open_shell(&handout.shell, handout.stem) == -1) {
        printf("%s: %s\n", path, strerror(errno));
        return (struct counts){.failed = 1};
    }
    snprintf(new_path, sizeof new_path, "%s.new", path);
    if (refresh)
        handout.copy = fopen(new_path, "we");
    check_lines(&handout, text);
    close_shell(&handout.shell);
    if (handout.copy &&
        (fclose(handout.copy) != 0 || rename(new_path, path) == -1))
        printf("%s: %s\n", path, strerror(errno));
    free(text);
    return handout.counts;
}

int main(int argc, char *argv[])
{
    struct counts all = {0};

    bool refresh = argc > 1 && strcmp(argv[1], "refresh") == 0;
    if (argc < 3 || (!refresh && strcmp(argv[1], "check") != 0)) {
        fprintf(stderr, "usage: handouts check|refresh FILE...\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    for (int i = 2; i < argc; i++) {
        struct counts one = {0};
        if (net_probe(NULL, 0) == NET_SHARED) {
            printf("%s: skipped: no private network here\n", argv[i]);
            one.skipped = 1;
        } else {
            one = check_handout(argv[i], refresh);
            printf("%-34s %3d as they stand, %d not, %d skipped\n", argv[i],
                   one.passed, one.failed, one.skipped);
        }
        all.passed += one.passed;
        all.failed += one.failed;
        all.skipped += one.skipped;
    }
    printf("handouts: %d passed, %d failed, %d skipped\n", all.passed,
           all.failed, all.skipped);
    return all.failed > 0;
}
