/* Lab 4: what printf(3) wrote is still in the process when that dies. */
#include "harness.h"

#include <signal.h>
#include <string.h>

const char lab_stem[] = "04-lost-log";

/* A client that is refused, and has seen the end of its connection. */
static void be_refused(const char *request)
{
    int peer = dial(&server);

    say(peer, request);
    expect_line_starts(peer, "error: ");
    expect_end(peer);
    hang_up(peer);
}

static void be_greeted(void)
{
    int peer = dial(&server);

    say(peer, "hello\n");
    expect_line(peer, "world");
    hang_up(peer);
}

/* Nothing runs the program's own code at this end: no handler, no exit(3). */
static void kill_the_server(void)
{
    wait_until_asleep(&server);
    end_with(&server, SIGKILL);
}

START_TEST(the_reason_for_an_abort_is_lost)
{
    start(&server);
    int peer = dial(&server);

    say(peer, "die\n");

    expect_eof(peer);
    expect_death(&server, SIGABRT);
    expect_output(&server, "");
}
END_TEST

START_TEST(the_log_of_a_living_server_is_empty)
{
    start(&server);

    be_refused("bad\n");
    kill_the_server();

    expect_output(&server, "");
}
END_TEST

START_TEST(the_reason_for_an_abort_is_in_the_log)
{
    start(&server);
    int peer = dial(&server);

    say(peer, "die\n");
    expect_end(peer);
    kill_the_server();

    expect_output_times(&server, "drop reason=poison", 1);
}
END_TEST

START_TEST(the_reason_for_a_refusal_survives_a_kill)
{
    start(&server);

    be_refused("bad\n");
    kill_the_server();

    expect_output_times(&server, "drop reason=bad-request", 1);
}
END_TEST

START_TEST(every_refusal_is_in_the_log_once)
{
    int refusals = pick(2, 20);
    start(&server);

    for (int i = 0; i < refusals; i++)
        be_refused("bad\n");
    be_greeted();
    kill_the_server();

    expect_output_times(&server, "drop reason=bad-request", refusals);
}
END_TEST

START_TEST(a_refusal_is_in_the_log_before_the_abort_that_follows)
{
    int refusals = pick(2, 5);
    start(&server);

    for (int i = 0; i < refusals; i++)
        be_refused("bad\n");
    int peer = dial(&server);
    say(peer, "die\n");
    expect_end(peer);
    kill_the_server();

    expect_output_times(&server, "drop reason=bad-request", refusals);
    expect_output_times(&server, "drop reason=poison", 1);
}
END_TEST

START_TEST(a_client_that_was_answered_is_not_in_the_log)
{
    int greetings = pick(2, 9);
    start(&server);

    for (int i = 0; i < greetings; i++)
        be_greeted();
    be_refused("bad\n");
    kill_the_server();

    expect_output_times(&server, "drop reason=", 1);
}
END_TEST

START_TEST(clients_that_leave_or_talk_nonsense_do_not_end_the_server)
{
    static char line[4096];
    start(&server);

    hang_up(dial(&server));
    int half = dial(&server);
    say(half, "di");
    reset(half);
    int endless = dial(&server);
    memset(line, 'x', sizeof line);
    say_bytes(endless, line, sizeof line);
    expect_line_starts(endless, "error: ");
    expect_end(endless);
    be_refused("diet\n");

    be_greeted();
    expect_running(&server);
}
END_TEST

void lab_suite(void)
{
    symptom(the_reason_for_an_abort_is_lost);
    symptom(the_log_of_a_living_server_is_empty);

    contract(the_reason_for_an_abort_is_in_the_log,
             "abort(3) ends the process where it stands: no atexit(3) handler "
             "runs, and what stdio has collected is lost. It must be with the "
             "kernel before; and setvbuf(3) counts only before the first "
             "output");
    contract(the_reason_for_a_refusal_survives_a_kill,
             "stdout is a pipe or a file here, and stdio collects some 4,096 "
             "bytes before it writes; the server lives, and its log is behind. "
             "SIGKILL runs no handler that could flush it");
    contract(every_refusal_is_in_the_log_once,
             "some lines are still in the process when it is killed, or "
             "fork(2) has copied a buffer, and each process writes its copy");
    contract(a_refusal_is_in_the_log_before_the_abort_that_follows,
             "each line has to leave the process when it is written: once at "
             "the end, or once for each client, is too late for some");
    contract(a_client_that_was_answered_is_not_in_the_log,
             "the log gives the reason for each hang-up, and a client that "
             "had its answer was not hung up on");
    contract(clients_that_leave_or_talk_nonsense_do_not_end_the_server,
             "only a line that says `die`, and nothing else, ends the server; "
             "anything else is refused or dropped, and the next one served");
}
