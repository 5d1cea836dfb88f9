/* How verdicts look on a terminal or in a file: 80 columns, colour only where
 * somebody sees it, and never as the only sign. */
#ifndef SHOW_H
#define SHOW_H

#include "catalogue.h"

enum colour { PLAIN, DIM, BOLD, GREEN, RED, YELLOW };

/* The escape sequence that begins or (PLAIN) ends a colour on stdout; "" where
 * there is none: not a terminal, NO_COLOR; CLICOLOR_FORCE overrides. */
const char *colour(enum colour colour);

/* "ok" and "--" as one character each where the locale has them. */
const char *tick(void);
const char *cross(void);

/* A standing in a word or two: "fixed", "as shipped". */
const char *standing_words(enum standing standing);
enum colour standing_colour(enum standing standing);

/* One line a contract test: verdict and name as a sentence. */
void show_tests(const struct suite_result *result);

/* The story of one failed test, with the lab's next command. */
void show_story(const struct lab *lab, const struct test_verdict *test,
                unsigned long seed);

/* On a terminal: "done of all" on one line of stderr, written over and over;
 * done == all clears it. Elsewhere nothing. */
void show_progress(const char *what, int done, int all);

#endif
