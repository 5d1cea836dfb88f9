/*
 * why: runs a server and a client under the x-ray and says, in words, why their
 * connections ended as they did. The rules know no lab; the table here does.
 */
#include "why.h"
#include "lab.h"
#include "session.h"
#include "words.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>

enum {
    EXIT_IN_ORDER,
    EXIT_CAUSE,
    EXIT_UNKNOWN,
    EXIT_CANNOT,
    WIDEST = 80, /* a line of prose that is longer is hard to read */
};

static const char usage_line[] =
    "usage: why [option...] -- server [argument...] -- client [argument...]\n"
    "       why [option...] --load FILE\n";

static const char help[] =
    "\n"
    "Runs both programs in a network of their own and says why their\n"
    "connections ended: who ended them, by which segment, because of which\n"
    "call, death or silence, and what shows it. Any two programs will do;\n"
    "neither their source nor their protocol is needed. The server must stay\n"
    "in the foreground, and neither gets a terminal or an input.\n"
    "\n"
    "  --ladder               draw the picture too\n"
    "  --json                 one JSON object instead of sentences\n"
    "  --first client|server  one call at a time, that side's first\n"
    "  --load FILE            a run that xray --events saved\n"
    "  --log FILE             what both programs print (default: nowhere)\n"
    "  --limit SECONDS        the longest a run may take (default: 10; 60\n"
    "                         with --first)\n"
    "  --sysctl FILE          lines of \"name = value\" for their network\n"
    "  --early                start the client before the server listens\n"
    "  --drop-root            as root, run everything as an ordinary user\n"
    "  --width N              columns (default: the terminal's, at most 80\n"
    "                         for sentences)\n"
    "\n"
    "Exit status: 0 all ended in order, 1 a cause is named, 2 it cannot tell,\n"
    "3 could not be run, or wrong usage.\n";

enum option_id { OPT_LADDER = 256, OPT_JSON, OPT_HELP };

