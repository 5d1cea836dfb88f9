/*
 * The proof of the kit: every variant of every lab (shipped, solution, wrong
 * and right fixes) gets the verdict it must get, and the twins stay small. Once
 * for `make check`, RUNS times for `make soak`.
 */
#include "prove.h"
#include "show.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_VARIANTS = MOST_LABS * (MOST_FIXES + 2), RUNS_AT_A_TIME = 20 };

/* One folder of programs, and what the suite has to say of it. */
struct variant {
    const struct lab *lab;
    const struct fix *fix; /* NULL: the shipped pair or the solution */
    bool solution;
    char folder[256];
    char name[128];
    int runs, wrong, unjudged;
    char fault[320]; /* the first one */
};

static struct variant variants[MOST_VARIANTS];
static int variant_count;

static void add_variant(const struct lab *lab, const struct fix *fix,
                        bool solution)
{
    struct variant *v = &variants[variant_count++];

    *v = (struct variant){.lab = lab, .fix = fix, .solution = solution};
    if (fix) {
        snprintf(v->folder, sizeof v->folder, "%s", fix->folder);
        snprintf(v->name, sizeof v->name, "%s: %s",
                 fix->right ? "right" : "wrong", fix->name);
        return;
    }
    snprintf(v->folder, sizeof v->folder, "build/%s/%s",
             solution ? "solutions" : "shipped", lab->stem);
    snprintf(v->name, sizeof v->name, "%s", solution ? "solution" : "shipped");
}

static void find_variants(const struct lab labs[], int count)
{
    const char *only = getenv("LABS");

    for (int i = 0; i < count; i++) {
        char number[16];
        snprintf(number, sizeof number, " %d ", labs[i].number);
        char list[256] = "";
        if (only)
            snprintf(list, sizeof list, " %s ", only);
        if (*list && !strstr(list, number))
            continue;
        add_variant(&labs[i], NULL, false);
        add_variant(&labs[i], NULL, true);
        for (int j = 0; j < labs[i].fixes; j++)
            add_variant(&labs[i], &labs[i].fix[j], false);
    }
}

/* Returns NULL when the suite said what it has to say of this variant. */
static const char *fault_of(const struct variant *v,
                            const struct suite_result *result, bool *unjudged)
{
    static char fault[160];

    if (v->fix)
        return fix_fault(v->fix, result, unjudged);
    enum standing standing = lab_standing(result);
    *unjudged = standing == STANDING_UNJUDGED;
    if (standing == (v->solution ? STANDING_FIXED : STANDING_SHIPPED) ||
        *unjudged)
        return NULL;
    const struct test_verdict *broken = first_failure(result);
    snprintf(fault, sizeof fault, "is %s%s%s", standing_words(standing),
             broken ? ": " : "", broken ? broken->name : "");
    return fault;
}

/* Keeps the stories of a run that went wrong; a soak may run for hours. */
static void keep_evidence(const struct variant *v,
                          const struct suite_result *result)
{
    char path[512], name[128];

    snprintf(name, sizeof name, "%s", v->name);
    for (char *p = name; *p; p++) {
        if (*p == ':' || *p == ' ')
            *p = '-';
    }
    mkdir("build/soak", 0777);
    snprintf(path, sizeof path, "build/soak/%s-%s-%d.txt", v->lab->stem, name,
             v->wrong);
    FILE *file = fopen(path, "we");
    if (!file)
        return;
    fprintf(file, "%s\nseed %lu\n", v->fault, result->seed);
    for (int i = 0; i < result->count; i++) {
        const struct test_verdict *test = &result->test[i];
        fprintf(file, "%s %s %d\n%s\n%s\n",
                test->is_contract ? "contract" : "symptom", test->name,
                test->outcome, test->story, test->log);
    }
    fclose(file);
}

/* So many runs of every variant at a time: the next one need not wait for the
 * slowest of the last. */
struct batch {
    struct suite_job *job;
    int done, all;
};

static void on_done(struct suite_job *job, void *with)
{
    struct batch *batch = with;
    struct variant *v = &variants[(job - batch->job) % variant_count];
    bool unjudged = false;

    v->runs++;
    const char *fault = fault_of(v, &job->result, &unjudged);
    v->unjudged += unjudged;
    if (fault) {
        v->wrong++;
        if (v->fault[0] == '\0')
            snprintf(v->fault, sizeof v->fault, "%s", fault);
        keep_evidence(v, &job->result);
    }
    suite_result_free(&job->result);
    show_progress("proving", ++batch->done, batch->all);
}

static void run_all(int runs, int at_once)
{
    int most = runs < RUNS_AT_A_TIME ? runs : RUNS_AT_A_TIME;
    struct batch batch = {.all = runs * variant_count};

    batch.job = calloc((size_t)(most * variant_count), sizeof *batch.job);
    if (!batch.job && most * variant_count > 0)
        abort();
    for (int left = runs; left > 0; left -= most) {
        int jobs = (left < most ? left : most) * variant_count;
        for (int i = 0; i < jobs; i++) {
            struct variant *v = &variants[i % variant_count];
            batch.job[i] = (struct suite_job){.stem = v->lab->stem,
                                              .folder = v->folder,
                                              .seed = getenv("SEED")};
        }
        suites_run(batch.job, jobs, at_once, on_done, &batch);
    }
    free(batch.job);
}

