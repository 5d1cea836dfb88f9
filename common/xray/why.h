/*
 * The answer in words: why did the connections of a run end as they did? A pure
 * function of the model. Each cause is one small rule that says what it saw;
 * where none fits, nothing is claimed.
 */
#ifndef WHY_H
#define WHY_H

#include "model.h"

enum verdict {
    WHY_IN_ORDER,
    WHY_CAUSE,
    WHY_UNKNOWN, /* it did not end in order, and no rule fits */
};

enum { WHY_CAUSES = 16, WHY_EVIDENCE = 8, WHY_TEXT = 320 };

struct why_cause {
    const char *name;   /* of the rule, "fd-leak": for programs and tables */
    const char *source; /* the man page or RFC 9293 section to read */
    int conn;           /* the connection it was seen on, or -1 */
    int64_t t;          /* when it began, ns as in the recording */
    char sentence[WHY_TEXT];
    char evidence[WHY_EVIDENCE][WHY_TEXT]; /* one sentence each */
    int n_evidence;
};

struct why {
    enum verdict verdict;
    struct why_cause causes[WHY_CAUSES]; /* in order of what came first */
    int n_causes;
    char seen[WHY_EVIDENCE][WHY_TEXT]; /* what else there is to know */
    int n_seen;
};

/* Fills *why. Returns 0, or -1 when memory is short. */
int why_find(struct why *why, const struct model *model);

#endif
