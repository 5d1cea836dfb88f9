/* Lab 5: a send(2) to a peer that has gone raises SIGPIPE. */
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

const char lab_stem[] = "05-broken-pipe";

enum { LINES = 1000 };

/* Expects the whole list from its first line on, and the end of the stream. */
static void expect_list(int peer)
{
    static char list[32 * LINES];
    int len = 0;

    for (int i = 1; i <= LINES; i++)
        len += sprintf(list + len, "line %d of %d\n", i, LINES);
    expect_bytes(peer, (size_t)len, list, (size_t)len);
    expect_eof(peer);
}

/* A client that has asked and gone before the first byte is sent to it. */
static void ask_and_hang_up(void)
{
    int peer = dial(&server);

    say(peer, "GET\n");
    hang_up(peer);
}

static void ask_and_reset(void)
{
    int peer = dial(&server);

    say(peer, "GET\n");
    reset(peer);
}

START_TEST(a_client_that_hangs_up_early_kills_the_server)
{
    start(&server);

    freeze(&server);
    ask_and_hang_up();
    thaw(&server);

    expect_death(&server, SIGPIPE);
    expect_refused(&server);
}
END_TEST

START_TEST(the_next_in_the_queue_goes_down_with_it)
{
    start(&server);

    freeze(&server);
    ask_and_hang_up();
    int next = dial(&server);
    say(next, "hello\n");
    thaw(&server);

    expect_end(next);
    expect_death(&server, SIGPIPE);
}
END_TEST

START_TEST(server_outlives_a_client_that_hangs_up_early)
{
    start(&server);

    freeze(&server);
    ask_and_hang_up();
    thaw(&server);

    wait_until_asleep(&server);
    expect_running(&server);
    int next = dial(&server);
    say(next, "GET\n");
    expect_list(next);
}
END_TEST

START_TEST(server_outlives_a_client_that_resets)
{
    start(&server);

    freeze(&server);
    ask_and_reset();
    thaw(&server);

    wait_until_asleep(&server);
    expect_running(&server);
    int next = dial(&server);
    say(next, "GET\n");
    expect_list(next);
}
END_TEST

START_TEST(server_outlives_one_early_leaver_after_the_other)
{
    start(&server);
    int rounds = pick(3, 9);

    freeze(&server);
    for (int i = 0; i < rounds; i++) {
        ask_and_hang_up();
        ask_and_reset();
    }
    thaw(&server);

    wait_until_asleep(&server);
    expect_running(&server);
    int next = dial(&server);
    say(next, "hello\nGET\n");
    expect_line(next, "world");
    expect_list(next);
}
END_TEST

START_TEST(server_outlives_a_client_that_leaves_in_mid_stream)
{
    limit_send_buffers(4096);
    start(&server);
    int peer = dial_with_window(&server, 4096);

    say(peer, "GET\n");
    expect_line(peer, "line 1 of 1000");
    wait_until_asleep(&server); /* in send(2): nothing more fits */
    hang_up(peer);              /* with lines unread: an RST */

    wait_until_asleep(&server);
    expect_running(&server);
    int next = dial(&server);
    say(next, "GET\n");
    expect_list(next);
}
END_TEST

START_TEST(server_outlives_a_client_that_leaves_between_greetings)
{
    char greetings[128] = "";
    start(&server);
    int count = pick(3, 20);
    for (int i = 0; i < count; i++)
        strcat(greetings, "hello\n");

    freeze(&server);
    int peer = dial(&server);
    say(peer, greetings);
    hang_up(peer);
    thaw(&server);

    wait_until_asleep(&server);
    expect_running(&server);
    int next = dial(&server);
    say(next, "hello\n");
    expect_line(next, "world");
}
END_TEST

START_TEST(a_half_closed_client_gets_the_whole_list)
{
    start(&server);

    freeze(&server);
    int peer = dial(&server);
    say(peer, "GET\n");
    finish(peer); /* its FIN is here before our first byte */
    thaw(&server);

    expect_list(peer);
}
END_TEST

START_TEST(other_requests_are_refused_and_the_server_lives_on)
{
    static char line[4096];
    start(&server);
    memset(line, 'x', sizeof line);

    int peer = dial(&server);
    say(peer, "GIVE\n");
    expect_line_starts(peer, "error: ");
    expect_eof(peer);
    int shouter = dial(&server);
    say_bytes(shouter, line, sizeof line);
    expect_line_starts(shouter, "error: ");
    expect_end(shouter);

    int next = dial(&server);
    say(next, "hello\n");
    expect_line(next, "world");
}
END_TEST

void lab_suite(void)
{
    symptom(a_client_that_hangs_up_early_kills_the_server);
    symptom(the_next_in_the_queue_goes_down_with_it);

    contract(
        server_outlives_a_client_that_hangs_up_early,
        "the first send(2) to a peer that has closed succeeds, and fetches "
        "an RST; the next one fails with EPIPE, and also raises SIGPIPE, "
        "whose default is to end the process before send returns. Only the connection is over: the server must live on");
    contract(
        server_outlives_a_client_that_resets,
        "after an RST the first send(2) fails with ECONNRESET and raises "
        "no signal; a second one on the same socket raises SIGPIPE. Either "
        "way only this connection is over, not the server");
    contract(
        server_outlives_one_early_leaver_after_the_other,
        "the first leaver is survived and a later one is not: what is done "
        "about SIGPIPE must hold for every send(2), for good");
    contract(server_outlives_a_client_that_leaves_in_mid_stream,
             "the RST came while the server slept in send(2): it wakes with "
             "ECONNRESET. Stop sending to this one, close, and serve the next");
    contract(server_outlives_a_client_that_leaves_between_greetings,
             "the list is not all the server sends: every send(2) to a peer "
             "that has gone can raise SIGPIPE, the one of an answer as well");
    contract(a_half_closed_client_gets_the_whole_list,
             "a FIN says that the client will send no more. It may still read: "
             "only a failed send(2) tells that it has gone");
    contract(other_requests_are_refused_and_the_server_lives_on,
             "an unknown request, or a line over 1,024 bytes, is answered "
             "`error: ...` and the connection closed");
}