/* ---- the twin's budget ---- */

/* How diff(1) sees the fix: changed lines (added, or removed where more were
 * removed than added) and hunks. */
static void measure_twin(const char *stem, const char *program, int *lines,
                         int *hunks)
{
    char command[512], line[512];
    int added = 0, removed = 0;

    *lines = *hunks = 0;
    snprintf(command, sizeof command,
             "diff -U0 .shipped/%s/%s.c solutions/%s/%s.c 2>/dev/null", stem,
             program, stem, program);
    FILE *diff = popen(command, "re");
    if (!diff)
        return;
    while (fgets(line, sizeof line, diff)) {
        *hunks += strncmp(line, "@@", 2) == 0;
        added += line[0] == '+' && strncmp(line, "+++", 3) != 0;
        removed += line[0] == '-' && strncmp(line, "---", 3) != 0;
    }
    pclose(diff);
    *lines = added > removed ? added : removed;
}

static bool twin_is_small(const struct lab *lab)
{
    enum { LINES = 15, HUNKS = 3 };
    static const char *const programs[] = {"server", "client"};
    bool small = true;

    for (int i = 0; i < 2; i++) {
        int lines, hunks;
        char path[256];
        snprintf(path, sizeof path, "solutions/%s/%s.c", lab->stem,
                 programs[i]);
        if (access(path, F_OK) == -1)
            continue;
        measure_twin(lab->stem, programs[i], &lines, &hunks);
        bool fits = lines > 0 && lines <= LINES && hunks <= HUNKS;
        printf("%3d  %-18s %-30s %2d lines in %d hunks%s\n", lab->number,
               lab->name, programs[i], lines, hunks,
               fits ? "" : "  TOO MUCH (or nothing)");
        small &= fits;
    }
    return small;
}

/* ---- the two commands ---- */

/* Prints the proof's table. Returns the number of variants that went wrong. */
static int show_variants(void)
{
    int wrong = 0;

    for (int i = 0; i < variant_count; i++) {
        const struct variant *v = &variants[i];
        printf("%3d  %-18s %-38s ", v->lab->number, v->lab->name, v->name);
        if (v->wrong)
            printf("%s%d of %d WRONG%s\n     %s\n", colour(RED), v->wrong,
                   v->runs, colour(PLAIN), v->fault);
        else if (v->unjudged)
            printf("not judged\n");
        else
            printf("ok\n");
        wrong += v->wrong > 0;
    }
    return wrong;
}

int prove_command(struct lab labs[], int count)
{
    int passed = 0, failed = 0, skipped = 0;

    find_variants(labs, count);
    run_all(1, processors());
    failed = show_variants();
    for (int i = 0; i < variant_count; i++) {
        skipped += variants[i].unjudged && !variants[i].wrong;
        passed += !variants[i].unjudged && !variants[i].wrong;
    }
    printf("\n");
    for (int i = 0; i < count; i++) {
        bool pristine = lab_is_as_shipped(&labs[i]);
        if (!pristine)
            printf("%3d  %-18s labs/ differs from .shipped/; make ship%d takes "
                   "it over\n",
                   labs[i].number, labs[i].name, labs[i].number);
        bool small = twin_is_small(&labs[i]);
        passed += small + pristine;
        failed += !small + !pristine;
    }
    printf("proof: %d passed, %d failed, %d skipped\n", passed, failed,
           skipped);
    return failed > 0 || variant_count == 0;
}

/* Keeps every core busy with so many processes each. */
static void busy(int per_core, pid_t *children, int *count)
{
    int all = per_core * processors();

    *count = 0;
    for (int i = 0; i < all && i < 256; i++) {
        pid_t child = fork();
        if (child == 0) {
            for (volatile unsigned long n = 0; getppid() != 1; n++)
                ;
            _exit(0);
        }
        if (child > 0)
            children[(*count)++] = child;
    }
}

static int number_from(const char *name, int fallback)
{
    const char *text = getenv(name);
    int number = text && *text ? atoi(text) : fallback;

    return number >= 0 ? number : fallback;
}

int soak_command(struct lab labs[], int count)
{
    pid_t loaders[256];
    int loader_count, runs = number_from("RUNS", 20);
    int load = number_from("LOAD", 0);
    int at_once = number_from("JOBS", processors());

    find_variants(labs, count);
    if (at_once == 0)
        at_once = 1;
    printf("%d runs of %d variants, %d at once, %d busy processes a core, as "
           "uid %d\n",
           runs, variant_count, at_once, load, (int)getuid());
    fflush(stdout);
    busy(load, loaders, &loader_count);
    run_all(runs, at_once);
    for (int i = 0; i < loader_count; i++)
        kill(loaders[i], SIGKILL);
    while (waitpid(-1, NULL, 0) > 0)
        ;
    int wrong = show_variants();
    printf("%d of %d variants got a wrong verdict\n", wrong, variant_count);
    return wrong > 0 || variant_count == 0;
}
