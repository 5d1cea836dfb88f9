#include "show.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *colour(enum colour colour)
{
    static const char *const codes[] = {"\033[0m",  "\033[2m",  "\033[1m",
                                        "\033[32m", "\033[31m", "\033[33m"};
    static int wanted = -1;

    if (wanted == -1) {
        const char *no = getenv("NO_COLOR"), *force = getenv("CLICOLOR_FORCE");
        wanted = (isatty(STDOUT_FILENO) && !(no && *no)) ||
                 (force && *force && strcmp(force, "0") != 0);
    }
    return wanted ? codes[colour] : "";
}

static bool utf8(void)
{
    static int known = -1;

    if (known == -1) {
        setlocale(LC_CTYPE, "");
        known = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    }
    return known;
}

const char *tick(void)
{
    return utf8() ? "\342\234\223" : "+";
}

const char *cross(void)
{
    return utf8() ? "\342\234\227" : "x";
}

const char *standing_words(enum standing standing)
{
    static const char *const words[] = {"does not build", "as shipped",
                                        "fixed",          "not fixed",
                                        "not judged",     "kit error"};

    return words[standing];
}

enum colour standing_colour(enum standing standing)
{
    static const enum colour colours[] = {RED, YELLOW, GREEN, RED, YELLOW, RED};

    return colours[standing];
}

/* A test's name is a sentence whose blanks are underscores. */
static void print_sentence(const char *name)
{
    for (; *name; name++)
        putchar(*name == '_' ? ' ' : *name);
}

void show_tests(const struct suite_result *result)
{
    for (int i = 0; i < result->count; i++) {
        const struct test_verdict *test = &result->test[i];
        bool passed = test->outcome == OUTCOME_PASSED;
        bool unjudged = test->outcome == OUTCOME_UNJUDGED;
        if (!test->is_contract)
            continue;
        printf("  %s%s%s ",
               colour(passed     ? GREEN
                      : unjudged ? YELLOW
                                 : RED),
               passed     ? tick()
               : unjudged ? "?"
                          : cross(),
               colour(PLAIN));
        print_sentence(test->name);
        printf("%s\n", unjudged ? " (not judged here)" : "");
    }
}

void show_story(const struct lab *lab, const struct test_verdict *test,
                unsigned long seed)
{
    printf("%s%s ", colour(BOLD),
           test->outcome == OUTCOME_FAILED ? cross() : "?");
    print_sentence(test->name);
    printf("%s\n%s", colour(PLAIN), test->story);
    if (test->outcome == OUTCOME_FAILED)
        printf("   %-9s build/logs/%s/\n   %-9s %s.log\n   %-9s make test%d "
               "SEED=%lu\n",
               "evidence", lab->stem, "", test->name, "again", lab->number,
               seed);
}

void show_progress(const char *what, int done, int all)
{
    static int terminal = -1;

    if (terminal == -1)
        terminal = isatty(STDERR_FILENO);
    if (!terminal)
        return;
    if (done < all)
        fprintf(stderr, "\r%s: %d of %d\033[K", what, done, all);
    else
        fprintf(stderr, "\r\033[K");
}