static const struct option long_options[] = {
    SESSION_OPTIONS,
    {"ladder", no_argument, NULL, OPT_LADDER},
    {"json", no_argument, NULL, OPT_JSON},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

/* Which lab shows a cause. Those that are not here have none. */
static const struct {
    const char *cause, *lab;
} explained[] = {
    {"listener-gone", "01-one-shot"},
    {"one-recv", "02-short-read"},
    {"crashed", "03-missing-field"},
    {"aborted", "04-lost-log"},
    {"died-of-sigpipe", "05-broken-pipe"},
    {"fd-leak-server", "06-fd-leak"},
    {"queue-full", "07-full-backlog"},
    {"no-port", "08-port-exhaustion"},
    {"port-in-time-wait", "09-address-in-use"},
    {"two-listeners", "10-stale-twin"},
    {"fd-leak-client", "11-close-wait"},
    {"blocked-on-one", "12-blocked-server"},
    {"close-unread", "13-reset-on-close"},
    {"data-after-close", "13-reset-on-close"},
    {"exit-unread", "13-reset-on-close"},
    {"half-close", "14-half-close"},
    {"short-write", "15-short-write"},
    {"held-by-parent", "16-inherited-socket"},
    {"edge-missed", "17-edge-trigger"},
    {"silent-peers", "18-vanished-peer"},
    {"self-connect", "19-self-connect"},
    {"select-limit", "20-select-limit"},
};

struct settings {
    struct session session;
    bool ladder, json, help;
};

static const char *lab_of(const struct why_cause *cause)
{
    for (size_t i = 0; i < sizeof explained / sizeof *explained; i++) {
        if (strcmp(explained[i].cause, cause->name) == 0)
            return explained[i].lab;
    }
    return NULL;
}

/* ---- arguments ---- */

static int parse(struct settings *settings, int argc, char **argv)
{
    int option;

    while ((option = getopt_long(argc, argv, "+", long_options, NULL)) != -1) {
        switch (option) {
        case OPT_LADDER:
            settings->ladder = true;
            break;
        case OPT_JSON:
            settings->json = true;
            break;
        case OPT_HELP:
            settings->help = true;
            return 0;
        default:
            if (session_option(&settings->session, option, optarg) == -1)
                return -1;
        }
    }
    return session_commands(&settings->session, argv + optind);
}

/* ---- sentences ---- */

/* Prints a paragraph behind `lead`, its further lines below its first. */
static void print_wrapped(const char *lead, const char *text, int width)
{
    int indent = (int)strlen(lead), column = indent;

    fputs(lead, stdout);
    while (*text) {
        size_t n = strcspn(text, " ");
        if (column > indent && column + 1 + (int)n > width) {
            printf("\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            putchar(' ');
            column++;
        }
        printf("%.*s", (int)n, text);
        column += (int)n;
        text += n;
        text += *text == ' ';
    }
    putchar('\n');
}

static void print_cause(const struct why_cause *cause, int number, int width)
{
    const char *lab = lab_of(cause);
    char lead[16], line[WHY_TEXT];

    snprintf(lead, sizeof lead, "%2d. ", number);
    print_wrapped(lead, cause->sentence, width);
    for (int i = 0; i < cause->n_evidence; i++)
        print_wrapped("    - ", cause->evidence[i], width);
    if (lab) {
        snprintf(line, sizeof line, "Lab %d explains it: handouts/%s.md",
                 (lab[0] - '0') * 10 + lab[1] - '0', lab);
        print_wrapped("    ", line, width);
    }
    snprintf(line, sizeof line, "To read: %s", cause->source);
    print_wrapped("    ", line, width);
}

static void print_words(const struct why *why, const struct model *model,
                        int width)
{
    char line[WHY_TEXT];

    if (why->verdict == WHY_IN_ORDER) {
        snprintf(line, sizeof line,
                 "In order: %d connection%s, and neither program met a failure "
                 "that it did not cope with.",
                 model->n_conns, model->n_conns == 1 ? "" : "s");
        print_wrapped("", line, width);
    } else if (why->verdict == WHY_UNKNOWN) {
        print_wrapped("",
                      "I can't tell: something did not end in order, or did "
                      "not begin, and no rule fits. This was seen:",
                      width);
    } else {
        print_wrapped("",
                      why->n_causes == 1
                          ? "It did not end in order, and this is why:"
                          : "It did not end in order; in order of what came "
                            "first:",
                      width);
    }
    for (int i = 0; i < why->n_causes; i++)
        print_cause(&why->causes[i], i + 1, width);
    for (int i = 0; i < why->n_seen; i++)
        print_wrapped("  - ", why->seen[i], width);
}

/* ---- JSON ---- */

static void print_string(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < ' ')
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void print_list(const char *name, const char (*list)[WHY_TEXT], int n)
{
    printf("\"%s\":[", name);
    for (int i = 0; i < n; i++) {
        if (i > 0)
            putchar(',');
        print_string(list[i]);
    }
    putchar(']');
}

static void print_json(const struct why *why, const struct model *model)
{
    static const char *const verdicts[] = {"in-order", "cause", "cannot-tell"};

    printf("{\"verdict\":\"%s\",\"connections\":%d,\"causes\":[",
           verdicts[why->verdict], model->n_conns);
    for (int i = 0; i < why->n_causes; i++) {
        const struct why_cause *cause = &why->causes[i];
        const char *lab = lab_of(cause);
        printf("%s{\"cause\":\"%s\",\"connection\":%d,\"lab\":",
               i > 0 ? "," : "", cause->name, cause->conn + 1);
        if (lab)
            print_string(lab);
        else
            fputs("null", stdout);
        printf(",\"ms\":%.3f,\"sentence\":",
               (double)(cause->t - model->t0) / 1e6);
        print_string(cause->sentence);
        putchar(',');
        print_list("evidence", cause->evidence, cause->n_evidence);
        fputs(",\"source\":", stdout);
        print_string(cause->source);
        putchar('}');
    }
    fputs("],", stdout);
    print_list("seen", why->seen, why->n_seen);
    puts("}");
}

/* ---- the answer ---- */

static int answer(const struct settings *settings,
                  const struct recording *recording)
{
    struct model model;
    struct why why;
    struct text_style style = session_style(&settings->session);

    if (model_build(&model, recording) == -1 || why_find(&why, &model) == -1) {
        model_free(&model);
        session_complain("out of memory%s%s", "", "");
        return EXIT_CANNOT;
    }
    if (settings->ladder && !settings->json) {
        text_draw(&model, &style, stdout);
        putchar('\n');
    }
    if (settings->json)
        print_json(&why, &model);
    else
        print_words(&why, &model, style.width < WIDEST ? style.width : WIDEST);
    model_free(&model);
    if (fflush(stdout) == EOF) {
        session_complain("cannot write: %s%s", errno_name(errno), "");
        return EXIT_CANNOT;
    }
    return why.verdict == WHY_IN_ORDER ? EXIT_IN_ORDER
           : why.verdict == WHY_CAUSE  ? EXIT_CAUSE
                                       : EXIT_UNKNOWN;
}

int main(int argc, char **argv)
{
    struct settings settings = {.json = false};
    struct recording recording;
    int status = EXIT_CANNOT;

    if (parse(&settings, argc, argv) == -1) {
        fputs(usage_line, stderr);
        return EXIT_CANNOT;
    }
    if (settings.help) {
        fputs(usage_line, stdout);
        fputs(help, stdout);
        return 0;
    }
    recording_init(&recording, 0);
    if (session_record(&settings.session, &recording) == 0)
        status = answer(&settings, &recording);
    recording_free(&recording);
    return status;
}
