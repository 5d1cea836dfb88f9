/*
 * xray: runs a server and a client in a private network and draws what they,
 * the wire and the kernel did, on one ladder.
 */
#include "capture.h"
#include "events.h"
#include "lab.h"
#include "model.h"
#include "net.h"
#include "route.h"
#include "svg.h"
#include "text.h"
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    EXIT_USAGE = 2,
    EXIT_CANNOT = 3,
    DEFAULT_WIDTH = 80,
    LIMIT_MS = 10000,
    ORDERED_LIMIT_MS = 60000, /* one call at a time takes its time */
};

static const char usage_line[] =
    "usage: xray [option...] -- server [argument...] -- client [argument...]\n"
    "       xray [option...] --load FILE\n";

static const char help[] =
    "\n"
    "Runs both programs in a network of their own and draws what happened:\n"
    "their system calls on either side, the TCP segments between them, and\n"
    "the state of both ends. The client starts when the server waits for it.\n"
    "\n"
    "  --first client|server  one call at a time, that side's first: every\n"
    "                         run is the same, and steps stand for times\n"
    "  --svg FILE             draw it as an SVG image too\n"
    "  --pcap FILE            the packets, for Wireshark, tshark, tcpdump\n"
    "  --events FILE          save what was seen ...\n"
    "  --load FILE            ... and draw that again, on any machine\n"
    "  --log FILE             what both programs print (default: nowhere)\n"
    "  --width N              columns of the text (default: the terminal's)\n"
    "  --title TEXT           what to write above it\n"
    "  --server-name TEXT, --client-name TEXT\n"
    "                         what to call them (default: the command lines)\n"
    "  --limit SECONDS        the longest a run may take (default: 10; 60\n"
    "                         with --first)\n"
    "  --sysctl FILE          lines of \"name = value\" for their network\n"
    "  --early                start the client before the server listens\n"
    "  --drop-root            as root, run everything as an ordinary user\n"
    "  --quiet                do not draw the text\n"
    "\n"
    "Colour: on a terminal, or with CLICOLOR_FORCE=1; not with NO_COLOR set.\n"
    "Exit status: 0 drawn, 2 wrong usage, 3 could not be run.\n";

enum option_id {
    OPT_FIRST = 256,
    OPT_SVG,
    OPT_PCAP,
    OPT_EVENTS,
    OPT_LOAD,
    OPT_LOG,
    OPT_WIDTH,
    OPT_TITLE,
    OPT_SERVER_NAME,
    OPT_CLIENT_NAME,
    OPT_LIMIT,
    OPT_SYSCTL,
    OPT_EARLY,
    OPT_DROP_ROOT,
    OPT_QUIET,
    OPT_HELP,
};

