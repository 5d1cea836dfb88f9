/*
 * The verdicts. make(1) builds the programs, this judges them:
 *
 *     build/grade lab N       one lab, for the student who works on it
 *     build/grade verdict N   only the verdict; exit 0 when lab N is fixed
 *     build/grade tree        every lab: table, score, build/results.json
 *     build/grade prove       the strict proof of the kit itself
 *     build/grade soak        every suite against every variant, RUNS times
 *     build/grade list        the labs, and how far one is
 *
 * Exit status: 0 as said above; 1 not so; 2 it could not be judged (usage, a
 * program that is missing, a fault of the kit).
 */
#include "catalogue.h"
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

enum { POINTS = 10, PATH = 256 };

static struct lab catalogue[MOST_LABS];
static int lab_count;

/* ---- what is left behind for reading ---- */

static void keep_logs(const char *stem, const struct suite_result *result)
{
    char path[PATH];

    snprintf(path, sizeof path, "build/logs/%s", stem);
    mkdir("build/logs", 0777);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "build/logs/%s/verdict", stem);
    FILE *verdict = fopen(path, "we");
    if (verdict) {
        fprintf(verdict, "%s, %d of %d\n", standing_words(lab_standing(result)),
                contract_count(result, OUTCOME_PASSED),
                contract_count(result, -1));
        fclose(verdict);
    }
    for (int i = 0; i < result->count; i++) {
        const struct test_verdict *test = &result->test[i];
        snprintf(path, sizeof path, "build/logs/%s/%s.log", stem, test->name);
        FILE *file = fopen(path, "we");
        if (!file)
            continue;
        fprintf(file, "%s\n%s\n%s", test->name, test->story, test->log);
        fclose(file);
    }
}

/* What the compiler said of a program of the student's, at most 40 lines. */
static bool show_diagnostics(const struct lab *lab, const char *program)
{
    char path[PATH], line[512];
    int lines = 0;

    snprintf(path, sizeof path, "build/labs/%s/%s.diag", lab->stem, program);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    while (fgets(line, sizeof line, file)) {
        if (++lines <= 40)
            fputs(line, stdout);
    }
    fclose(file);
    if (lines > 40)
        printf("... %d more lines in %s\n", lines - 40, path);
    return lines > 0;
}

/* Says why a lab cannot be judged. Returns whether it can. */
static bool can_be_judged(const struct lab *lab)
{
    const char *missing = NULL;
    char source[PATH];
    bool warned = false;

    if (lab_is_built("labs", lab->stem, &missing)) {
        warned |= show_diagnostics(lab, "server");
        warned |= show_diagnostics(lab, "client");
        if (warned)
            printf("(warnings; the programs were built)\n\n");
        return true;
    }
    snprintf(source, sizeof source, "labs/%s/%s.c", lab->stem, missing);
    if (access(source, R_OK) == -1) {
        printf("%s cannot be read (%s). `make reset%d` brings the shipped "
               "files back.\n",
               source, errno == ENOENT ? "it is not there" : strerror(errno),
               lab->number);
        return false;
    }
    show_diagnostics(lab, missing);
    printf("\n%s does not compile. Mend the first error above, then: make "
           "lab%d\n",
           source, lab->number);
    return false;
}

/* ---- one lab ---- */

static struct suite_job job_for(const char *tree, const char *stem)
{
    char folder[PATH];

    snprintf(folder, sizeof folder, "build/%s/%s", tree, stem);
    return (struct suite_job){
        .stem = stem, .folder = strdup(folder), .seed = getenv("SEED")};
}

/* The picture of one run; its failure never costs anybody the verdict. */
static void show_run(const struct lab *lab)
{
    char number[16];
    int status = 0;

    snprintf(number, sizeof number, "%d", lab->number);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        execlp("sh", "sh", "tests/door/xray.sh", number, lab->stem,
               (char *)NULL);
        _exit(127);
    }
    if (child == -1 || waitpid(child, &status, 0) != child ||
        !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        printf("(no picture of this run)\n");
    printf("\n");
}

