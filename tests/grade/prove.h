/* The strict proof and the soak; see prove.c. */
#ifndef PROVE_H
#define PROVE_H

#include "catalogue.h"

/* Proves every variant once, and the twins' budget. Prints a table. Returns 0
 * when the kit is sound, 1 when not. LABS="2 5" in the environment: only those.
 */
int prove_command(struct lab labs[], int count);

/* The same RUNS times (environment; 20), JOBS suites at once (one a core), with
 * LOAD busy processes a core (0).
 * Returns 0 when not one verdict was wrong. */
int soak_command(struct lab labs[], int count);

#endif
