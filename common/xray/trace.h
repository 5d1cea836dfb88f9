/*
 * Running both programs while the kernel stops them at every system call
 * (ptrace(2)), the client as soon as the server waits for it.
 */
#ifndef TRACE_H
#define TRACE_H

#include "capture.h"
#include "events.h"

enum order {
    ORDER_FREE,   /* as it comes */
    ORDER_CLIENT, /* one call at a time, the client's first ... */
    ORDER_SERVER, /* ... or the server's, where both could go */
};

struct trace_options {
    char *const *argv[2]; /* what to run, by side */
    enum order order;
    int limit_ms; /* the run ends then, whatever it is at */
    int output;   /* descriptor for what both programs print */
    bool early;   /* start the client at once: nobody needs to listen */
};

/*
 * Runs both to their end, or to the point where nothing more can happen; then
 * neither they nor any process they made is left. What ptrace(2) or pidfd_getfd
 * being refused costs is noted in the recording as missing.
 *
 * Returns 0, or -1 and one sentence in why: a program could not be started, or
 * neither calls nor packets could be seen.
 */
int trace_run(struct recording *recording, struct capture *capture,
              const struct trace_options *options, char *why, size_t size);

#endif
