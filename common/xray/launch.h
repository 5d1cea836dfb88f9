/* Starting a program the way a shell in an empty room would. */
#ifndef LAUNCH_H
#define LAUNCH_H

#include <sys/types.h>

/*
 * Starts argv[0], looked up on PATH, in its own session with default signal
 * dispositions, nothing blocked, /dev/null on its standard input, output on 1
 * and 2 and nothing above, no core dumps, and an end when its parent ends.
 *
 * traced: asked, before the program runs, with its pid; non-zero calls it off.
 * Returns the pid, or -1 with errno, the program's own if it cannot run.
 */
pid_t launch(char *const argv[], int output, int (*traced)(pid_t pid));

#endif
