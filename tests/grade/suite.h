/*
 * Running the labs' suites: one suite program against one folder of lab
 * programs, its report read from a descriptor of its own. Nothing is ever taken
 * from what a student's program prints.
 */
#ifndef SUITE_H
#define SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { MOST_TESTS = 32 };

/* Of one test. ERROR: the suite did not come to a verdict; that is never the
 * fault of a student's program. */
enum outcome {
    OUTCOME_ERROR,
    OUTCOME_PASSED,
    OUTCOME_FAILED,
    OUTCOME_UNJUDGED
};

struct test_verdict {
    bool is_contract;
    char name[96];
    enum outcome outcome;
    long microseconds;
    char *story; /* never NULL */
    char *log;   /* what the programs logged; never NULL */
};

struct suite_result {
    struct test_verdict test[MOST_TESTS];
    int count;
    unsigned long seed;
    int tier;      /* enum net_tier of common/net/net.h */
    bool complete; /* the suite ran to its end and reported every test */
};

/* What to run: build/tests/STEM against a folder. */
struct suite_job {
    const char *stem;
    const char *folder;    /* with server and client in it */
    const char *only_case; /* "symptom", "contract", or NULL for both */
    const char *seed;      /* NULL: the suite draws one */

    /* Filled in by suites_run(). */
    struct suite_result result;
    pid_t pid;
    int report;
    char *text; /* the report so far */
    size_t len;
};

/*
 * Runs all jobs, at most `most` at once, and calls done() after each with what
 * was given. An interrupted run ends the suites it started.
 */
void suites_run(struct suite_job *jobs, int count, int most,
                void (*done)(struct suite_job *job, void *with), void *with);

/* Frees what a result owns. */
void suite_result_free(struct suite_result *result);

/* The number of processors this process may use; at least 1. */
int processors(void);

#endif
