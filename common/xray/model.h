/*
 * What happened, made from what was seen: connections, the TCP state of both
 * ends after every segment, and the rows of the ladder. A pure function of the
 * recording; all that is drawn or said about a run is a function of it.
 */
#ifndef MODEL_H
#define MODEL_H

#include "diag.h"
#include "events.h"

/* One connection, or one attempt at it. */
struct conn {
    uint16_t port[2]; /* of the client's and the server's end */
    bool self;        /* a socket connected to itself: one end is both */
    int64_t first, last;
    int state[2];   /* at the end, enum tcp_state */
    uint64_t shape; /* equal for connections that went the same way */
    int like;       /* the first one that went this way */
    int n_like;     /* for that one: how many did, itself included */
    bool shown;
    int older; /* the one before it with the same ports, or -1 */
};

/* What the model adds to event number i. */
struct info {
    int conn;       /* or -1 */
    enum side side; /* a packet: of the sender */
    int task;       /* the how manyth task of its side, from 0; -1: one that
                       has nothing to do with TCP */
    bool thread;    /* that task is a thread of the side's first process */
    bool again;     /* a segment that was sent before */
    bool dropped;   /* its receiver's kernel does not take it */
    bool probe;     /* keepalive, or a look at a closed window */
    uint8_t become[2], state[2]; /* packet: states entered by it, after it */
};

enum row_kind {
    ROW_CALL,  /* a call that returned at once, or is drawn so */
    ROW_ENTER, /* a call that waited ... */
    ROW_LEAVE, /* ... and its return */
    ROW_PACKET,
    ROW_SIGNAL,
    ROW_EXIT,
    ROW_GAP,  /* nothing happened for a while */
    ROW_CONN, /* from here on it is about another connection */
    ROW_LIKE, /* connections that are not drawn went like one that is */
    ROW_FOLD, /* rows that are not drawn */
};

/* What a ROW_LIKE or ROW_FOLD stands for. */
struct fold {
    int n;           /* connections, or rows */
    int first, last; /* connections: numbers from 0 */
    int like;        /* connection, or -1: not all like the same one */
    bool repeats;    /* the row above it, that many times more */
    int segments, sends, recvs;
    int64_t bytes;
};

struct row {
    enum row_kind kind;
    enum side side;
    int conn;
    const struct event *event; /* NULL: a row that the model made up */
    const struct info *info;
    int64_t t, gap;
    int step;      /* order control: the turn, from 1 */
    bool fresh;    /* the first row of its turn */
    int become[2]; /* states entered here, or ST_NONE */
    int state[2];  /* of both ends after it */
    bool wait[2];  /* that side sits in a waiting call while this happens */
    int queued;    /* connect: clients that wait in the accept queue */
    struct fold fold;
};

/* Sockets alike that were left at the end. */
struct left {
    enum side side;
    int state, n;
    int unread;  /* bytes, in all of them */
    bool orphan; /* no process has them open */
};

enum { LEFTS = 16 };

struct model {
    const struct recording *recording;
    struct info *info; /* one for each event */
    struct conn *conns;
    int n_conns;
    struct row *rows;
    int n_rows;
    int64_t t0; /* of the first row */
    int tasks[2];
    bool interleaved; /* rows of two connections mix: name them */

    int packets, calls;
    int checks, agree; /* states held against TCP_INFO */
    int emitted;       /* SYN, data, FIN: some call must have sent it ... */
    int misplaced;     /* ... and none did, or a recv had it too early */

    struct left left[LEFTS];
    int n_left;
};

/* Builds the model; the recording must be sorted, and outlive it. Returns 0,
 * or -1 when memory is short. */
int model_build(struct model *model, const struct recording *recording);
void model_free(struct model *model);

/* The event that ended a side's first process, or NULL. */
const struct event *model_exit(const struct model *model, enum side side);

/* A counter's value at the end; 0 when it never moved or is not known. */
int64_t model_counter(const struct model *model, const char *name);

#endif
