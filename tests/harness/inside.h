/* What the harness's own files share; tests do not include this. */
#ifndef INSIDE_H
#define INSIDE_H

#include "harness.h"
#include "jail.h"
#include "net.h"

#include <stdint.h>

enum { TESTS = 32, STORY = 24 * 1024, FAMILY = 1024 };

enum verdict { NOT_RUN, UNFINISHED, PASSED, FAILED, NOT_JUDGED };

/* One test, in memory that the runner shares with the test's process. */
struct record {
    const TTest *test;
    bool is_contract;
    const char *cause;
    enum verdict verdict;
    int64_t ns;
    char text[STORY];    /* the story, or why it was not judged */
    char log[20 * 1024]; /* what the programs logged */
};

/* The whole run; the same memory. */
struct suite {
    struct record record[TESTS];
    int count;
    int64_t started_ns;
    char dead[512]; /* why no server of this lab ever comes up; "" if it does */
};

extern struct suite *suite;
extern struct record *current; /* the test this process is for */
extern struct jail jail;
extern struct jail_output *outputs;
extern enum net_tier tier;
extern unsigned long seed;
extern double time_scale;

int64_t now_ns(void);

/* stage.c */
void stage_open(const struct jail_file files[], int dir_fd);
void stage_conserve(void); /* the end of every contract test */
void stage_close(void);
bool stage_reap(struct program *program);   /* whether it has ended */
bool stage_settle(struct program *program); /* the same, once it sleeps */
const char *stage_end_words(const struct program *program);
struct program *
stage_program(int i);      /* the programs started; NULL at the end */
void stage_evidence(void); /* adds what the kernel shows to the failed story */
bool stage_asleep(const struct program *program);

/* peer.c */
void peer_close_all(void);
uint64_t peer_progress(void); /* bytes that peers have read so far */
struct peer_view {
    int fd, port, local_port; /* its socket, the server's port, and its own */
    struct program *program;
};
struct peer_view peer_look(int number);

/* wait.c: ready() is asked again and again. */
enum waited { READY, STALLED, SPINNING, TOO_LATE };
enum waited wait_for(bool (*ready)(void *with), void *with);
/* The same, but no longer than that; can_stall: a proof that nothing happens by
 * itself ends it sooner. */
enum waited wait_within(bool (*ready)(void *with), void *with, int ms,
                        bool can_stall);
const char *wait_words(void); /* why the last one did not end in READY */
bool wait_has_limit(void);    /* all sleep, and some until a clock strikes */

/* rest.c: for wait_for(), with a struct rest whose since is now. */
struct rest {
    unsigned long switches;
    int64_t since;
};
bool rest_has_come(void *with);

/* story.c */
void story_begin(void);
void story_finish(char *text, size_t size);
void story_note(const char *label, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
