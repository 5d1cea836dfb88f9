/* The ladder for a terminal or a file. */
#ifndef TEXT_H
#define TEXT_H

#include "model.h"

#include <stdio.h>

enum { TEXT_NARROWEST = 40, TEXT_WIDEST = 160 };

struct text_style {
    int width;    /* no line is wider; clamped to what can be drawn */
    bool color;   /* ANSI escapes, with no meaning that the words lack */
    bool unicode; /* else plain ASCII */
};

/* Draws the model. Returns 0, or -1 when it could not be written. */
int text_draw(const struct model *model, const struct text_style *style,
              FILE *file);

#endif
