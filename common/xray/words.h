/* The words on a ladder. Both renderers take them from here, so that the two
 * pictures of a run cannot say different things. All text is UTF-8. */
#ifndef WORDS_H
#define WORDS_H

#include "model.h"

enum { PHRASE = 256, FOOT_LINES = 16 };

/* What a phrase is to the reader. The words say it too. */
enum tone {
    TONE_PLAIN,
    TONE_DIM,
    TONE_WARN,
    TONE_BAD,
    TONE_NOTE,
};

struct phrase {
    char text[PHRASE];
    enum tone tone;
};

/* What a row of a call, a signal or an exit says, in at most `width` columns
 * where that is possible, and a remark to it, "" if there is none. */
void words_row(const struct model *model, const struct row *row, int width,
               struct phrase *main, struct phrase *note);

/* The label of a segment, in at most `width` columns where possible. */
void words_packet(const struct row *row, int width, char *text, size_t size);

/* The rows that the model made up: GAP, CONN, LIKE and FOLD. */
void words_made_up(const struct model *model, const struct row *row, char *text,
                   size_t size);

/* How often the way of a ROW_CONN was gone; "" if only once. */
void words_times(const struct model *model, const struct row *row, char *text,
                 size_t size);

/* What stands in the first column: milliseconds, or the turn. "" where the
 * row above says the same. */
void words_time(const struct model *model, const struct row *row, char *text,
                size_t size);

/* The lines below the ladder. Returns their number, at most FOOT_LINES. */
int words_foot(const struct model *model, struct phrase lines[FOOT_LINES]);

/* "SIGPIPE" */
const char *signal_name(int signal);

/* Takes the next character off a UTF-8 string that is not at its end. What is
 * no character, or one that moves a terminal's cursor, becomes '?'. */
uint32_t text_next(const char **text);

/* Columns of a UTF-8 string, one for each character. */
int text_width(const char *text);

/* Shortens text to at most `width` columns, with an ellipsis at its end, which
 * needs two spare bytes in the array. */
void text_fit(char *text, int width);

#endif
