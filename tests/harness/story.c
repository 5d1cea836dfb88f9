/* The story of one test: numbered steps, the expectation that broke, and what
 * the kernel shows of it. */
#include "inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 400, STEP = 176, FIRST = 8, LAST = 8 };

static char steps[STEPS][STEP];
static int step_count; /* of all steps, kept or not */
static char notes[8192];

void story_begin(void)
{
    step_count = 0;
    notes[0] = '\0';
}

/* The first half of the room keeps the beginning, the other half is a ring. */
static char *step_room(int number)
{
    if (number < STEPS / 2)
        return steps[number];
    return steps[STEPS / 2 + number % (STEPS / 2)];
}

void story_step(const char *format, ...)
{
    va_list rest;

    va_start(rest, format);
    vsnprintf(step_room(step_count++), STEP, format, rest);
    va_end(rest);
}

/* Appends to text what fits. */
static void add(char *text, size_t size, const char *format, ...)
{
    size_t len = strlen(text);
    va_list rest;

    va_start(rest, format);
    vsnprintf(text + len, size - len, format, rest);
    va_end(rest);
}

/* Appends text folded at blanks to 78 columns, below its own first column. */
static void add_folded(char *text, size_t size, int indent, const char *words)
{
    int column = indent;

    while (*words) {
        int len = (int)strcspn(words, " ");
        if (column > indent && column + 1 + len > 78) {
            add(text, size, "\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            add(text, size, " ");
            column++;
        }
        add(text, size, "%.*s", len, words);
        column += len;
        words += len;
        words += strspn(words, " ");
    }
    add(text, size, "\n");
}

void story_note(const char *label, const char *format, ...)
{
    char words[512];
    va_list rest;

    va_start(rest, format);
    vsnprintf(words, sizeof words, format, rest);
    va_end(rest);
    add(notes, sizeof notes, "   %-9s ", label);
    add_folded(notes, sizeof notes, 13, words);
}

void story_finish(char *text, size_t size)
{
    text[0] = '\0';
    for (int i = 0; i < step_count; i++) {
        if (i == FIRST && step_count > FIRST + LAST + 1) {
            int left_out = step_count - FIRST - LAST;
            add(text, size, "         ... %d more steps ...\n", left_out);
            i += left_out;
        }
        add(text, size, "   %4d  ", i + 1);
        add_folded(text, size, 9, step_room(i));
    }
}

void story_fail(const char *format, ...)
{
    char broken[1024];
    va_list rest;

    va_start(rest, format);
    vsnprintf(broken, sizeof broken, format, rest);
    va_end(rest);
    story_finish(current->text, sizeof current->text);
    add(current->text, sizeof current->text, " > %4d  ", step_count + 1);
    add_folded(current->text, sizeof current->text, 9, broken);
    stage_evidence();
    add(current->text, sizeof current->text, "\n%s", notes);
    if (current->cause && current->cause[0]) {
        add(current->text, sizeof current->text, "   %-9s ", "cause");
        add_folded(current->text, sizeof current->text, 13, current->cause);
    }
    current->verdict = FAILED;
    current->ns = now_ns() - current->ns;
    stage_close();
    /* Check loses messages over 4 KB; ours goes by the record. */
    ck_abort_msg("%.200s", broken);
    abort(); /* not reached: ck_abort_msg() does not return */
}
