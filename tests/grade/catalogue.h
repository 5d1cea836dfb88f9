/* The labs of this tree, found by their files, and their variants. */
#ifndef CATALOGUE_H
#define CATALOGUE_H

#include "suite.h"

#include <stdbool.h>

enum { MOST_LABS = 99, MOST_FIXES = 16 };

/* tests/wrong-fixes/STEM/NAME.server.c or tests/right-fixes/... */
struct fix {
    bool right;
    char name[96];    /* "recv-twice" */
    char source[256]; /* its path */
    char folder[256]; /* where it was built */
};

struct lab {
    int number;
    char stem[64];    /* "02-short-read" */
    const char *name; /* "short-read" */
    struct fix fix[MOST_FIXES];
    int fixes;
};

/* Fills labs, in the order of their numbers. Returns how many there are. */
int labs_find(struct lab labs[MOST_LABS]);

/* The one with that number, or NULL. */
struct lab *lab_numbered(struct lab labs[], int count, int number);

/* Whether the student's files of the lab are those it was shipped with. */
bool lab_is_as_shipped(const struct lab *lab);

/* Whether both programs of build/TREE/STEM are there. missing, if not NULL,
 * gets the name of the first that is not. */
bool lab_is_built(const char *tree, const char *stem, const char **missing);

/* What one folder of programs turned out to be. */
enum standing {
    STANDING_UNBUILT,  /* a program is missing */
    STANDING_SHIPPED,  /* the documented bug shows */
    STANDING_FIXED,    /* the whole contract holds */
    STANDING_NEITHER,  /* something else is wrong */
    STANDING_UNJUDGED, /* nothing failed, not all could be judged here */
    STANDING_ERROR,    /* the suite itself failed */
};

enum standing lab_standing(const struct suite_result *result);

/* How many of the contract's tests have that outcome; of all with -1. */
int contract_count(const struct suite_result *result, int outcome);

/* The first test of the contract that failed, or NULL. */
const struct test_verdict *first_failure(const struct suite_result *result);

/*
 * Whether a fix did what it has to: a right one holds, a wrong one fails the
 * tests and gets the messages that its first comment names. Returns NULL if so,
 * else a sentence, overwritten by the next call. *unjudged is set when this
 * machine could not tell.
 */
const char *fix_fault(const struct fix *fix, const struct suite_result *result,
                      bool *unjudged);

#endif
