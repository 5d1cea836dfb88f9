/* What a suite's results make of a folder of programs, and of a fix. */
#include "catalogue.h"
#include "unit.h"

#include <string.h>

static struct suite_result result;

static void begin(void)
{
    result = (struct suite_result){.complete = true};
}

static void add(bool is_contract, const char *name, enum outcome outcome,
                const char *story)
{
    struct test_verdict *test = &result.test[result.count++];

    test->is_contract = is_contract;
    snprintf(test->name, sizeof test->name, "%s", name);
    test->outcome = outcome;
    test->story = (char *)story;
    test->log = (char *)"";
}

static void pair(enum outcome shown, enum outcome held)
{
    begin();
    add(false, "symptom_one", shown, "");
    add(true, "contract_one", OUTCOME_PASSED, "");
    add(true, "contract_two", held, "it holds 3, of which\n  2 leak\n");
}

START_TEST(the_bug_shows_and_the_contract_is_broken)
{
    pair(OUTCOME_PASSED, OUTCOME_FAILED);
    ck_assert_int_eq(lab_standing(&result), STANDING_SHIPPED);
    ck_assert_str_eq(first_failure(&result)->name, "contract_two");
    ck_assert_int_eq(contract_count(&result, OUTCOME_PASSED), 1);
    ck_assert_int_eq(contract_count(&result, -1), 2);
}
END_TEST

START_TEST(the_bug_is_gone_and_the_contract_holds)
{
    pair(OUTCOME_FAILED, OUTCOME_PASSED);
    ck_assert_int_eq(lab_standing(&result), STANDING_FIXED);
    ck_assert_ptr_null(first_failure(&result));
}
END_TEST

START_TEST(neither_is_neither)
{
    pair(OUTCOME_FAILED, OUTCOME_FAILED);
    ck_assert_int_eq(lab_standing(&result), STANDING_NEITHER);
    pair(OUTCOME_PASSED, OUTCOME_PASSED);
    ck_assert_int_eq(lab_standing(&result), STANDING_NEITHER);
}
END_TEST

START_TEST(what_was_not_judged_is_no_pass)
{
    pair(OUTCOME_FAILED, OUTCOME_UNJUDGED);
    ck_assert_int_eq(lab_standing(&result), STANDING_UNJUDGED);
    pair(OUTCOME_UNJUDGED, OUTCOME_UNJUDGED);
    ck_assert_int_eq(lab_standing(&result), STANDING_UNJUDGED);
}
END_TEST

START_TEST(only_the_contract_is_a_verdict_too)
{
    begin();
    add(true, "contract_one", OUTCOME_PASSED, "");
    ck_assert_int_eq(lab_standing(&result), STANDING_FIXED);
}
END_TEST

START_TEST(nothing_is_never_a_pass)
{
    begin();
    ck_assert_int_eq(lab_standing(&result), STANDING_ERROR);
    add(false, "symptom_one", OUTCOME_FAILED, "");
    ck_assert_int_eq(lab_standing(&result), STANDING_ERROR);
    pair(OUTCOME_FAILED, OUTCOME_PASSED);
    result.complete = false;
    ck_assert_int_eq(lab_standing(&result), STANDING_ERROR);
    pair(OUTCOME_FAILED, OUTCOME_ERROR);
    ck_assert_int_eq(lab_standing(&result), STANDING_ERROR);
}
END_TEST

/* A wrong fix whose first comment is text. */
static struct fix wrong_fix(const char *text)
{
    struct fix fix = {.right = false};

    snprintf(fix.source, sizeof fix.source, "/tmp/unit-fix.XXXXXX");
    int fd = mkstemp(fix.source);
    ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
    close(fd);
    return fix;
}

static const char *fault_of(const char *text, bool *unjudged)
{
    struct fix fix = wrong_fix(text);
    const char *fault = fix_fault(&fix, &result, unjudged);

    unlink(fix.source);
    return fault;
}

START_TEST(a_wrong_fix_must_fail_the_test_it_names_and_hear_why)
{
    bool unjudged;

    pair(OUTCOME_FAILED, OUTCOME_FAILED);
    ck_assert_ptr_null(fault_of("/*\n * wrong: x\n * fails: contract_two\n"
                                " * says: of which 2 leak\n */\n",
                                &unjudged));
    ck_assert(!unjudged);
    ck_assert_str_eq(fault_of("/*\n * fails: contract_one\n */\n", &unjudged),
                     "contract_one passes");
    ck_assert_str_eq(fault_of("/*\n * fails: no_such_test\n */\n", &unjudged),
                     "no_such_test is no test of this lab");
    ck_assert_str_eq(
        fault_of("/*\n * fails: contract_two\n * says: of which 9\n */\n",
                 &unjudged),
        "contract_two does not say \"of which 9\"");
    ck_assert_ptr_nonnull(fault_of("/* names nothing */\n", &unjudged));
    ck_assert_ptr_nonnull(fault_of(
        "/*\n * wrong: x\n */\n/* fails: contract_two */\n", &unjudged));
}
END_TEST

START_TEST(a_wrong_fix_that_cannot_be_judged_is_said_to_be_so)
{
    bool unjudged;

    pair(OUTCOME_FAILED, OUTCOME_UNJUDGED);
    ck_assert_ptr_null(
        fault_of("/*\n * fails: contract_two\n */\n", &unjudged));
    ck_assert(unjudged);
}
END_TEST

START_TEST(a_right_fix_must_hold)
{
    struct fix fix = {.right = true};
    bool unjudged;

    pair(OUTCOME_FAILED, OUTCOME_PASSED);
    ck_assert_ptr_null(fix_fault(&fix, &result, &unjudged));
    pair(OUTCOME_FAILED, OUTCOME_FAILED);
    ck_assert_str_eq(fix_fault(&fix, &result, &unjudged), "contract_two");
    pair(OUTCOME_PASSED, OUTCOME_PASSED); /* the symptom still shows */
    ck_assert_ptr_nonnull(fix_fault(&fix, &result, &unjudged));
}
END_TEST

START_TEST(the_labs_of_this_tree_are_found_by_their_files)
{
    static struct lab labs_of_tree[MOST_LABS];
    int count = labs_find(labs_of_tree);

    ck_assert_int_ge(count, 5);
    const struct lab *lab = lab_numbered(labs_of_tree, count, 2);
    ck_assert_ptr_nonnull(lab);
    ck_assert_str_eq(lab->stem, "02-short-read");
    ck_assert_str_eq(lab->name, "short-read");
    ck_assert_int_ge(lab->fixes, 5);
    ck_assert_ptr_null(lab_numbered(labs_of_tree, count, 98));
    for (int i = 1; i < count; i++)
        ck_assert_int_gt(labs_of_tree[i].number, labs_of_tree[i - 1].number);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("catalogue");

    tcase_add_test(tests, the_bug_shows_and_the_contract_is_broken);
    tcase_add_test(tests, the_bug_is_gone_and_the_contract_holds);
    tcase_add_test(tests, neither_is_neither);
    tcase_add_test(tests, what_was_not_judged_is_no_pass);
    tcase_add_test(tests, only_the_contract_is_a_verdict_too);
    tcase_add_test(tests, nothing_is_never_a_pass);
    tcase_add_test(tests, a_wrong_fix_must_fail_the_test_it_names_and_hear_why);
    tcase_add_test(tests, a_wrong_fix_that_cannot_be_judged_is_said_to_be_so);
    tcase_add_test(tests, a_right_fix_must_hold);
    tcase_add_test(tests, the_labs_of_this_tree_are_found_by_their_files);
    return unit_run("catalogue", tests);
}
