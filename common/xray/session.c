#define _GNU_SOURCE /* program_invocation_short_name */
#include "session.h"
#include "capture.h"
#include "lab.h"
#include "net.h"
#include "route.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    DEFAULT_WIDTH = 80,
    LIMIT_MS = 10000,
    ORDERED_LIMIT_MS = 60000, /* one call at a time takes its time */
};

int session_complain(const char *format, const char *what, const char *why)
{
    fprintf(stderr, "%s: ", program_invocation_short_name);
    fprintf(stderr, format, what, why);
    fputc('\n', stderr);
    return -1;
}

/* ---- arguments ---- */

static int parse_number(const char *text, double min, double max, double *out)
{
    char *end;

    *out = strtod(text, &end);
    return *text != '\0' && *end == '\0' && *out >= min && *out <= max ? 0 : -1;
}

static int set_first(struct session *session, const char *who)
{
    if (strcmp(who, "client") == 0)
        session->trace.order = ORDER_CLIENT;
    else if (strcmp(who, "server") == 0)
        session->trace.order = ORDER_SERVER;
    else
        return session_complain("--first %s: client or server", who, "");
    return 0;
}

static int set_numbers(struct session *session, int option, const char *text)
{
    double number;

    if (option == SESSION_WIDTH) {
        if (parse_number(text, TEXT_NARROWEST, TEXT_WIDEST, &number) == -1)
            return session_complain("--width %s: 40 to 160", text, "");
        session->width = (int)number;
    } else {
        if (parse_number(text, 0.001, 86400, &number) == -1)
            return session_complain("--limit %s: seconds, up to 86400", text,
                                    "");
        session->trace.limit_ms = (int)(number * 1000);
    }
    return 0;
}

/* Options that take a word as it is. Returns NULL for the others. */
static const char **word_option(struct session *session, int option)
{
    switch (option) {
    case SESSION_LOAD:
        return &session->load;
    case SESSION_TITLE:
        return &session->title;
    case SESSION_SERVER_NAME:
        return &session->name[SERVER];
    case SESSION_CLIENT_NAME:
        return &session->name[CLIENT];
    case SESSION_SYSCTL:
        return &session->sysctl;
    case SESSION_LOG:
        return &session->log;
    default:
        return NULL;
    }
}

int session_option(struct session *session, int option, const char *text)
{
    const char **word = word_option(session, option);

    if (word) {
        *word = text;
        return 0;
    }
    switch (option) {
    case SESSION_FIRST:
        return set_first(session, text);
    case SESSION_WIDTH:
    case SESSION_LIMIT:
        return set_numbers(session, option, text);
    case SESSION_EARLY:
        session->trace.early = true;
        return 0;
    case SESSION_DROP_ROOT:
        session->drop_root = true;
        return 0;
    default:
        return -1;
    }
}

/* The two command lines, each behind a "--". */
static int parse_commands(struct session *session, char **argv)
{
    char **client = argv;

    while (*client && strcmp(*client, "--") != 0)
        client++;
    if (!*argv || client == argv || !*client || !client[1])
        return -1;
    *client = NULL;
    session->trace.argv[SERVER] = argv;
    session->trace.argv[CLIENT] = client + 1;
    return 0;
}

int session_commands(struct session *session, char **argv)
{
    if (session->trace.limit_ms == 0)
        session->trace.limit_ms =
            session->trace.order == ORDER_FREE ? LIMIT_MS : ORDERED_LIMIT_MS;
    if (session->load)
        return *argv ? -1 : 0;
    return parse_commands(session, argv);
}

/* ---- the run ---- */

/* A command line without the directory of its program. */
static void describe(char *out, size_t size, char *const argv[])
{
    const char *slash = strrchr(argv[0], '/');
    size_t n = (size_t)snprintf(out, size, "%s", slash ? slash + 1 : argv[0]);

    for (int i = 1; argv[i] && n < size; i++)
        n += (size_t)snprintf(out + n, size - n, " %s", argv[i]);
}

static void describe_run(struct recording *recording,
                         const struct session *session)
{
    if (session->title)
        snprintf(recording->title, sizeof recording->title, "%s",
                 session->title);
    for (int side = 0; side < 2; side++) {
        if (session->name[side])
            snprintf(recording->command[side], sizeof recording->command[side],
                     "%s", session->name[side]);
        else if (!session->load)
            describe(recording->command[side], sizeof recording->command[side],
                     session->trace.argv[side]);
    }
}

