/* Lab @NUMBER@: one sentence that names the failure. */
#include "harness.h"

const char lab_stem[] = "@STEM@";

/* Holds for the lab as shipped, fails once it is fixed. */
START_TEST(what_the_handout_says_one_will_see)
{
    start(&server);
    int peer = dial(&server);

    say(peer, "hello\n");

    expect_line(peer, "world");
    story_fail("this test is not written yet");
}
END_TEST

/* Fails for the lab as shipped, holds for every right fix. */
START_TEST(what_a_right_server_does)
{
    start(&server);
    int peer = dial(&server);

    say(peer, "hello\n");

    expect_line(peer, "world");
    story_fail("this test is not written yet");
}
END_TEST

void lab_suite(void)
{
    symptom(what_the_handout_says_one_will_see);

    contract(what_a_right_server_does,
             "the usual mistake behind this failure, in TCP's words");
}
