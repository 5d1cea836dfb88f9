/* Lab 15: send(2) takes as much as there is room for, and says how much. */
#include "harness.h"

#include <stdio.h>
#include <string.h>

const char lab_stem[] = "15-short-write";

static const char verse[] = "the quick brown fox jumps over a lazy dog.\n";

enum { MIB = 1 << 20 };

/* More than the kernel takes ahead of a client that does not read: about 4 MiB
 * as Linux ships. */
static int long_enough(void)
{
    return pick(5 * MIB, 6 * MIB);
}

/* And more than the 8 MiB of a send buffer that asked for all it may have. */
static int too_long(void)
{
    return pick(12 * MIB, 13 * MIB);
}

static void ask(int peer, int length)
{
    char request[32];

    snprintf(request, sizeof request, "GET %d\n", length);
    say(peer, request);
}

static void expect_text(int peer, int length)
{
    expect_bytes(peer, (size_t)length, verse, strlen(verse));
    expect_eof(peer);
}

/* A new client that asks for a long text and does not read: returns when the
 * server has done for it what it can. */
static int dial_a_slow_reader(int length)
{
    int peer = dial(&server);

    ask(peer, length);
    wait_until_read(peer);
    return peer;
}

START_TEST(a_slow_reader_gets_the_beginning_and_a_clean_end)
{
    int length = too_long();
    start(&server);

    int slow = dial_a_slow_reader(length);

    expect_ends_early(slow, (size_t)length);
}
END_TEST

START_TEST(a_slow_reader_gets_a_long_text_whole)
{
    int length = too_long();
    start(&server);

    int slow = dial_a_slow_reader(length);

    expect_text(slow, length);
}
END_TEST

START_TEST(others_are_served_while_a_reader_is_slow)
{
    int length = pick(1000, 100000);
    start(&server);
    int slow = dial_a_slow_reader(long_enough());

    int other = dial(&server);
    say(other, "hello\n");
    expect_line(other, "world");
    ask(other, length);
    expect_text(other, length);

    expect_connected(slow);
}
END_TEST

START_TEST(the_server_sleeps_while_a_reader_is_slow)
{
    start(&server);
    int idle = dial(&server);
    say(idle, "hello\n");
    expect_line(idle, "world");

    int slow = dial_a_slow_reader(long_enough());

    expect_rest(&server);
    expect_connected(idle);
    expect_connected(slow);
}
END_TEST

START_TEST(slow_readers_each_get_their_own_text)
{
    int length[3], slow[3];
    start(&server);

    for (int i = 0; i < 3; i++) {
        length[i] = long_enough();
        slow[i] = dial_a_slow_reader(length[i]);
    }

    for (int i = 2; i >= 0; i--)
        expect_text(slow[i], length[i]);
}
END_TEST

START_TEST(a_text_of_any_length_is_whole)
{
    int lengths[] = {0, 1, pick(2, 5000), pick(50000, 90000)};
    start(&server);

    for (int i = 0; i < 4; i++) {
        int peer = dial(&server);
        ask(peer, lengths[i]);
        expect_text(peer, lengths[i]);
    }
}
END_TEST

START_TEST(a_reader_may_go_away_in_the_middle)
{
    int length = pick(1000, 100000);
    start(&server);

    hang_up(dial_a_slow_reader(long_enough()));
    int slow = dial_a_slow_reader(long_enough());
    expect_bytes(slow, 100000, verse, strlen(verse));
    reset(slow);

    int next = dial(&server);
    ask(next, length);
    expect_text(next, length);
}
END_TEST

START_TEST(requests_may_come_in_pieces_or_together)
{
    int length = pick(1000, 9999);
    char request[32];
    start(&server);
    int peer = dial(&server);

    snprintf(request, sizeof request, "lo\nGET %d", length);
    say(peer, "hello\nhel");
    expect_line(peer, "world");
    wait_until_read(peer);
    say(peer, request);
    expect_line(peer, "world");
    wait_until_read(peer);
    say(peer, "\n");

    expect_text(peer, length);
}
END_TEST

START_TEST(what_is_no_request_is_refused)
{
    static const char *const requests[] = {"GET\n", "GET ten\n", "PUT 10\n",
                                           "GET 99999999999\n", "\n"};
    start(&server);

    for (int i = 0; i < 5; i++) {
        int peer = dial(&server);
        say(peer, requests[i]);
        expect_line_starts(peer, "error: ");
        expect_end(peer);
    }
}
END_TEST

START_TEST(a_line_without_end_is_refused_and_the_server_lives_on)
{
    static char line[4096];
    start(&server);
    int peer = dial(&server);

    memset(line, 'x', sizeof line);
    say_bytes(peer, line, sizeof line);
    expect_line_starts(peer, "error: ");
    expect_end(peer);

    int next = dial(&server);
    say(next, "hello\n");
    expect_line(next, "world");
}
END_TEST

void lab_suite(void)
{
    symptom(a_slow_reader_gets_the_beginning_and_a_clean_end);

    contract(a_slow_reader_gets_a_long_text_whole,
             "send(2) on a socket that must not block takes what its send "
             "buffer has room for and returns how much that was. What it did "
             "not take was never sent: keep it, from where the last send(2) "
             "stopped, and go on when poll(2) says POLLOUT");
    contract(others_are_served_while_a_reader_is_slow,
             "the server waits for one client's window to open, in a send(2) "
             "that blocks or in a loop that asks again and again, and has no "
             "time for the others. A full send buffer (EAGAIN) means: later");
    contract(the_server_sleeps_while_a_reader_is_slow,
             "a loop that tries again at EAGAIN, or poll(2) asked for POLLOUT "
             "on a connection with nothing to send, which is always ready");
    contract(slow_readers_each_get_their_own_text,
             "what is left to send belongs to the connection: with one "
             "place for all of them, one client's text goes on where "
             "another's stopped");
    contract(a_text_of_any_length_is_whole,
             "a short text fits the send buffer at once; no text at all is "
             "answered by the end of the stream");
    contract(a_reader_may_go_away_in_the_middle,
             "send(2) to a client that has gone fails with ECONNRESET or "
             "EPIPE, and poll(2) says POLLERR or POLLHUP: the end of that one "
             "connection");
    contract(requests_may_come_in_pieces_or_together,
             "a line may come in two segments, and two lines in one: lab 2, "
             "short-read");
    contract(what_is_no_request_is_refused,
             "what is neither `hello` nor `GET LENGTH` up to 64 MiB: answer "
             "`error: ...` and close");
    contract(a_line_without_end_is_refused_and_the_server_lives_on,
             "a line over 1,024 bytes: answer `error: ...` and close");
}
