/* Lab 12: one client that says nothing must not keep the others waiting. */
#include "harness.h"

#include <string.h>

const char lab_stem[] = "12-blocked-server";

enum { SILENT = 39 };

static int silent[SILENT];

/* So many clients connect and say nothing. */
static void dial_silent(int count)
{
    for (int i = 0; i < count; i++)
        silent[i] = dial(&server);
}

/* Says a whole request on a connection and reads the answer. */
static void greet(int peer)
{
    say(peer, "hello\n");
    expect_line(peer, "world");
}

START_TEST(one_silent_client_keeps_all_others_in_the_accept_queue)
{
    start(&server);
    int waiting = pick(3, 9);
    dial(&server);
    int live = dial(&server);
    for (int i = 1; i < waiting; i++)
        dial(&server);

    say(live, "hello\n");

    expect_silence(live);
    expect_unaccepted(live);
    expect_queued(&server, waiting);
}
END_TEST

START_TEST(a_starving_client_is_answered_once_the_silent_one_has_gone)
{
    start(&server);
    int first = dial(&server);
    int live = dial(&server);
    say(live, "hello\n");
    expect_silence(live);

    hang_up(first);

    expect_line(live, "world");
}
END_TEST

START_TEST(a_client_is_answered_while_another_says_nothing)
{
    start(&server);
    int first = dial(&server);
    int live = dial(&server);

    greet(live);

    expect_connected(first);
    greet(first);
}
END_TEST

START_TEST(a_client_is_answered_while_another_has_said_half_a_line)
{
    start(&server);
    int half = dial(&server);
    int cut = pick(1, 5);
    char first[16] = "hello\nhello\n";
    first[strlen("hello\n") + (size_t)cut] = '\0';

    say(half, first);
    expect_line(half, "world");
    wait_until_read(half);
    greet(dial(&server));

    expect_connected(half);
    say(half, &"hello\n"[cut]);
    expect_line(half, "world");
}
END_TEST

START_TEST(a_client_is_answered_beside_39_silent_ones_and_half_a_line)
{
    start(&server);
    int waking = pick(0, SILENT - 1);
    dial_silent(SILENT);
    int half = dial(&server);
    say(half, "hel");

    int live = dial(&server);
    greet(live);

    for (int i = 0; i < SILENT; i++)
        expect_connected(silent[i]);
    expect_connected(half);
    greet(silent[waking]);
    greet(live);
}
END_TEST

START_TEST(silent_clients_are_served_when_they_speak_up_in_any_order)
{
    start(&server);
    int count = pick(4, 8), first = pick(0, count - 1);
    dial_silent(count);

    for (int i = 0; i < count; i++)
        greet(silent[(first + i) % count]);

    for (int i = count - 1; i >= 0; i--)
        greet(silent[i]);
}
END_TEST

START_TEST(two_clients_do_not_finish_each_others_lines)
{
    start(&server);
    int one = dial(&server), other = dial(&server);

    say(one, "hel");
    wait_until_read(one);
    say(other, "lo\n");

    expect_line_starts(other, "error: ");
    expect_end(other);
    say(one, "lo\n");
    expect_line(one, "world");
}
END_TEST

START_TEST(a_client_that_leaves_rudely_harms_no_other)
{
    start(&server);
    int steady = dial(&server);
    int half = dial(&server);
    say(half, "hel");
    wait_until_read(half);

    reset(half);
    hang_up(dial(&server));
    reset(dial(&server));

    greet(dial(&server));
    greet(steady);
}
END_TEST

START_TEST(a_line_that_is_no_request_ends_only_its_own_connection)
{
    static char line[4096];
    start(&server);
    int steady = dial(&server), wrong = dial(&server), endless = dial(&server);
    memset(line, 'x', sizeof line);

    say(wrong, "helloXYZ\n");
    say_bytes(endless, line, sizeof line);

    expect_line_starts(wrong, "error: ");
    expect_end(wrong);
    expect_line_starts(endless, "error: ");
    expect_end(endless);
    greet(steady);
}
END_TEST

void lab_suite(void)
{
    symptom(one_silent_client_keeps_all_others_in_the_accept_queue);
    symptom(a_starving_client_is_answered_once_the_silent_one_has_gone);

    contract(a_client_is_answered_while_another_says_nothing,
             "the loop that calls accept(2) also sleeps in a recv(2) for one "
             "client, or hangs up on it to get on. The kernel goes on "
             "finishing handshakes: the others are ESTABLISHED, and nobody "
             "accepts them");
    contract(a_client_is_answered_while_another_has_said_half_a_line,
             "a client whose first bytes have come is readable, and its line "
             "may still never end: a recv(2) that waits for the rest waits "
             "with everybody behind it");
    contract(a_client_is_answered_beside_39_silent_ones_and_half_a_line,
             "each silent client holds whoever waits for it: the loop itself, "
             "or one worker of a pool. What waits for one client must not be "
             "what the next one needs");
    contract(silent_clients_are_served_when_they_speak_up_in_any_order,
             "any connection may be the next to speak, and one that is "
             "answered may speak again: nobody may wait for a certain one");
    contract(two_clients_do_not_finish_each_others_lines,
             "client 2 waits behind the half line of client 1, or the bytes "
             "of both meet in one buffer. Each connection is a stream of its "
             "own, with a beginning of a line of its own");
    contract(a_client_that_leaves_rudely_harms_no_other,
             "a FIN or an RST is news of one connection only. The others must "
             "neither wait for it nor end with it");
    contract(a_line_that_is_no_request_ends_only_its_own_connection,
             "answer `error: ...` and close that connection, without waiting "
             "for any other, and go on with the rest");
}
