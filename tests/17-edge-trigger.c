/* Lab 17: an edge is told once, however much lies behind it. */
#include "harness.h"

#include <string.h>

const char lab_stem[] = "17-edge-trigger";

/* That many greetings in one send(2). */
static void greet(int peer, int count)
{
    static char text[65536];

    for (int i = 0; i < count; i++)
        memcpy(text + 6 * i, "hello\n", 6);
    say_bytes(peer, text, (size_t)count * 6);
}

static void expect_worlds(int peer, int count)
{
    expect_bytes(peer, (size_t)count * 6, "world\n", 6);
}

/* "echo " and a text of that length that no one could know. */
static const char *make_echo(int len, char line[1100])
{
    memcpy(line, "echo ", 5);
    for (int i = 5; i < 5 + len; i++)
        line[i] = (char)pick('a', 'z');
    strcpy(line + 5 + len, "\n");
    return line;
}

static void expect_echo(int peer, const char *line)
{
    expect_bytes(peer, strlen(line + 5), line + 5, strlen(line + 5));
}

START_TEST(of_a_hundred_requests_forty_two_are_answered)
{
    start(&server);
    int peer = dial(&server);

    greet(peer, 100);

    expect_worlds(peer, 42);
    expect_silence(peer);
}
END_TEST

START_TEST(a_new_segment_brings_out_what_an_old_one_left)
{
    start(&server);
    int peer = dial(&server);

    greet(peer, 80);
    expect_worlds(peer, 42);
    expect_silence(peer);
    say(peer, "echo late\n");

    expect_worlds(peer, 80 - 42);
    expect_line(peer, "late");
}
END_TEST

START_TEST(a_hundred_requests_in_one_segment_are_all_answered)
{
    start(&server);
    int peer = dial(&server);
    int count = pick(100, 130);

    greet(peer, count);

    expect_worlds(peer, count);
}
END_TEST

START_TEST(more_requests_than_any_buffer_holds_are_all_answered)
{
    start(&server);
    int peer = dial(&server);
    int count = pick(2800, 3400);

    freeze(&server);
    greet(peer, count);
    thaw(&server);

    expect_worlds(peer, count);
}
END_TEST

START_TEST(the_server_does_not_sleep_while_something_is_unread)
{
    start(&server);
    int peer = dial(&server);

    freeze(&server);
    greet(peer, pick(2800, 3400));
    thaw(&server);

    expect_all_read(peer);
}
END_TEST

START_TEST(a_request_longer_than_a_read_is_answered)
{
    char line[1100];
    start(&server);
    int peer = dial(&server);

    make_echo(pick(600, 1000), line);
    say(peer, line);

    expect_echo(peer, line);
}
END_TEST

START_TEST(each_request_gets_its_own_answer)
{
    char line[1100];
    start(&server);
    int peer = dial(&server);
    int count = pick(50, 90);

    greet(peer, count);
    say(peer, make_echo(pick(10, 900), line));
    expect_worlds(peer, count);
    expect_echo(peer, line);

    say(peer, make_echo(pick(10, 900), line));
    expect_echo(peer, line);
}
END_TEST

START_TEST(requests_and_the_end_of_the_stream_may_come_together)
{
    start(&server);
    int count = pick(1, 9);

    freeze(&server);
    int peer = dial(&server);
    greet(peer, count);
    finish(peer);
    thaw(&server);

    expect_worlds(peer, count);
    expect_eof(peer);
}
END_TEST

START_TEST(an_idle_client_keeps_nobody_waiting)
{
    start(&server);
    int idle = dial(&server);
    greet(idle, 1);
    expect_worlds(idle, 1);

    int half = dial(&server);
    say(half, "hel");
    wait_until_read(half);
    int busy = dial(&server);
    greet(busy, pick(1, 40));

    expect_line(busy, "world");
    say(half, "lo\n");
    expect_line(half, "world");
    expect_connected(idle);
}
END_TEST

