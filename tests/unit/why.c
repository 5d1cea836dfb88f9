/* The answer in words: what it names, and when it keeps silent. Golden texts
 * are in tests/unit/why/; BLESS=1 writes them anew. */
#include "why.h"
#include "events.h"
#include "unit.h"

#include <string.h>
#include <sys/wait.h>

enum { TEXT = 1 << 14 };

/* A saved run, the cause that is to be named ("": none), and why's status. */
static const struct {
    const char *run, *cause;
    int status;
} runs[] = {
    {"why/listener-gone", "listener-gone", 1},
    {"why/one-recv", "one-recv", 1},
    {"why/one-recv-in-turns", "one-recv", 1},
    {"why/crashed", "crashed", 1},
    {"why/aborted", "aborted", 1},
    {"why/sigpipe", "died-of-sigpipe", 1},
    {"xray/many", "fd-leak-server", 1},
    {"xray/queue", "queue-full", 1},
    {"why/no-port", "no-port", 1},
    {"why/time-wait", "port-in-time-wait", 1},
    {"why/two-listeners", "two-listeners", 1},
    {"why/close-wait", "fd-leak-client", 1},
    {"why/blocked", "blocked-on-one", 1},
    {"xray/reset", "close-unread", 1},
    {"why/taken-for-gone", "half-close", 1},
    {"why/short-write", "short-write", 1},
    {"why/inherited", "held-by-parent", 1},
    {"why/edge", "edge-missed", 1},
    {"why/vanished", "silent-peers", 1},
    {"xray/self", "self-connect", 1},
    {"xray/deadlock", "both-wait", 1},
    {"why/refused", "refused-server-gone", 1},
    {"why/other-port", "other-port", 1},
    {"why/other-address", "other-address", 1},
    {"why/healthy", "", 0},
    {"why/client-left", "", 0},
    {"xray/fork", "", 0},
    {"xray/half-close", "", 0},
    {"xray/wire-only", "", 2},
};

enum { RUNS = sizeof runs / sizeof *runs };

static void load(struct recording *recording, const char *run)
{
    char path[256], why[256];

    snprintf(path, sizeof path, "tests/unit/%s.events", run);
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "cannot open %s", path);
    recording_init(recording, 0);
    ck_assert_int_eq(events_load(recording, file, why, sizeof why), 0);
    fclose(file);
}

static struct why *find(const struct recording *recording)
{
    static struct why why;
    struct model model;

    ck_assert_int_eq(model_build(&model, recording), 0);
    ck_assert_int_eq(why_find(&why, &model), 0);
    model_free(&model);
    return &why;
}

START_TEST(each_saved_run_has_its_cause)
{
    struct recording recording;

    load(&recording, runs[_i].run);
    const struct why *why = find(&recording);

    ck_assert_int_eq(why->verdict, runs[_i].status);
    ck_assert_int_eq(why->n_causes, runs[_i].status == 1);
    if (why->n_causes > 0) {
        ck_assert_str_eq(why->causes[0].name, runs[_i].cause);
        ck_assert_int_gt(why->causes[0].n_evidence, 0);
    }
    recording_free(&recording);
}
END_TEST

/* What a command prints, and its exit status. */
static int output_of(const char *command, char text[TEXT])
{
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);

    text[fread(text, 1, TEXT - 1, pipe)] = '\0';
    int status = pclose(pipe);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

START_TEST(the_program_says_it_in_these_words)
{
    char command[256], path[256], text[TEXT], golden[TEXT] = "";
    const char *name = strchr(runs[_i].run, '/') + 1;

    snprintf(command, sizeof command,
             "COLUMNS=80 build/why --load tests/unit/%s.events", runs[_i].run);
    snprintf(path, sizeof path, "tests/unit/why/%s.txt", name);
    ck_assert_int_eq(output_of(command, text), runs[_i].status);
    FILE *file = fopen(path, getenv("BLESS") ? "w+" : "r");
    ck_assert_msg(file != NULL, "cannot open %s", path);
    if (getenv("BLESS"))
        fputs(text, file);
    else
        ck_assert_uint_gt(fread(golden, 1, TEXT - 1, file), 0);
    fclose(file);
    if (!getenv("BLESS"))
        ck_assert_str_eq(text, golden);
}
END_TEST

START_TEST(no_line_is_wider_than_asked)
{
    char command[256], text[TEXT];

    snprintf(command, sizeof command,
             "build/why --width 60 --load tests/unit/%s.events", runs[_i].run);
    output_of(command, text);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        ck_assert_msg(strlen(line) <= 60, "too wide: %s", line);
}
END_TEST

START_TEST(a_wrong_command_line_is_no_answer)
{
    static const char *const commands[] = {
        "build/why 2>/dev/null",
        "build/why -- true 2>/dev/null",
        "build/why --nothing 2>/dev/null",
        "build/why --load /nowhere 2>/dev/null",
        "build/why --first nobody -- true -- true 2>/dev/null",
        "build/why -- /no/such/program -- true 2>/dev/null",
    };
    char text[TEXT];

    ck_assert_int_eq(output_of(commands[_i], text), 3);
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(help_is_not_an_error)
{
    char text[TEXT];

    ck_assert_int_eq(output_of("build/why --help", text), 0);
    ck_assert_ptr_nonnull(strstr(text, "Exit status: 0"));
}
END_TEST

/* ---- silence ---- */

/* The client's exit status is the only sign that all was not well. */
START_TEST(a_failure_without_a_pattern_is_left_unexplained)
{
    struct recording recording;

    load(&recording, "why/healthy");
    for (size_t i = 0; i < recording.n; i++) {
        struct event *event = &recording.events[i];
        if (event->kind == EV_EXIT && event->side == CLIENT)
            event->status = 1;
    }
    const struct why *why = find(&recording);

    ck_assert_int_eq(why->verdict, WHY_UNKNOWN);
    ck_assert_int_eq(why->n_causes, 0);
    ck_assert_int_gt(why->n_seen, 0);
    recording_free(&recording);
}
END_TEST

/* Without the counter a lost SYN is not the queue's doing. */
START_TEST(a_full_queue_needs_the_kernels_own_word)
{
    struct recording recording;

    load(&recording, "xray/queue");
    for (size_t i = 0; i < recording.n; i++) {
        struct event *event = &recording.events[i];
        if (event->kind == EV_COUNTER &&
            strcmp(event->name, "ListenOverflows") == 0)
            event->value = 0;
    }

    ck_assert_int_eq(find(&recording)->verdict, WHY_UNKNOWN);
    recording_free(&recording);
}
END_TEST

START_TEST(nothing_at_all_is_no_order)
{
    struct recording recording;

    recording_init(&recording, 0);

    ck_assert_int_eq(find(&recording)->verdict, WHY_UNKNOWN);
    recording_free(&recording);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("why");

    tcase_add_loop_test(tests, each_saved_run_has_its_cause, 0, RUNS);
    tcase_add_loop_test(tests, the_program_says_it_in_these_words, 0, RUNS);
    tcase_add_loop_test(tests, no_line_is_wider_than_asked, 0, RUNS);
    tcase_add_loop_test(tests, a_wrong_command_line_is_no_answer, 0, 6);
    tcase_add_test(tests, help_is_not_an_error);
    tcase_add_test(tests, a_failure_without_a_pattern_is_left_unexplained);
    tcase_add_test(tests, a_full_queue_needs_the_kernels_own_word);
    tcase_add_test(tests, nothing_at_all_is_no_order);
    return unit_run("why", tests);
}
