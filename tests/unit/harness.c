/* The harness, judged by a suite whose every test must end as its name says,
 * and by what its stories tell. */
#include "catalogue.h"
#include "suite.h"
#include "unit.h"

#include <string.h>
#include <sys/wait.h>

static const char fake[] = "../unit/fake-suite";
static struct suite_job job;

static void run_fake(const char *only_case)
{
    job = (struct suite_job){.stem = fake,
                             .folder = "build/unit/fake",
                             .only_case = only_case,
                             .seed = "1"};
    suites_run(&job, 1, 1, NULL, NULL);
    ck_assert(job.result.complete);
}

static const struct test_verdict *named(const char *name)
{
    for (int i = 0; i < job.result.count; i++) {
        if (strcmp(job.result.test[i].name, name) == 0)
            return &job.result.test[i];
    }
    ck_abort_msg("no test %s", name);
    return NULL;
}

/* The story with every run of blanks as one: it is folded at 78 columns. */
static const char *unfolded(const char *story)
{
    static char text[32768];
    size_t n = 0;

    for (; *story && n + 1 < sizeof text; story++) {
        bool blank = *story == ' ' || *story == '\n';
        if (!blank || n == 0 || text[n - 1] != ' ')
            text[n++] = blank ? ' ' : *story;
    }
    text[n] = '\0';
    return text;
}

static void says(const char *name, const char *words)
{
    ck_assert_msg(strstr(unfolded(named(name)->story), words) != NULL,
                  "%s does not say \"%s\":\n%s", name, words,
                  named(name)->story);
}

START_TEST(every_test_ends_as_its_name_says)
{
    run_fake(NULL);
    ck_assert_int_eq(job.result.count, 18);
    for (int i = 0; i < job.result.count; i++) {
        const struct test_verdict *test = &job.result.test[i];
        enum outcome want = strncmp(test->name, "passes", 6) == 0
                                ? OUTCOME_PASSED
                                : OUTCOME_FAILED;
        ck_assert_msg(test->outcome == want, "%s: %d\n%s", test->name,
                      test->outcome, test->story);
    }
}
END_TEST

START_TEST(a_story_names_what_the_kernel_shows)
{
    run_fake("contract");
    says("fails_a_server_that_sleeps", "sleeps in pause(2)");
    says("fails_a_server_that_sleeps", "nothing is on its way");
    says("fails_a_server_that_sleeps", "cause the usual cause");
    says("fails_a_server_that_spins", "processor time");
    says("fails_a_frozen_server", "stands still");
    says("fails_a_server_that_ends", "exit status 3");
    says("fails_a_server_that_crashes", "SIGSEGV");
    says("fails_a_descriptor_that_leaks", "of which 1 are in CLOSE_WAIT");
    says("fails_a_zombie", "zombies");
    says("fails_a_child_that_keeps_the_connection", "it holds 1");
    says("fails_pipes_that_leak", "descriptors open");
    says("fails_a_wrong_line", "\"x\", and gets \"y\\n\"");
    says("error_a_test_that_exits", "without a verdict");
}
END_TEST

START_TEST(one_case_leaves_the_other_out)
{
    run_fake("symptom");
    ck_assert_int_eq(job.result.count, 2);
}
END_TEST

static int status_of(const char *command)
{
    int status = system(command);

    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(a_name_that_matches_nothing_is_an_error)
{
    ck_assert_int_eq(status_of("build/unit/fake-suite --test nonsense "
                               "build/unit/fake 2>/dev/null"),
                     2);
    ck_assert_int_eq(status_of("build/unit/fake-suite --case nonsense "
                               "build/unit/fake 2>/dev/null"),
                     2);
    ck_assert_int_eq(
        status_of("build/unit/fake-suite build/nowhere 2>/dev/null"), 2);
}
END_TEST

START_TEST(the_exit_status_is_the_verdict)
{
    ck_assert_int_eq(status_of("build/unit/fake-suite --test passes_an_echo "
                               "build/unit/fake >/dev/null"),
                     0);
    ck_assert_int_eq(status_of("build/unit/fake-suite --test "
                               "fails_a_wrong_line build/unit/fake >/dev/null"),
                     1);
}
END_TEST

START_TEST(without_namespaces_the_verdicts_are_the_same)
{
    /* A suite that runs where user namespaces are refused, through forbid. */
    ck_assert_int_eq(
        status_of("build/unit/forbid userns -- build/unit/fake-suite --test "
                  "passes_an_echo build/unit/fake >/dev/null"),
        0);
    ck_assert_int_eq(
        status_of("build/unit/forbid userns -- build/unit/fake-suite --test "
                  "fails_a_server_that_sleeps build/unit/fake >/dev/null"),
        1);
}
END_TEST

START_TEST(a_killed_suite_is_not_a_pass)
{
    job = (struct suite_job){.stem = "../unit/no-such-suite",
                             .folder = "build/unit/fake"};
    suites_run(&job, 1, 1, NULL, NULL);
    ck_assert(!job.result.complete);
    ck_assert_int_eq(lab_standing(&job.result), STANDING_ERROR);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("harness");

    tcase_add_test(tests, every_test_ends_as_its_name_says);
    tcase_add_test(tests, a_story_names_what_the_kernel_shows);
    tcase_add_test(tests, one_case_leaves_the_other_out);
    tcase_add_test(tests, a_name_that_matches_nothing_is_an_error);
    tcase_add_test(tests, the_exit_status_is_the_verdict);
    tcase_add_test(tests, without_namespaces_the_verdicts_are_the_same);
    tcase_add_test(tests, a_killed_suite_is_not_a_pass);
    return unit_run("harness", tests);
}