static void show_next(const struct lab *lab, enum standing standing)
{
    if (standing == STANDING_FIXED) {
        printf("%sLab %d is fixed.%s The questions at the end of "
               "handouts/%s.md\nare for you now; make diff%d shows another "
               "way to the same end.\nnext      make list\n",
               colour(GREEN), lab->number, colour(PLAIN), lab->stem,
               lab->number);
        return;
    }
    if (standing == STANDING_UNJUDGED) {
        printf("Nothing failed, and not all could be judged on this "
               "machine.\nnext      make doctor\n");
        return;
    }
    printf("read      handouts/%s.md; make hint%d\nnext      edit "
           "labs/%s, then: make lab%d\n",
           lab->stem, lab->number, lab->stem, lab->number);
}

/* Runs the contract on the student's programs, shows it; returns how it is. */
static enum standing judge(const struct lab *lab)
{
    struct suite_job job = job_for("labs", lab->stem);
    job.only_case = "contract";

    suites_run(&job, 1, 1, NULL, NULL);
    keep_logs(lab->stem, &job.result);
    enum standing standing = lab_standing(&job.result);
    if (standing == STANDING_ERROR) {
        printf("The suite of lab %d did not come to a verdict; that is a fault "
               "of the kit.\n",
               lab->number);
        return standing;
    }
    printf("%sThe contract of lab %d: %d of %d%s\n", colour(BOLD), lab->number,
           contract_count(&job.result, OUTCOME_PASSED),
           contract_count(&job.result, -1), colour(PLAIN));
    show_tests(&job.result);
    printf("\n");
    for (int i = 0; i < job.result.count; i++) {
        const struct test_verdict *test = &job.result.test[i];
        if (test->outcome == OUTCOME_PASSED)
            continue;
        show_story(lab, test, job.result.seed);
        printf("\n");
        break; /* one at a time: the next may be gone with it */
    }
    suite_result_free(&job.result);
    return standing;
}

static int lab_command(const struct lab *lab, bool verdict_only)
{
    if (!can_be_judged(lab))
        return 2;
    if (!verdict_only)
        show_run(lab);
    enum standing standing = judge(lab);
    if (standing == STANDING_ERROR)
        return 2;
    show_next(lab, standing);
    return verdict_only && standing != STANDING_FIXED;
}

/* ---- the whole tree ---- */

struct row {
    struct lab *lab;
    enum standing mine, shipped, solution;
    bool has_solution, has_shipped;
    int passed, unjudged, tests;
    struct suite_result result;
};

struct tree {
    struct row row[MOST_LABS];
    struct suite_job job[3 * MOST_LABS];
    int *standing_of[3 * MOST_LABS];
    int jobs, done;
};

static void on_done(struct suite_job *job, void *with)
{
    struct tree *tree = with;

    (void)job;
    show_progress("judging", ++tree->done, tree->jobs);
}

static void add_job(struct tree *tree, const char *folder_tree,
                    const char *stem)
{
    tree->job[tree->jobs++] = job_for(folder_tree, stem);
}

/* Takes the next job's result, in the order in which they were added. */
static enum standing take(struct tree *tree, int *next,
                          struct suite_result *result)
{
    struct suite_job *job = &tree->job[(*next)++];
    enum standing standing = lab_standing(&job->result);

    if (result)
        *result = job->result;
    else
        suite_result_free(&job->result);
    return standing;
}

static void run_tree(struct tree *tree)
{
    int next = 0;

    for (int i = 0; i < lab_count; i++) {
        struct row *row = &tree->row[i];
        row->lab = &catalogue[i];
        row->mine = STANDING_UNBUILT;
        row->has_shipped = lab_is_built("shipped", catalogue[i].stem, NULL);
        row->has_solution = lab_is_built("solutions", catalogue[i].stem, NULL);
        if (lab_is_built("labs", catalogue[i].stem, NULL)) {
            row->mine = STANDING_ERROR;
            add_job(tree, "labs", catalogue[i].stem);
        }
        if (row->has_shipped && !lab_is_as_shipped(&catalogue[i]))
            add_job(tree, "shipped", catalogue[i].stem);
        if (row->has_solution)
            add_job(tree, "solutions", catalogue[i].stem);
    }
    suites_run(tree->job, tree->jobs, processors(), on_done, tree);
    for (int i = 0; i < lab_count; i++) {
        struct row *row = &tree->row[i];
        if (row->mine == STANDING_ERROR)
            row->mine = take(tree, &next, &row->result);
        row->shipped = row->mine;
        if (row->has_shipped && !lab_is_as_shipped(row->lab))
            row->shipped = take(tree, &next, NULL);
        if (row->has_solution)
            row->solution = take(tree, &next, NULL);
        row->tests = contract_count(&row->result, -1);
        row->passed = contract_count(&row->result, OUTCOME_PASSED);
        row->unjudged = contract_count(&row->result, OUTCOME_UNJUDGED);
        keep_logs(row->lab->stem, &row->result);
    }
}

