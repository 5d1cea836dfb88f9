#define _GNU_SOURCE
#include "catalogue.h"

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- what there is ---- */

static void add_fixes(struct lab *lab, const char *kind, const char *tree)
{
    char pattern[192], stem[sizeof lab->stem];
    glob_t found;

    memcpy(stem, lab->stem, sizeof stem);
    snprintf(pattern, sizeof pattern, "tests/%s/%s/*.c", kind, stem);
    if (glob(pattern, 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc && lab->fixes < MOST_FIXES; i++) {
        struct fix *fix = &lab->fix[lab->fixes++];
        const char *file = strrchr(found.gl_pathv[i], '/') + 1;
        fix->right = strcmp(kind, "right-fixes") == 0;
        snprintf(fix->source, sizeof fix->source, "%s", found.gl_pathv[i]);
        int len = (int)strcspn(file, ".");
        snprintf(fix->name, sizeof fix->name, "%.*s", len, file);
        snprintf(fix->folder, sizeof fix->folder, "build/%s/%s/%.*s", tree,
                 stem, len, file);
    }
    globfree(&found);
}

int labs_find(struct lab labs[MOST_LABS])
{
    glob_t found;
    int count = 0;

    if (glob("tests/[0-9][0-9]-*.c", 0, NULL, &found) != 0)
        return 0;
    for (size_t i = 0; i < found.gl_pathc && count < MOST_LABS; i++) {
        struct lab *lab = &labs[count++];
        const char *file = strrchr(found.gl_pathv[i], '/') + 1;
        *lab = (struct lab){.number = atoi(file)};
        snprintf(lab->stem, sizeof lab->stem, "%.*s", (int)strlen(file) - 2,
                 file);
        lab->name = lab->stem + 3;
        add_fixes(lab, "wrong-fixes", "wrong");
        add_fixes(lab, "right-fixes", "right");
    }
    globfree(&found);
    return count;
}

struct lab *lab_numbered(struct lab labs[], int count, int number)
{
    for (int i = 0; i < count; i++) {
        if (labs[i].number == number)
            return &labs[i];
    }
    return NULL;
}

static char *read_whole(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t size = 0;

    if (!file)
        return NULL;
    if (getdelim(&text, &size, '\0', file) == -1) {
        free(text);
        text = NULL;
    }
    fclose(file);
    return text;
}

static bool same_files(const char *one, const char *other)
{
    char *a = read_whole(one), *b = read_whole(other);
    bool same = a && b && strcmp(a, b) == 0;

    free(a);
    free(b);
    return same;
}

bool lab_is_as_shipped(const struct lab *lab)
{
    static const char *const programs[] = {"server", "client"};
    char mine[160], shipped[160];

    for (int i = 0; i < 2; i++) {
        snprintf(mine, sizeof mine, "labs/%s/%s.c", lab->stem, programs[i]);
        snprintf(shipped, sizeof shipped, ".shipped/%s/%s.c", lab->stem,
                 programs[i]);
        if (!same_files(mine, shipped))
            return false;
    }
    return true;
}

bool lab_is_built(const char *tree, const char *stem, const char **missing)
{
    static const char *const programs[] = {"server", "client"};
    char path[256];

    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "build/%s/%s/%s", tree, stem, programs[i]);
        if (access(path, X_OK) == -1) {
            if (missing)
                *missing = programs[i];
            return false;
        }
    }
    return true;
}

/* ---- what it turned out to be ---- */

static int count_of(const struct suite_result *result, bool is_contract,
                    int outcome)
{
    int count = 0;

    for (int i = 0; i < result->count; i++) {
        const struct test_verdict *test = &result->test[i];
        if (test->is_contract == is_contract &&
            (outcome == -1 || (int)test->outcome == outcome))
            count++;
    }
    return count;
}

int contract_count(const struct suite_result *result, int outcome)
{
    return count_of(result, true, outcome);
}

enum standing lab_standing(const struct suite_result *result)
{
    int all = count_of(result, true, -1);

