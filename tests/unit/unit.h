/* What the unit tests share: their main, and a line for what cannot run. */
#ifndef UNIT_H
#define UNIT_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Runs one case; prints Check's own summary, which tests/door/unit.sh adds up.
 * Returns the exit status. */
static inline int unit_run(const char *name, TCase *tests)
{
    Suite *suite = suite_create(name);
    SRunner *runner = srunner_create(suite);

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, 120);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}

/* Ends a test that this machine cannot run; the summary counts it as skipped.*/
#define unit_skip(reason)                \
    do {                                 \
        printf("skipped: %s\n", reason); \
        fflush(stdout);                  \
        _exit(0);                        \
    } while (0)

#endif
