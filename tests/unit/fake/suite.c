/* Tests that must end as their names begin: passes_, fails_, error_. Run and
 * judged by tests/unit/harness.c. */
#include "harness.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

const char lab_stem[] = "fake";

static int dialed(const char *mode)
{
    start(&server, mode);
    int peer = dial(&server);

    say(peer, "x\n");
    return peer;
}

START_TEST(passes_an_echo)
{
    expect_line(dialed("echo"), "x");
}
END_TEST

START_TEST(passes_a_server_that_takes_its_time)
{
    expect_line(dialed("timer"), "x");
}
END_TEST

START_TEST(passes_a_server_whose_socket_has_a_time_limit)
{
    start(&server, "timeout");
    int peer = dial(&server);

    expect_line(peer, "late");
}
END_TEST

START_TEST(passes_silence_of_a_sleeper)
{
    expect_silence(dialed("stall"));
}
END_TEST

START_TEST(passes_silence_while_the_processor_burns)
{
    expect_silence(dialed("spin"));
}
END_TEST

START_TEST(fails_a_server_that_sleeps)
{
    expect_line(dialed("stall"), "x");
}
END_TEST

START_TEST(fails_a_server_that_spins)
{
    expect_line(dialed("spin"), "x");
}
END_TEST

START_TEST(fails_a_frozen_server)
{
    start(&server);
    int peer = dial(&server);

    freeze(&server);
    say(peer, "x\n");
    expect_line(peer, "x");
}
END_TEST

START_TEST(passes_a_frozen_server_that_is_thawed)
{
    start(&server);
    int peer = dial(&server);

    freeze(&server);
    say(peer, "x\n");
    thaw(&server);
    expect_line(peer, "x");
}
END_TEST

START_TEST(fails_a_server_that_ends)
{
    expect_line(dialed("exit"), "x");
}
END_TEST

START_TEST(fails_a_server_that_crashes)
{
    dialed("crash");
    expect_running(&server);
    expect_line(1, "x"); /* should it still be alive a moment later */
}
END_TEST

START_TEST(fails_a_descriptor_that_leaks)
{
    expect_line(dialed("leak"), "x");
}
END_TEST

START_TEST(fails_a_zombie)
{
    expect_line(dialed("zombie"), "x");
}
END_TEST

START_TEST(fails_a_child_that_keeps_the_connection)
{
    dialed("child");
}
END_TEST

START_TEST(fails_pipes_that_leak)
{
    expect_line(dialed("pipes"), "x");
}
END_TEST

START_TEST(fails_a_wrong_line)
{
    start(&server);
    int peer = dial(&server);

    say(peer, "y\n");
    expect_line(peer, "x");
}
END_TEST

START_TEST(fails_an_end_that_does_not_come)
{
    expect_eof(dialed("stall"));
}
END_TEST

START_TEST(error_a_test_that_exits)
{
    exit(0);
}
END_TEST

void lab_suite(void)
{
    contract(passes_an_echo, "");
    contract(passes_a_server_that_takes_its_time, "");
    contract(passes_a_server_whose_socket_has_a_time_limit, "");
    symptom(passes_silence_of_a_sleeper);
    symptom(passes_silence_while_the_processor_burns);
    contract(fails_a_server_that_sleeps, "the usual cause");
    contract(fails_a_server_that_spins, "");
    contract(fails_a_frozen_server, "");
    contract(passes_a_frozen_server_that_is_thawed, "");
    contract(fails_a_server_that_ends, "");
    contract(fails_a_server_that_crashes, "");
    contract(fails_a_descriptor_that_leaks, "");
    contract(fails_a_zombie, "");
    contract(fails_a_child_that_keeps_the_connection, "");
    contract(fails_pipes_that_leak, "");
    contract(fails_a_wrong_line, "");
    contract(fails_an_end_that_does_not_come, "");
    contract(error_a_test_that_exits, "");
}
