/*
 * What was seen of one run: packets, system calls, signals, exits, and what was
 * left at the end. Only the capture and the trace add to it; everything that is
 * drawn or said about the run is a function of it. It saves to and loads from a
 * text file, one event a line, that any machine can read.
 */
#ifndef EVENTS_H
#define EVENTS_H

#include "calls.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum side { CLIENT, SERVER };

enum event_kind {
    EV_PACKET,
    EV_CALL,
    EV_SIGNAL,
    EV_EXIT,
    EV_SOCKET,  /* a socket that was there when the run ended */
    EV_COUNTER, /* a counter of the network at the end; they start at zero */
    EVENT_KINDS,
};

enum { FLAG_FIN = 1, FLAG_SYN = 2, FLAG_RST = 4, FLAG_PSH = 8, FLAG_ACK = 16 };

/* What a signal did to the process. */
enum effect { EFFECT_UNKNOWN, EFFECT_DEFAULT, EFFECT_CAUGHT, EFFECT_IGNORED };

enum { SNIP = 48, NAME = 32 };

/* What the kernel said about one TCP socket while its process stood still. */
struct socket_view {
    uint64_t cookie; /* names the socket for good; 0: nothing is known */
    int state;       /* enum tcp_state */
    int unread;      /* bytes received and not read; LISTEN: accept queue */
    int unacked;     /* bytes written that the peer has not acknowledged */
    int unsent;      /* those of them that are not even sent yet */
    uint16_t local_port, remote_port;
    bool timed; /* SO_RCVTIMEO is set (not saved) */
};

struct event {
    enum event_kind kind;
    enum side side;   /* whose; a packet's sender is the model's to find out */
    uint32_t number;  /* in the order of recording */
    int64_t t0, t1;   /* ns since 1970, packets and calls by one clock; t1: when
                         the call was over, 0 if it never was */
    int step0, step1; /* order control: the turn in which it began, ended */
    pid_t pid, tid;

    /* packet */
    uint16_t from, to;
    uint32_t seq, ack;
    int flags, window;
    int len; /* payload; a call: bytes asked for, a sleep: ms */

    /* call */
    enum call_id call;
    int fd;
    int64_t ret;    /* as the kernel returns it: -ECONNRESET */
    int64_t option; /* listen: backlog, shutdown: how, recv and send: flags,
                       setsockopt: level << 32 | name, poll: timeout in ms,
                       socket: 1 if it is TCP */
    struct socket_view in, out; /* before and after; accept: the new socket */
    int port;                   /* bind, connect: the port asked for */
    int queue;       /* connect: the listener's accept queue afterwards */
    int open_fds;    /* EMFILE: how many descriptors the process has */
    bool unfinished; /* the process died in it, or the run ended */
    bool shared;     /* close: another process holds this socket too */

    int snip_len; /* the first bytes of a payload, a send or a recv; the value
                     of a socket option */
    unsigned char snip[SNIP];

    /* signal, exit */
    int signal, status, effect;
    int unread; /* exit: bytes it left unread in its sockets */

    /* counter */
    char name[NAME];
    int64_t value;
    bool orphan; /* socket: no process has it open */
};

enum { MISSING = 6, SENTENCE = 160 };

struct recording {
    struct event *events;
    size_t n, room;
    size_t most;          /* no more events than this are kept ... */
    int64_t left_out;     /* ... and so many were not */
    int64_t packets_lost; /* the capture's own count: its ring was full */

    char title[SENTENCE];
    char name[2][NAME], command[2][SENTENCE];
    bool stepped;     /* order control was on: steps count, not time */
    bool wire, calls; /* packets, calls could be recorded at all */
    bool private_net; /* the counters and sockets are this run's alone */
    int64_t begin, end;
    pid_t pid[2];    /* the first process of each side */
    bool stopped[2]; /* ended by the x-ray when all was over */
    bool never_listened;
    bool interrupted; /* from outside, by a signal */
    bool deadlock;    /* everybody waited, for ever */
    int time_up;      /* the limit in ms, if that ended the run */

    /* One sentence each: what this machine did not let us see, and why. */
    char missing[MISSING][SENTENCE];
    int n_missing;
};

/* An empty recording that keeps at most that many events; 0: the default,
 * 200,000 (about 60 MB). */
void recording_init(struct recording *recording, size_t most);
void recording_free(struct recording *recording);

/* A new zeroed event at the end. Once the recording is full it is one that
 * nobody will see, and is counted in left_out. Earlier pointers become
 * invalid. */
struct event *recording_add(struct recording *recording, enum event_kind kind);

/* Adds a sentence, printf-like, to what is missing; the same one only once. */
void recording_miss(struct recording *recording, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Orders the events by t0, then by number. */
void recording_sort(struct recording *recording);

/* Writes the recording. Returns 0, or -1 with errno. */
int events_save(const struct recording *recording, FILE *file);

/*
 * Reads one that events_save() wrote into an initialised recording. Returns 0,
 * or -1 and one sentence in why that names the line: nothing about the file is
 * taken on trust.
 */
int events_load(struct recording *recording, FILE *file, char *why,
                size_t size);

#endif