START_TEST(two_clients_that_ask_much_are_both_answered)
{
    int one_count = pick(500, 1000), two_count = pick(500, 1000);
    start(&server);
    int one = dial(&server);
    int two = dial(&server);

    freeze(&server);
    greet(one, one_count);
    greet(two, two_count);
    thaw(&server);

    expect_worlds(two, two_count);
    expect_worlds(one, one_count);
}
END_TEST

START_TEST(clients_that_connect_together_are_all_served)
{
    int first, count = pick(5, 20);
    start(&server);

    freeze(&server);
    first = dial(&server);
    for (int i = 1; i < count; i++)
        dial(&server);
    thaw(&server);

    for (int i = 0; i < count; i++) {
        greet(first + i, 1);
        expect_worlds(first + i, 1);
    }
}
END_TEST

START_TEST(the_server_sleeps_while_nobody_asks)
{
    start(&server);
    int one = dial(&server);
    int two = dial(&server);

    greet(one, pick(1, 40));
    say(two, "half a li");

    expect_line(one, "world");
    expect_rest(&server);
    expect_connected(two);
}
END_TEST

START_TEST(a_client_that_resets_is_no_harm)
{
    start(&server);

    freeze(&server);
    int torn = dial(&server);
    greet(torn, pick(100, 200));
    reset(torn);
    thaw(&server);
    hang_up(dial(&server));

    int next = dial(&server);
    greet(next, 1);
    expect_worlds(next, 1);
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
    say(next, "hello?\n");
    expect_line_starts(next, "error: ");
    expect_end(next);
}
END_TEST

void lab_suite(void)
{
    symptom(of_a_hundred_requests_forty_two_are_answered);
    symptom(a_new_segment_brings_out_what_an_old_one_left);

    contract(a_hundred_requests_in_one_segment_are_all_answered,
             "EPOLLET reports that bytes have arrived, once. One recv(2) "
             "takes as many as fit its buffer; the kernel has acknowledged "
             "the rest, and does not speak of it again");
    contract(more_requests_than_any_buffer_holds_are_all_answered,
             "a bigger buffer moves the limit and leaves it there: as much as "
             "the receive queue holds may arrive behind one edge");
    contract(the_server_does_not_sleep_while_something_is_unread,
             "whoever waits for the next edge, or for a timer, while bytes are "
             "in the receive queue answers late. Read until EAGAIN before "
             "waiting again");
    contract(a_request_longer_than_a_read_is_answered,
             "one line of one segment may need several recv(2), and only the "
             "first of them is announced");
    contract(each_request_gets_its_own_answer,
             "what an earlier edge left unread comes out with the next "
             "request: from then on each answer is one too late");
    contract(requests_and_the_end_of_the_stream_may_come_together,
             "a recv(2) that returns less than was asked for is taken for the "
             "last one. The FIN behind those bytes came with the same edge: "
             "only EAGAIN, or 0, says that nothing is left");
    contract(an_idle_client_keeps_nobody_waiting,
             "reading until there is no more needs recv(2) to say EAGAIN. On a "
             "socket that blocks, it waits for this one client instead: lab "
             "12, blocked-server");
    contract(two_clients_that_ask_much_are_both_answered,
             "each connection has a queue of its own, and an edge of its own");
    contract(clients_that_connect_together_are_all_served,
             "an edge on the listening socket stands for all handshakes done "
             "by then: accept(2) until EAGAIN, or watch it without EPOLLET");
    contract(the_server_sleeps_while_nobody_asks,
             "a loop around recv(2) or epoll_wait(2) that never waits");
    contract(a_client_that_resets_is_no_harm,
             "recv(2) and send(2) may fail with ECONNRESET or EPIPE: the end "
             "of one connection");
    contract(a_line_without_end_is_refused_and_the_server_lives_on,
             "a line over 1,024 bytes, or one that is neither `hello` nor "
             "`echo TEXT`: answer `error: ...` and close");
}
