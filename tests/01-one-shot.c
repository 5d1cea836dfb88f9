/* Lab 1: connections wait in the accept queue, and die with the listener. */
#include "harness.h"

#include <string.h>

const char lab_stem[] = "01-one-shot";

/* What a client on its own wants, from handshake to the end. */
static void be_served(void)
{
    int peer = dial(&server);

    say(peer, "hello\n");
    expect_line(peer, "world");
    expect_eof(peer);
    hang_up(peer);
}

START_TEST(the_clients_in_the_queue_are_reset)
{
    start(&server);
    int first = dial(&server), second = dial(&server), third = dial(&server);

    expect_queued(&server, 2);
    say(third, "hello\n");
    say(first, "hello\n");

    expect_line(first, "world");
    expect_eof(first);
    expect_reset(second);
    expect_reset(third);
}
END_TEST

START_TEST(the_server_ends_after_one_client)
{
    start(&server);

    be_served();

    expect_exit(&server, 0);
    expect_refused(&server);
}
END_TEST

START_TEST(clients_that_wait_in_the_queue_are_all_served)
{
    int count = pick(3, 8), peer[8];
    start(&server);

    freeze(&server);
    for (int i = 0; i < count; i++) {
        peer[i] = dial(&server);
        say(peer[i], "hello\n");
    }
    thaw(&server);

    for (int i = 0; i < count; i++) {
        expect_line(peer[i], "world");
        expect_eof(peer[i]);
    }
}
END_TEST

START_TEST(clients_that_come_late_are_served_too)
{
    int count = pick(20, 30);
    start(&server);

    for (int i = 0; i < count; i++) {
        be_served();
        wait_until_asleep(&server);
    }

    expect_running(&server);
}
END_TEST

START_TEST(the_server_stays_while_its_first_client_hesitates)
{
    start(&server);
    int first = dial(&server);

    say(first, "hel");
    wait_until_read(first);
    expect_running(&server);
    int second = dial(&server);
    say(second, "hello\n");
    say(first, "lo\n");

    expect_line(first, "world");
    expect_line(second, "world");
}
END_TEST

START_TEST(a_client_that_resets_in_the_queue_harms_nobody)
{
    int count = pick(3, 8), gone = pick(0, count - 1), peer[8];
    start(&server);

    freeze(&server);
    for (int i = 0; i < count; i++) {
        peer[i] = dial(&server);
        say(peer[i], i == gone ? "he" : "hello\n");
    }
    reset(peer[gone]);
    thaw(&server);

    for (int i = 0; i < count - 1; i++)
        expect_line(peer[i < gone ? i : i + 1], "world");
    expect_running(&server);
}
END_TEST

START_TEST(a_client_that_hangs_up_in_the_queue_harms_nobody)
{
    start(&server);

    freeze(&server);
    hang_up(dial(&server));
    int peer = dial(&server);
    say(peer, "hello\n");
    thaw(&server);

    expect_line(peer, "world");
    be_served();
}
END_TEST

START_TEST(a_request_that_is_no_greeting_is_refused_and_the_server_goes_on)
{
    static char line[4096];
    start(&server);
    int odd = dial(&server);

    say(odd, "helloXYZ\n");
    expect_line_starts(odd, "error: ");
    expect_eof(odd);

    int endless = dial(&server);
    memset(line, 'x', sizeof line);
    say_bytes(endless, line, sizeof line);
    expect_line_starts(endless, "error: ");
    expect_end(endless);
    be_served();
}
END_TEST

void lab_suite(void)
{
    symptom(the_clients_in_the_queue_are_reset);
    symptom(the_server_ends_after_one_client);

    contract(clients_that_wait_in_the_queue_are_all_served,
             "the listening socket is closed, by close(2) or by the end of the "
             "program, while connections wait in its accept queue. The kernel "
             "had finished their handshakes; it resets them now");
    contract(clients_that_come_late_are_served_too,
             "the server stops calling accept(2), after one client, after "
             "some, or when its queue is empty. The next ones come later");
    contract(the_server_stays_while_its_first_client_hesitates,
             "the process that was started ends although a client is being "
             "served. Whoever watches over it takes that for a crash, and the "
             "accept queue goes with the last copy of the listener");
    contract(a_client_that_resets_in_the_queue_harms_nobody,
             "one client's ECONNRESET, or ENOTCONN, is taken for the server's "
             "own. A connection that was reset in the queue is still there to "
             "be accepted: drop it, and go on");
    contract(a_client_that_hangs_up_in_the_queue_harms_nobody,
             "accept(2) returns a connection whose client has gone already; "
             "its end of the stream ends this one conversation, not the loop");
    contract(a_request_that_is_no_greeting_is_refused_and_the_server_goes_on,
             "an unknown request or a line of more than 1,024 bytes: answer "
             "`error: ...`, close, and serve the next client");
}
