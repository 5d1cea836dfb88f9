/* What the rules of the answer in words look at: the run, connection by
 * connection, and the verbs they speak with. */
#ifndef WHY_STORY_H
#define WHY_STORY_H

#include "why.h"

/* One connection. Events are those of the recording; NULL: it never was. */
struct story {
    const struct event *syn, *syn_again, *syn_ack;
    const struct event *rst; /* the first one */
    enum side rst_by;
    const struct event *fin[2];
    const struct event *connect; /* the call that asked for it ... */
    const struct event *accept;  /* ... and the one that took it */
    const struct event *close[2];
    const struct event *shared[2];  /* a close() that left another holder */
    const struct event *half[2];    /* shutdown(SHUT_WR) */
    const struct event *error[2];   /* the first call that failed for good */
    const struct event *gave_up[2]; /* a wait for bytes that was in vain */
    const struct event *eof[2];
    const struct event *received[2], *sent[2]; /* the last ones */
    const struct event *cut[2]; /* a send that took less than it was given */
    const struct event *linger[2];
    const struct event *said[2]; /* the last segment with data */
    int64_t bytes[2];            /* of data on the wire, without repeats */
    bool hurt;                   /* its client did not get what it wanted */
    bool claimed;                /* some rule has explained it */
};

struct scene {
    const struct model *model;
    const struct recording *recording;
    struct story *stories; /* one for each connection */
    int n;
    const struct event *end[2]; /* the exit of a side's first process */
    bool trouble;               /* something did not end in order */
    struct why *why;
};

/* Fills the stories. Returns 0, or -1 when memory is short; free() them. */
int scene_read(struct scene *scene, const struct model *model);

/* "at 5.845 ms", or "in turn 12" where steps stand for times. */
const char *scene_when(const struct scene *scene, const struct event *event);

/* The same of its end. */
const char *scene_then(const struct scene *scene, const struct event *event);

/* "recv(4, buf, 256) = -1 ECONNRESET"; the text lives until the fourth next
 * call. */
const char *scene_call(const struct event *event);

/* "connection #2 (port 33512 > 7001)"; the same. */
const char *scene_conn(const struct scene *scene, int conn);

/* The first bytes of a payload, escaped as in a C string; the same. */
const char *scene_bytes(const struct event *event);

/* Whether the client hung up first, after a wait for an answer in vain. */
bool left_waiting(const struct story *story);

/* Whether the end of a process, by a signal, is worth a word. */
bool dies_badly(const struct scene *scene, const struct event *end);

const char *side_name(enum side side);

/* The end of a connection's life for that side: its wait was over then. */
int64_t scene_over(const struct scene *scene, const struct story *story);

/* A new cause, first seen at that event. */
struct why_cause *scene_cause(struct scene *scene, const char *name, int conn,
                              const struct event *event, const char *source);

void cause_say(struct why_cause *cause, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void cause_cite(struct why_cause *cause, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds to what else there is to know. */
void scene_note(struct scene *scene, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Cites a call of that connection that failed or waited in vain, if any. */
void cite_hurt(const struct scene *scene, struct why_cause *cause,
               const struct story *story);

/* Takes for explained whatever was hurt from that time on. */
void scene_claim(struct scene *scene, int64_t from);

/* Cites a counter of the network if it moved. */
void cite_counter(const struct scene *scene, struct why_cause *cause,
                  const char *name);

/* The rules, in the order in which they may explain a connection. */
typedef void why_rule(struct scene *scene);
extern why_rule *const why_rules[];

#endif
