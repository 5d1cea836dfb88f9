/* Lab 18: a peer that is gone says nothing. Time is the subject of this lab: a
 * peer that has vanished must be let go of within BOUND_MS. */
#include "harness.h"

#include <stdio.h>
#include <string.h>

const char lab_stem[] = "18-vanished-peer";

enum { SEATS = 4, BOUND_MS = 4000 };

/* An IDLE_MS from min to max, as an argument. */
static const char *idle(int min, int max)
{
    static char text[16];

    snprintf(text, sizeof text, "%d", pick(min, max));
    return text;
}

/* Connects, is greeted, and vanishes. */
static int come_and_vanish(void)
{
    int peer = dial(&server);

    say(peer, "hello\n");
    expect_line(peer, "world");
    vanish(peer);
    return peer;
}

START_TEST(peers_that_vanished_keep_their_seats_for_ever)
{
    start(&server, idle(400, 600));
    for (int i = 0; i < SEATS; i++)
        come_and_vanish();

    int next = dial(&server);
    say(next, "hello\n");

    expect_silence(next);
    expect_unaccepted(next);
}
END_TEST

START_TEST(peers_that_vanish_are_let_go)
{
    int peer[SEATS];
    start(&server, idle(400, 600));

    for (int i = 0; i < SEATS; i++)
        peer[i] = come_and_vanish();

    for (int i = 0; i < SEATS; i++)
        expect_let_go(peer[i], BOUND_MS);
}
END_TEST

START_TEST(a_fresh_client_is_served_after_others_vanished)
{
    int gone = 0;
    start(&server, idle(400, 600));

    for (int i = 0; i < SEATS; i++)
        gone = come_and_vanish();
    int fresh = dial(&server);
    say(fresh, "hello\n");

    expect_line(fresh, "world");
    expect_let_go(gone, BOUND_MS);
}
END_TEST

START_TEST(a_peer_that_vanishes_in_mid_request_is_let_go)
{
    char half[8] = "hello";
    start(&server, idle(400, 600));
    int peer = dial(&server);

    half[pick(1, 5)] = '\0';
    say(peer, half);
    wait_until_read(peer);
    vanish(peer);

    expect_let_go(peer, BOUND_MS);
}
END_TEST

START_TEST(a_client_that_keeps_talking_is_never_dropped)
{
    start(&server, idle(500, 700));
    int talker = dial(&server);

    int gone = come_and_vanish();
    expect_let_go_while(gone, BOUND_MS, talker, "hello\n", "world\n");
    gone = come_and_vanish();
    expect_let_go_while(gone, BOUND_MS, talker, "hello\n", "world\n");

    say(talker, "hello\n");
    expect_line(talker, "world");
}
END_TEST

START_TEST(four_clients_are_served_side_by_side)
{
    int peer[SEATS];
    start(&server);
    for (int i = 0; i < SEATS; i++)
        peer[i] = dial(&server);
    int silent = peer[pick(0, SEATS - 2)];

    for (int i = SEATS - 1; i >= 0; i--) {
        if (peer[i] != silent)
            say(peer[i], "hello\n");
    }

    for (int i = 0; i < SEATS; i++) {
        if (peer[i] != silent)
            expect_line(peer[i], "world");
    }
    expect_connected(silent);
}
END_TEST

START_TEST(a_line_without_end_is_refused_and_a_reset_is_no_harm)
{
    static char line[1025];
    start(&server);
    int long_winded = dial(&server);
    memset(line, 'x', sizeof line);

    say_bytes(long_winded, line, sizeof line);
    expect_line_starts(long_winded, "error: ");
    expect_end(long_winded);
    int rude = dial(&server);
    say(rude, "hello\nhel");
    reset(rude);

    int next = dial(&server);
    say(next, "hello\n");
    expect_line(next, "world");
}
END_TEST

void lab_suite(void)
{
    symptom(peers_that_vanished_keep_their_seats_for_ever);

    contract(peers_that_vanish_are_let_go,
             "the server waits for a word of a peer that can send none. Where "
             "nothing is in flight TCP has no timer, and silence looks the "
             "same whether the peer is idle or gone: only a clock of the "
             "server's own tells (an idle time, or keepalive that asks early)");
    contract(a_fresh_client_is_served_after_others_vanished,
             "all seats are held for peers that have vanished; what they held "
             "must be given back, the descriptor and the seat");
    contract(a_peer_that_vanishes_in_mid_request_is_let_go,
             "half a request is waited for without a limit");
    contract(a_client_that_keeps_talking_is_never_dropped,
             "the time that counts is that since this client last said "
             "something: not since it connected, and not since anybody did");
    contract(four_clients_are_served_side_by_side,
             "while the server waits for one client, in recv(2), it hears no "
             "other: lab 12, blocked-server");
    contract(a_line_without_end_is_refused_and_a_reset_is_no_harm,
             "a line that fills the buffer will never fit: answer `error: ...` "
             "and close; and ECONNRESET ends one connection, not the server");
}