    if (!result->complete || all == 0 ||
        count_of(result, true, OUTCOME_ERROR) +
                count_of(result, false, OUTCOME_ERROR) >
            0)
        return STANDING_ERROR;
    int broken = count_of(result, true, OUTCOME_FAILED);
    int shown = count_of(result, false, OUTCOME_PASSED);
    int refuted = count_of(result, false, OUTCOME_FAILED);
    if (broken > 0)
        return refuted == 0 && shown > 0 ? STANDING_SHIPPED : STANDING_NEITHER;
    if (count_of(result, true, OUTCOME_PASSED) == all)
        return shown == 0 ? STANDING_FIXED : STANDING_NEITHER;
    return STANDING_UNJUDGED;
}

const struct test_verdict *first_failure(const struct suite_result *result)
{
    for (int i = 0; i < result->count; i++) {
        if (result->test[i].is_contract &&
            result->test[i].outcome == OUTCOME_FAILED)
            return &result->test[i];
    }
    return NULL;
}

/* ---- fixes ---- */

static const struct test_verdict *test_named(const struct suite_result *result,
                                             const char *name)
{
    for (int i = 0; i < result->count; i++) {
        if (strcmp(result->test[i].name, name) == 0)
            return &result->test[i];
    }
    return NULL;
}

/* Writes text with every run of blanks as one blank. */
static void fold_blanks(const char *text, char *out, size_t size)
{
    size_t n = 0;

    for (; *text && n + 1 < size; text++) {
        bool blank = isspace((unsigned char)*text);
        if (blank && n > 0 && out[n - 1] == ' ')
            continue;
        out[n++] = blank ? ' ' : *text;
    }
    while (n > 0 && out[n - 1] == ' ')
        n--;
    out[n] = '\0';
}

static bool says(const struct test_verdict *test, const char *words)
{
    static char story[32768];

    fold_blanks(test->story, story, sizeof story);
    return strstr(story, words) != NULL;
}

/* One line of the first comment: "fails: NAME", then "says: TEXT" of it. */
static const char *hold_against(const char *line, const char **name,
                                const struct suite_result *result,
                                bool *unjudged)
{
    static char fault[512], test_name[96];
    char words[256];

    if (sscanf(line, " * fails: %95s", test_name) == 1) {
        *name = test_name;
        const struct test_verdict *test = test_named(result, test_name);
        if (test && test->outcome == OUTCOME_UNJUDGED)
            *unjudged = true;
        if (!test || test->outcome == OUTCOME_PASSED) {
            snprintf(fault, sizeof fault, "%s %s", test_name,
                     test ? "passes" : "is no test of this lab");
            return fault;
        }
    } else if (strncmp(line, " * says: ", 9) == 0 && *name) {
        const struct test_verdict *test = test_named(result, *name);
        fold_blanks(line + 9, words, sizeof words);
        if (test && test->outcome == OUTCOME_FAILED && !says(test, words)) {
            snprintf(fault, sizeof fault, "%s does not say \"%s\"", *name,
                     words);
            return fault;
        }
    }
    return NULL;
}

const char *fix_fault(const struct fix *fix, const struct suite_result *result,
                      bool *unjudged)
{
    static char fault[160];
    enum standing standing = lab_standing(result);
    const char *name = NULL, *found = NULL;
    char line[512];
    int named = 0;

    *unjudged = standing == STANDING_UNJUDGED;
    if (standing == STANDING_ERROR)
        return "the suite itself failed";
    if (fix->right) {
        const struct test_verdict *broken = first_failure(result);
        if (standing == STANDING_FIXED || standing == STANDING_UNJUDGED)
            return NULL;
        snprintf(fault, sizeof fault, "%s",
                 broken ? broken->name : "the symptom shows");
        return fault;
    }
    FILE *file = fopen(fix->source, "re");
    if (!file)
        return "its source cannot be read";
    while (!found && fgets(line, sizeof line, file) &&
           strcmp(line, " */\n") != 0) {
        found = hold_against(line, &name, result, unjudged);
        named += name != NULL;
    }
    fclose(file);
    return named == 0 ? "its first comment names no test that fails" : found;
}