static const struct option long_options[] = {
    {"first", required_argument, NULL, OPT_FIRST},
    {"svg", required_argument, NULL, OPT_SVG},
    {"pcap", required_argument, NULL, OPT_PCAP},
    {"events", required_argument, NULL, OPT_EVENTS},
    {"load", required_argument, NULL, OPT_LOAD},
    {"log", required_argument, NULL, OPT_LOG},
    {"width", required_argument, NULL, OPT_WIDTH},
    {"title", required_argument, NULL, OPT_TITLE},
    {"server-name", required_argument, NULL, OPT_SERVER_NAME},
    {"client-name", required_argument, NULL, OPT_CLIENT_NAME},
    {"limit", required_argument, NULL, OPT_LIMIT},
    {"sysctl", required_argument, NULL, OPT_SYSCTL},
    {"early", no_argument, NULL, OPT_EARLY},
    {"drop-root", no_argument, NULL, OPT_DROP_ROOT},
    {"quiet", no_argument, NULL, OPT_QUIET},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

/* The files that are written; opened while we still are who we were. */
enum output { OUT_SVG, OUT_PCAP, OUT_EVENTS, OUT_LOG, OUTPUTS };

struct settings {
    struct trace_options trace;
    const char *path[OUTPUTS], *load, *sysctl, *title, *name[2];
    FILE *file[OUTPUTS];
    int width;
    bool drop_root, quiet, help;
};

static int complain(const char *format, const char *what, const char *why)
{
    fputs("xray: ", stderr);
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

static int set_first(struct settings *settings, const char *who)
{
    if (strcmp(who, "client") == 0)
        settings->trace.order = ORDER_CLIENT;
    else if (strcmp(who, "server") == 0)
        settings->trace.order = ORDER_SERVER;
    else
        return complain("--first %s: client or server", who, "");
    return 0;
}

static int set_numbers(struct settings *settings, int option, const char *text)
{
    double number;

    if (option == OPT_WIDTH) {
        if (parse_number(text, TEXT_NARROWEST, TEXT_WIDEST, &number) == -1)
            return complain("--width %s: 40 to 160", text, "");
        settings->width = (int)number;
    } else {
        if (parse_number(text, 0.001, 86400, &number) == -1)
            return complain("--limit %s: seconds, up to 86400", text, "");
        settings->trace.limit_ms = (int)(number * 1000);
    }
    return 0;
}

/* Options that take a word as it is. Returns NULL for the others. */
static const char **word_option(struct settings *settings, int option)
{
    switch (option) {
    case OPT_SVG:
    case OPT_PCAP:
    case OPT_EVENTS:
        return &settings->path[option - OPT_SVG];
    case OPT_LOG:
        return &settings->path[OUT_LOG];
    case OPT_LOAD:
        return &settings->load;
    case OPT_TITLE:
        return &settings->title;
    case OPT_SERVER_NAME:
        return &settings->name[SERVER];
    case OPT_CLIENT_NAME:
        return &settings->name[CLIENT];
    case OPT_SYSCTL:
        return &settings->sysctl;
    default:
        return NULL;
    }
}

static int set_option(struct settings *settings, int option)
{
    const char **word = word_option(settings, option);

    if (word) {
        *word = optarg;
        return 0;
    }
    switch (option) {
    case OPT_FIRST:
        return set_first(settings, optarg);
    case OPT_WIDTH:
    case OPT_LIMIT:
        return set_numbers(settings, option, optarg);
    case OPT_EARLY:
        settings->trace.early = true;
        return 0;
    case OPT_DROP_ROOT:
        settings->drop_root = true;
        return 0;
    case OPT_QUIET:
        settings->quiet = true;
        return 0;
    case OPT_HELP:
        settings->help = true;
        return 0;
    default:
        return -1;
    }
}

/* The two command lines, each behind a "--". */
static int parse_commands(struct settings *settings, char **argv)
{
    char **client = argv;

    while (*client && strcmp(*client, "--") != 0)
        client++;
    if (!*argv || client == argv || !*client || !client[1])
        return -1;
    *client = NULL;
    settings->trace.argv[SERVER] = argv;
    settings->trace.argv[CLIENT] = client + 1;
    return 0;
}

static int parse(struct settings *settings, int argc, char **argv)
{
    int option;

    while ((option = getopt_long(argc, argv, "+", long_options, NULL)) != -1) {
        if (set_option(settings, option) == -1)
            return -1;
    }
    if (settings->trace.limit_ms == 0)
        settings->trace.limit_ms =
            settings->trace.order == ORDER_FREE ? LIMIT_MS : ORDERED_LIMIT_MS;
    if (settings->help)
        return 0;
    if (settings->load)
        return argv[optind] ? -1 : 0;
    return parse_commands(settings, argv + optind);
}

/* ---- files ---- */

/* Opens what will be written, so that a wrong name is known before the run. */
static int open_outputs(struct settings *settings)
{
    for (int i = 0; i < OUTPUTS; i++) {
        if (!settings->path[i])
            continue;
        int fd = open(settings->path[i],
                      O_WRONLY | O_CREAT | O_CLOEXEC | O_TRUNC |
                          (i == OUT_LOG ? O_APPEND : 0),
                      0666);
        if (fd != -1)
            settings->file[i] = fdopen(fd, "w");
        if (!settings->file[i])
            return complain("cannot write %s: %s", settings->path[i],
                            errno_name(errno));
    }
    return 0;
}

static int close_outputs(struct settings *settings)
{
    int result = 0;

    for (int i = 0; i < OUTPUTS; i++) {
        if (settings->file[i] && fclose(settings->file[i]) == EOF)
            result = complain("cannot write %s: %s", settings->path[i],
                              errno_name(errno));
    }
    return result;
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
                         const struct settings *settings)
{
    if (settings->title)
        snprintf(recording->title, sizeof recording->title, "%s",
                 settings->title);
    for (int side = 0; side < 2; side++) {
        if (settings->name[side])
            snprintf(recording->command[side], sizeof recording->command[side],
                     "%s", settings->name[side]);
        else if (!settings->load)
            describe(recording->command[side], sizeof recording->command[side],
                     settings->trace.argv[side]);
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
        return complain("cannot read %s: %s", path, errno_name(errno));
    if (net_sysctl_file(path, bad, sizeof bad) == -1)
        return complain("cannot set %s: %s", bad, errno_name(errno));
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
static int enter_network(struct settings *settings, struct recording *recording,
                         struct capture **capture)
{
    char why[128] = "";
    enum net_tier tier = net_probe(why, sizeof why);

    /* A real root that has no user namespace leaves root after the capture. */
    if (settings->drop_root && tier == NET_PRIVATE && net_leave_root() == -1)
        return complain("cannot leave root: %s%s", errno_name(errno), "");
    if (net_enter(tier) == -1)
        return complain("cannot enter a private network: %s%s",
                        errno_name(errno), "");
    recording->private_net = tier != NET_SHARED;
    if (tier == NET_SHARED)
        recording_miss(recording, "a private network: %s", why);
    if (settings->trace.order != ORDER_FREE && recording->private_net)
        leave_nothing_to_chance();
    if (apply_sysctls(recording, settings->sysctl) == -1)
        return -1;
    *capture = capture_open(settings->file[OUT_PCAP], why, sizeof why);
    recording->wire = *capture != NULL;
    if (!*capture)
        recording_miss(recording, "the wire (%s)", why);
    if (settings->drop_root && net_leave_root() == -1)
        return complain("cannot leave root: %s%s", errno_name(errno), "");
    return 0;
}

static int run(struct settings *settings, struct recording *recording)
{
    struct capture *capture = NULL;
    char why[SENTENCE * 2] = "";

    if (enter_network(settings, recording, &capture) == -1)
        return -1;
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    settings->trace.output =
        settings->file[OUT_LOG] ? fileno(settings->file[OUT_LOG]) : null;
    int result =
        trace_run(recording, capture, &settings->trace, why, sizeof why);
    capture_close(capture, recording, 0);
    close(null);
    return result == -1 ? complain("%s%s", why, "") : 0;
}

static int load(struct recording *recording, const char *path)
{
    char why[SENTENCE];
    FILE *file = fopen(path, "re");
    if (!file)
        return complain("cannot read %s: %s", path, errno_name(errno));

    int result = events_load(recording, file, why, sizeof why);
    fclose(file);
    return result == -1 ? complain("%s: %s", path, why) : 0;
}

/* ---- drawing ---- */

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

static struct text_style find_style(const struct settings *settings)
{
    const char *force = getenv("CLICOLOR_FORCE");
    bool forced = force && *force && strcmp(force, "0") != 0;

    setlocale(LC_CTYPE, "");
    return (struct text_style){
        .width = settings->width ? settings->width : find_width(),
        .color = !is_set("NO_COLOR") && (forced || isatty(STDOUT_FILENO)),
        .unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
    };
}

static int draw(struct settings *settings, const struct recording *recording)
{
    struct model model;
    int result = 0;

    if (settings->file[OUT_EVENTS] &&
        events_save(recording, settings->file[OUT_EVENTS]) == -1)
        result = -1;
    if (model_build(&model, recording) == -1) {
        model_free(&model);
        return complain("out of memory%s%s", "", "");
    }
    if (!settings->quiet) {
        struct text_style style = find_style(settings);
        if (text_draw(&model, &style, stdout) == -1)
            result = complain("cannot write: %s%s", errno_name(errno), "");
    }
    if (settings->file[OUT_SVG] &&
        svg_draw(&model, settings->file[OUT_SVG]) == -1)
        result = -1;
    model_free(&model);
    return result;
}

int main(int argc, char **argv)
{
    struct settings settings = {.width = 0};
    struct recording recording;

    if (parse(&settings, argc, argv) == -1) {
        fputs(usage_line, stderr);
        return EXIT_USAGE;
    }
    if (settings.help) {
        fputs(usage_line, stdout);
        fputs(help, stdout);
        return 0;
    }
    recording_init(&recording, 0);
    int result = open_outputs(&settings);
    if (result == 0)
        result = settings.load ? load(&recording, settings.load)
                               : run(&settings, &recording);
    if (result == 0) {
        describe_run(&recording, &settings);
        result = draw(&settings, &recording);
    }
    if (close_outputs(&settings) == -1)
        result = -1;
    recording_free(&recording);
    return result == -1 ? EXIT_CANNOT : 0;
}