static int apply_sysctls(struct recording *recording, const char *path)
{
    char bad[128] = "";

    if (!path)
        return 0;
    if (!recording->private_net) {
        recording_miss(recording, "the network of %s (this one is shared)",
                       path);
        return 0;
    }
    if (access(path, R_OK) == -1)
        return session_complain("cannot read %s: %s", path, errno_name(errno));
    if (net_sysctl_file(path, bad, sizeof bad) == -1)
        return session_complain("cannot set %s: %s", bad, errno_name(errno));
    return 0;
}

/* Takes from the network what differs from run to run: delayed ACKs, which are
 * waited for if this fails, and ports taken over from TIME_WAIT. */
static void leave_nothing_to_chance(void)
{
    route_quick_ack();
    net_sysctl("net.ipv4.tcp_tw_reuse", "0");
}

/* Enters a network of our own and starts to capture in it; both want what an
 * ordinary user has only in there. */
static int enter_network(struct session *session, struct recording *recording,
                         struct capture **capture)
{
    char why[128] = "";
    enum net_tier tier = net_probe(why, sizeof why);

    /* A real root that has no user namespace leaves root after the capture. */
    if (session->drop_root && tier == NET_PRIVATE && net_leave_root() == -1)
        return session_complain("cannot leave root: %s%s", errno_name(errno),
                                "");
    if (net_enter(tier) == -1)
        return session_complain("cannot enter a private network: %s%s",
                                errno_name(errno), "");
    recording->private_net = tier != NET_SHARED;
    if (tier == NET_SHARED)
        recording_miss(recording, "a private network: %s", why);
    if (session->trace.order != ORDER_FREE && recording->private_net)
        leave_nothing_to_chance();
    if (apply_sysctls(recording, session->sysctl) == -1)
        return -1;
    *capture = capture_open(session->pcap, why, sizeof why);
    recording->wire = *capture != NULL;
    if (!*capture)
        recording_miss(recording, "the wire (%s)", why);
    if (session->drop_root && net_leave_root() == -1)
        return session_complain("cannot leave root: %s%s", errno_name(errno),
                                "");
    return 0;
}

/* What both programs print goes there, or nowhere; opened while we still are
 * who we were. Returns -1 and complains. */
static int open_log(const char *path)
{
    int fd =
        path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_TRUNC | O_APPEND,
                    0666)
             : open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (fd == -1)
        session_complain("cannot write %s: %s", path ? path : "/dev/null",
                         errno_name(errno));
    return fd;
}

static int run(struct session *session, struct recording *recording)
{
    struct capture *capture = NULL;
    char why[SENTENCE * 2] = "";
    int log_fd = open_log(session->log), result = -1;

    if (log_fd == -1)
        return -1;
    session->trace.output = log_fd;
    if (enter_network(session, recording, &capture) == 0) {
        result =
            trace_run(recording, capture, &session->trace, why, sizeof why);
        capture_close(capture, recording, 0);
        if (result == -1)
            session_complain("%s%s", why, "");
    }
    close(log_fd);
    return result;
}

static int load(struct recording *recording, const char *path)
{
    char why[SENTENCE];
    FILE *file = fopen(path, "re");
    if (!file)
        return session_complain("cannot read %s: %s", path, errno_name(errno));

    int result = events_load(recording, file, why, sizeof why);
    fclose(file);
    return result == -1 ? session_complain("%s: %s", path, why) : 0;
}

int session_record(struct session *session, struct recording *recording)
{
    int result = session->load ? load(recording, session->load)
                               : run(session, recording);

    if (result == 0)
        describe_run(recording, session);
    return result;
}

/* ---- the terminal ---- */

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);

    return value && *value;
}

static int find_width(void)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");

    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
        size.ws_col > 0)
        return size.ws_col;
    int n = columns ? atoi(columns) : 0;
    return n > 0 ? n : DEFAULT_WIDTH;
}

struct text_style session_style(const struct session *session)
{
    const char *force = getenv("CLICOLOR_FORCE");
    bool forced = force && *force && strcmp(force, "0") != 0;

    setlocale(LC_CTYPE, "");
    return (struct text_style){
        .width = session->width ? session->width : find_width(),
        .color = !is_set("NO_COLOR") && (forced || isatty(STDOUT_FILENO)),
        .unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
    };
}
