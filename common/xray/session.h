/* What every program that looks at a run does: its options, the run itself in a
 * network of its own, or one that was saved, and the terminal it writes to. */
#ifndef SESSION_H
#define SESSION_H

#include "text.h"
#include "trace.h"

struct session {
    struct trace_options trace;
    const char *load, *log, *sysctl, *title, *name[2];
    FILE *pcap; /* to be written, or NULL; the caller's */
    int width;  /* of the text; 0: the terminal's */
    bool drop_root;
};

enum session_id {
    SESSION_FIRST = 512,
    SESSION_LOAD,
    SESSION_LOG,
    SESSION_WIDTH,
    SESSION_TITLE,
    SESSION_SERVER_NAME,
    SESSION_CLIENT_NAME,
    SESSION_LIMIT,
    SESSION_SYSCTL,
    SESSION_EARLY,
    SESSION_DROP_ROOT,
};

/* Their names, for a table of getopt_long(3). */
/* clang-format off */
#define SESSION_OPTIONS                                                    \
    {"first", required_argument, NULL, SESSION_FIRST},                     \
    {"load", required_argument, NULL, SESSION_LOAD},                       \
    {"log", required_argument, NULL, SESSION_LOG},                         \
    {"width", required_argument, NULL, SESSION_WIDTH},                     \
    {"title", required_argument, NULL, SESSION_TITLE},                     \
    {"server-name", required_argument, NULL, SESSION_SERVER_NAME},         \
    {"client-name", required_argument, NULL, SESSION_CLIENT_NAME},         \
    {"limit", required_argument, NULL, SESSION_LIMIT},                     \
    {"sysctl", required_argument, NULL, SESSION_SYSCTL},                   \
    {"early", no_argument, NULL, SESSION_EARLY},                           \
    {"drop-root", no_argument, NULL, SESSION_DROP_ROOT}
/* clang-format on */

/* Prints "PROGRAM: " and a line with two words in it on stderr. Returns -1. */
int session_complain(const char *format, const char *what, const char *why);

/* Takes one option in. Returns 0, or -1: not one of these, or a wrong value. */
int session_option(struct session *session, int option, const char *text);

/* Takes in what follows the options: two command lines, each behind a "--", or
 * nothing with --load. Returns 0 or -1. */
int session_commands(struct session *session, char **argv);

/* Runs both programs, or loads. Returns 0, or -1 and has said why. */
int session_record(struct session *session, struct recording *recording);

/* How to write on stdout; sets the locale. */
struct text_style session_style(const struct session *session);

#endif
