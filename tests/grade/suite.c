#define _GNU_SOURCE /* pipe2, sched_getaffinity */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REPORT_FD = 3, MOST_AT_ONCE = 64, CHUNK = 65536 };

int processors(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

/* ---- the report ---- */

static char *append_line(char *text, const char *line, size_t len)
{
    size_t old = text ? strlen(text) : 0;
    char *grown = realloc(text, old + len + 2);

    if (!grown)
        abort();
    memcpy(grown + old, line, len);
    memcpy(grown + old + len, "\n", 2);
    return grown;
}

static void parse_test(struct suite_result *result, const char *line)
{
    static const char *const names[] = {"error", "passed", "failed",
                                        "unjudged"};
    char kind[16], outcome[16];
    struct test_verdict *test = &result->test[result->count];

    if (result->count == MOST_TESTS)
        return;
    if (sscanf(line, "@test %15s %95s %15s %ld", kind, test->name, outcome,
               &test->microseconds) != 4)
        return;
    test->is_contract = strcmp(kind, "contract") == 0;
    for (int i = 0; i < 4; i++) {
        if (strcmp(outcome, names[i]) == 0)
            test->outcome = (enum outcome)i;
    }
    test->story = calloc(1, 1);
    test->log = calloc(1, 1);
    result->count++;
}

static void parse(struct suite_job *job)
{
    struct suite_result *result = &job->result;
    const char *line = job->text, *end = job->text + job->len;

    while (line < end) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (!stop)
            return;
        struct test_verdict *test =
            result->count ? &result->test[result->count - 1] : NULL;
        if (strncmp(line, "@suite ", 7) == 0)
            sscanf(line, "@suite %*s seed %lu tier %d", &result->seed,
                   &result->tier);
        else if (strncmp(line, "@test ", 6) == 0)
            parse_test(result, line);
        else if (strncmp(line, "@end", 4) == 0)
            result->complete = result->count > 0;
        else if (*line == '|' && test)
            test->story =
                append_line(test->story, line + 1, (size_t)(stop - line - 1));
        else if (*line == '>' && test)
            test->log =
                append_line(test->log, line + 1, (size_t)(stop - line - 1));
        line = stop + 1;
    }
}

void suite_result_free(struct suite_result *result)
{
    for (int i = 0; i < result->count; i++) {
        free(result->test[i].story);
        free(result->test[i].log);
    }
    *result = (struct suite_result){0};
}

/* ---- the processes ---- */

static void be_suite(const struct suite_job *job, int report)
{
    char program[128], fd[16];
    const char *argv[12] = {program, "--report", fd};
    int n = 3;

    snprintf(program, sizeof program, "build/tests/%s", job->stem);
    snprintf(fd, sizeof fd, "%d", REPORT_FD);
    if (job->only_case) {
        argv[n++] = "--case";
        argv[n++] = job->only_case;
    }
    if (job->seed) {
        argv[n++] = "--seed";
        argv[n++] = job->seed;
    }
    argv[n] = job->folder;
    /* Whoever is ended by SIGKILL cannot end us: the kernel does it then. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (report == REPORT_FD)
        fcntl(report, F_SETFD, 0);
    else
        dup2(report, REPORT_FD);
    execv(program, (char *const *)argv);
    fprintf(stderr, "%s: %s\n", program, strerror(errno));
    _exit(2);
}

static int begin(struct suite_job *job)
{
    int ends[2];

    job->result = (struct suite_result){0};
    job->text = NULL;
    job->len = 0;
    job->pid = -1;
    if (pipe2(ends, O_CLOEXEC) == -1)
        return -1;
    fflush(NULL);
    job->pid = fork();
    if (job->pid == 0)
        be_suite(job, ends[1]);
    close(ends[1]);
    job->report = ends[0];
    return job->pid == -1 ? -1 : 0;
}

/* Reads what there is. Returns false when the suite has closed its report. */
static bool more(struct suite_job *job)
{
    char *grown = realloc(job->text, job->len + CHUNK);

    if (!grown)
        abort();
    job->text = grown;
    ssize_t n = read(job->report, job->text + job->len, CHUNK);
    if (n > 0)
        job->len += (size_t)n;
    return n > 0 || (n == -1 && errno == EINTR);
}

static void end(struct suite_job *job)
{
    int status = 0;

    close(job->report);
    while (waitpid(job->pid, &status, 0) == -1 && errno == EINTR)
        ;
    parse(job);
    /* 0, 1 and 3 are verdicts; see tests/harness/main.c. */
    if (!WIFEXITED(status) || WEXITSTATUS(status) == 2)
        job->result.complete = false;
    free(job->text);
    job->text = NULL;
}

void suites_run(struct suite_job *jobs, int count, int most,
                void (*done)(struct suite_job *job, void *with), void *with)
{
    struct pollfd watched[MOST_AT_ONCE];
    struct suite_job *running[MOST_AT_ONCE];
    int next = 0, active = 0;

    if (most > MOST_AT_ONCE)
        most = MOST_AT_ONCE;
    while (next < count || active > 0) {
        while (active < most && next < count) {
            struct suite_job *job = &jobs[next++];
            if (begin(job) == 0)
                running[active++] = job;
            else if (done)
                done(job, with);
        }
        for (int i = 0; i < active; i++)
            watched[i] =
                (struct pollfd){.fd = running[i]->report, .events = POLLIN};
        if (poll(watched, (nfds_t)active, -1) == -1)
            continue;
        for (int i = active - 1; i >= 0; i--) {
            if (!watched[i].revents || more(running[i]))
                continue;
            end(running[i]);
            struct suite_job *job = running[i];
            running[i] = running[--active];
            if (done)
                done(job, with);
        }
    }
}
