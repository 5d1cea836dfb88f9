/*
 * xray: runs a server and a client in a private network and draws what they,
 * the wire and the kernel did, on one ladder.
 */
#include "events.h"
#include "lab.h"
#include "model.h"
#include "session.h"
#include "svg.h"

#include <errno.h>
#include <getopt.h>

enum { EXIT_USAGE = 2, EXIT_CANNOT = 3 };

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

enum option_id { OPT_SVG = 256, OPT_PCAP, OPT_EVENTS, OPT_QUIET, OPT_HELP };

static const struct option long_options[] = {
    SESSION_OPTIONS,
    {"svg", required_argument, NULL, OPT_SVG},
    {"pcap", required_argument, NULL, OPT_PCAP},
    {"events", required_argument, NULL, OPT_EVENTS},
    {"quiet", no_argument, NULL, OPT_QUIET},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

/* The files that are written; opened while we still are who we were. */
enum output { OUT_SVG, OUT_PCAP, OUT_EVENTS, OUTPUTS };

struct settings {
    struct session session;
    const char *path[OUTPUTS];
    FILE *file[OUTPUTS];
    bool quiet, help;
};

/* ---- arguments ---- */

static int set_option(struct settings *settings, int option)
{
    switch (option) {
    case OPT_SVG:
    case OPT_PCAP:
    case OPT_EVENTS:
        settings->path[option - OPT_SVG] = optarg;
        return 0;
    case OPT_QUIET:
        settings->quiet = true;
        return 0;
    case OPT_HELP:
        settings->help = true;
        return 0;
    default:
        return session_option(&settings->session, option, optarg);
    }
}

static int parse(struct settings *settings, int argc, char **argv)
{
    int option;

    while ((option = getopt_long(argc, argv, "+", long_options, NULL)) != -1) {
        if (set_option(settings, option) == -1)
            return -1;
    }
    if (settings->help)
        return 0;
    return session_commands(&settings->session, argv + optind);
}

/* ---- files ---- */

/* Opens what will be written, so that a wrong name is known before the run. */
static int open_outputs(struct settings *settings)
{
    for (int i = 0; i < OUTPUTS; i++) {
        if (!settings->path[i])
            continue;
        settings->file[i] = fopen(settings->path[i], "we");
        if (!settings->file[i])
            return session_complain("cannot write %s: %s", settings->path[i],
                                    errno_name(errno));
    }
    settings->session.pcap = settings->file[OUT_PCAP];
    return 0;
}

static int close_outputs(struct settings *settings)
{
    int result = 0;

    for (int i = 0; i < OUTPUTS; i++) {
        if (settings->file[i] && fclose(settings->file[i]) == EOF)
            result = session_complain("cannot write %s: %s", settings->path[i],
                                      errno_name(errno));
    }
    return result;
}

/* ---- drawing ---- */

static int draw(struct settings *settings, const struct recording *recording)
{
    struct model model;
    int result = 0;

    if (settings->file[OUT_EVENTS] &&
        events_save(recording, settings->file[OUT_EVENTS]) == -1)
        result = -1;
    if (model_build(&model, recording) == -1) {
        model_free(&model);
        return session_complain("out of memory%s%s", "", "");
    }
    if (!settings->quiet) {
        struct text_style style = session_style(&settings->session);
        if (text_draw(&model, &style, stdout) == -1)
            result =
                session_complain("cannot write: %s%s", errno_name(errno), "");
    }
    if (settings->file[OUT_SVG] &&
        svg_draw(&model, settings->file[OUT_SVG]) == -1)
        result = -1;
    model_free(&model);
    return result;
}

int main(int argc, char **argv)
{
    struct settings settings = {.quiet = false};
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
        result = session_record(&settings.session, &recording);
    if (result == 0)
        result = draw(&settings, &recording);
    if (close_outputs(&settings) == -1)
        result = -1;
    recording_free(&recording);
    return result == -1 ? EXIT_CANNOT : 0;
}