static double points(const struct row *row)
{
    return row->tests ? (double)POINTS * row->passed / row->tests : 0;
}

/* "holds", or what is wrong with the kit itself. */
static const char *proof_word(bool there, enum standing is,
                              enum standing should_be, const char *good)
{
    if (!there)
        return "-";
    if (is == should_be)
        return good;
    return is == STANDING_UNJUDGED ? "not judged" : "NOT PROVED";
}

static bool kit_is_sound(const struct row *row)
{
    bool bug = !row->has_shipped || row->shipped == STANDING_SHIPPED ||
               row->shipped == STANDING_UNJUDGED;
    bool cure = !row->has_solution || row->solution == STANDING_FIXED ||
                row->solution == STANDING_UNJUDGED;

    return bug && cure && row->mine != STANDING_ERROR;
}

static void show_row(const struct row *row)
{
    printf(
        "%3d  %-18s %s%-15s%s %4.1f of %d   %-11s %s\n", row->lab->number,
        row->lab->name, colour(standing_colour(row->mine)),
        standing_words(row->mine), colour(PLAIN), points(row), POINTS,
        proof_word(row->has_solution, row->solution, STANDING_FIXED, "holds"),
        proof_word(row->has_shipped, row->shipped, STANDING_SHIPPED, "shows"));
}

/* Names what a student or a maintainer ought to look at below the table. */
static void show_remarks(const struct tree *tree)
{
    for (int i = 0; i < lab_count; i++) {
        const struct row *row = &tree->row[i];
        if (row->mine == STANDING_UNBUILT)
            printf("lab %d: a program is missing; make lab%d says why\n",
                   row->lab->number, row->lab->number);
        if (row->mine == STANDING_NEITHER && row->passed < row->tests)
            printf("lab %d: neither as documented nor fixed: %s\n",
                   row->lab->number, first_failure(&row->result)->name);
        else if (row->mine == STANDING_NEITHER)
            printf("lab %d: the contract holds and so does the symptom, which "
                   "cannot be\n",
                   row->lab->number);
        if (row->unjudged)
            printf("lab %d: %d of %d tests cannot be judged on this machine; "
                   "make doctor\n",
                   row->lab->number, row->unjudged, row->tests);
        if (!kit_is_sound(row))
            printf("lab %d: the kit itself is not sound; make check\n",
                   row->lab->number);
    }
}

static void put_json(FILE *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c == '\n')
            fputs("\\n", out);
        else if (c < ' ' || c > '~')
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
}

/* The format of Gradescope's results.json, a file that is whole or not there.*/
static int write_results(const struct tree *tree, double score)
{
    const char *comma = "";
    FILE *out = fopen("build/results.json.new", "we");

    if (!out)
        return -1;
    fprintf(out, "{\"score\": %.2f, \"tests\": [", score);
    for (int i = 0; i < lab_count; i++) {
        const struct row *row = &tree->row[i];
        const struct test_verdict *failed = first_failure(&row->result);
        fprintf(out,
                "%s\n {\"number\": \"%d\", \"name\": \"%s\", \"score\": %.2f, "
                "\"max_score\": %d, \"status\": \"%s\", \"output\": \"",
                comma, row->lab->number, row->lab->stem, points(row), POINTS,
                row->mine == STANDING_FIXED ? "passed" : "failed");
        put_json(out, failed ? failed->story : standing_words(row->mine));
        fprintf(out, "\", \"tags\": [\"%s\"]}", standing_words(row->mine));
        comma = ",";
    }
    fprintf(out, "\n]}\n");
    if (fclose(out) != 0)
        return -1;
    return rename("build/results.json.new", "build/results.json");
}

