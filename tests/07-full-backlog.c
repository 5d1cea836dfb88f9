/* Lab 7: the kernel keeps only so many finished handshakes for accept(2). */
#include "harness.h"

#include <string.h>

const char lab_stem[] = "07-full-backlog";

START_TEST(of_many_clients_at_once_two_are_connected)
{
    start(&server);
    int count = pick(8, 64);

    freeze(&server);
    int first = dial_at_once(&server, count);

    expect_established(first, count, 2);
    expect_queued(&server, 2);
}
END_TEST

START_TEST(the_network_counts_the_dropped_handshakes)
{
    need_private_network();
    start(&server);
    int count = pick(8, 64);

    freeze(&server);
    dial_at_once(&server, count);

    expect_counter("ListenOverflows", count - 2);
    expect_counter("ListenDrops", count - 2);
}
END_TEST

START_TEST(a_burst_of_clients_is_connected_at_once)
{
    start(&server);
    int count = pick(48, 64);

    freeze(&server);
    int first = dial_at_once(&server, count);

    expect_established(first, count, count);
}
END_TEST

START_TEST(everyone_in_a_burst_is_answered)
{
    start(&server);
    int count = pick(16, 32);
    freeze(&server);
    int first = dial_at_once(&server, count);
    expect_established(first, count, count);

    for (int i = 0; i < count; i++)
        say(first + i, "hello\n");
    thaw(&server);

    for (int i = 0; i < count; i++) {
        expect_line(first + i, "world");
        hang_up(first + i);
    }
}
END_TEST

START_TEST(clients_that_come_while_one_is_served_are_connected_and_answered)
{
    start(&server);
    int count = pick(20, 40);
    int busy = dial(&server);
    say(busy, "hello\n");
    expect_line(busy, "world");

    freeze(&server);
    int first = dial_at_once(&server, count);
    expect_established(first, count, count);
    thaw(&server);
    hang_up(busy);

    for (int i = 0; i < count; i++) {
        say(first + i, "hello\n");
        expect_line(first + i, "world");
        hang_up(first + i);
    }
}
END_TEST

START_TEST(a_client_resets_before_it_is_accepted)
{
    start(&server);

    freeze(&server);
    int gone = dial(&server);
    int next = dial(&server);
    reset(gone);
    say(next, "hello\n");
    thaw(&server);

    expect_line(next, "world");
}
END_TEST

START_TEST(what_is_not_a_greeting_is_refused_and_the_server_lives_on)
{
    static char line[4096];
    start(&server);
    int peer = dial(&server);

    say(peer, "help\n");
    expect_line_starts(peer, "error: ");
    expect_end(peer);

    int endless = dial(&server);
    memset(line, 'x', sizeof line);
    say_bytes(endless, line, sizeof line);
    expect_line_starts(endless, "error: ");
    expect_end(endless);

    int next = dial(&server);
    say(next, "hel");
    wait_until_read(next);
    say(next, "lo\n");
    expect_line(next, "world");
}
END_TEST

void lab_suite(void)
{
    symptom(of_many_clients_at_once_two_are_connected);
    symptom(the_network_counts_the_dropped_handshakes);

    contract(a_burst_of_clients_is_connected_at_once,
             "the backlog of listen(2) is too small. The kernel finishes "
             "handshakes on its own and keeps them for accept(2), backlog + 1 "
             "of them; while that queue is full it drops every SYN in silence, "
             "and connect(2) tries again after a second");
    contract(everyone_in_a_burst_is_answered,
             "those who come while the server stands still wait in the accept "
             "queue with their requests; what does not fit there is dropped");
    contract(clients_that_come_while_one_is_served_are_connected_and_answered,
             "whoever comes while the server is at work waits in the accept "
             "queue; the backlog of listen(2) says how many may");
    contract(a_client_resets_before_it_is_accepted,
             "a client may have gone by the time it is accepted: recv(2) says "
             "ECONNRESET, and that concerns this client alone");
    contract(what_is_not_a_greeting_is_refused_and_the_server_lives_on,
             "an unknown request and a line over 1,024 bytes are answered "
             "`error: ...` and that connection is closed, no other");
}
