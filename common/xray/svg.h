/* The ladder as one SVG file: light and dark by the reader's choice, no script,
 * no font of its own, on a card that makes it legible on any page. */
#ifndef SVG_H
#define SVG_H

#include "model.h"

#include <stdio.h>

/* Draws the model. Returns 0, or -1 when it could not be written. */
int svg_draw(const struct model *model, FILE *file);

#endif