static int tree_command(void)
{
    static struct tree tree;
    int fixed = 0, sound = 1, unjudged = 0;
    double score = 0, lost = 0;

    run_tree(&tree);
    printf("%slab  name               labs/           points       solution    "
           "bug%s\n",
           colour(BOLD), colour(PLAIN));
    for (int i = 0; i < lab_count; i++) {
        const struct row *row = &tree.row[i];
        show_row(row);
        fixed += row->mine == STANDING_FIXED;
        sound &= kit_is_sound(row);
        unjudged += row->unjudged > 0;
        score += points(row);
        if (row->tests)
            lost += (double)POINTS * row->unjudged / row->tests;
    }
    printf("\nscore %.1f of %d, %d of %d labs fixed", score, POINTS * lab_count,
           fixed, lab_count);
    if (unjudged)
        printf("; %.1f points could not be judged here", lost);
    printf("\n");
    show_remarks(&tree);
    if (write_results(&tree, score) == -1)
        printf("build/results.json: %s\n", strerror(errno));
    return lab_count == 0 || !sound ? 1 : 0;
}

/* Whether the student's files are younger than the last verdict on them. */
static bool changed_since(const struct lab *lab, const struct stat *verdict)
{
    static const char *const programs[] = {"server", "client"};
    char path[PATH];
    struct stat mine;

    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "labs/%s/%s.c", lab->stem, programs[i]);
        if (stat(path, &mine) == -1 || mine.st_mtime > verdict->st_mtime)
            return true;
    }
    return false;
}

/* How far one is with a lab, without judging it now. */
static const char *how_far(const struct lab *lab)
{
    static char line[64];
    char path[PATH];
    struct stat verdict;

    if (lab_is_as_shipped(lab))
        return "as shipped";
    snprintf(path, sizeof path, "build/logs/%s/verdict", lab->stem);
    if (stat(path, &verdict) == -1 || changed_since(lab, &verdict))
        return "changed, not judged yet";
    FILE *file = fopen(path, "re");
    if (!file || !fgets(line, sizeof line, file))
        snprintf(line, sizeof line, "changed");
    if (file)
        fclose(file);
    line[strcspn(line, "\n")] = '\0';
    return line;
}

static int list_command(void)
{
    for (int i = 0; i < lab_count; i++)
        printf("%3d  %-18s %-24s labs/%s\n", catalogue[i].number,
               catalogue[i].name, how_far(&catalogue[i]), catalogue[i].stem);
    printf("\nmake labN works on lab N; make test judges all of them.\n");
    return 0;
}

static int usage(void)
{
    fprintf(stderr, "usage: grade lab N | verdict N | tree | prove | soak | "
                    "list\n");
    return 2;
}

static int numbered(const char *text, bool verdict_only)
{
    char *end;
    long number = strtol(text, &end, 10);
    const struct lab *lab = NULL;

    if (*text >= '0' && *text <= '9' && *end == '\0')
        lab = lab_numbered(catalogue, lab_count, (int)number);
    if (lab)
        return lab_command(lab, verdict_only);
    fprintf(stderr, "There is no lab %s. `make list` shows those there are.\n",
            text);
    return 2;
}

int main(int argc, char *argv[])
{
    lab_count = labs_find(catalogue);
    if (argc == 3 && strcmp(argv[1], "lab") == 0)
        return numbered(argv[2], false);
    if (argc == 3 && strcmp(argv[1], "verdict") == 0)
        return numbered(argv[2], true);
    if (argc == 2 && strcmp(argv[1], "tree") == 0)
        return tree_command();
    if (argc == 2 && strcmp(argv[1], "prove") == 0)
        return prove_command(catalogue, lab_count);
    if (argc == 2 && strcmp(argv[1], "soak") == 0)
        return soak_command(catalogue, lab_count);
    if (argc == 2 && strcmp(argv[1], "list") == 0)
        return list_command();
    return usage();
}
