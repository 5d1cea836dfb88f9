/* Lab 11: who reads the other side's FIN still has a socket to close. */
#include "harness.h"

#include <stdio.h>
#include <string.h>

const char lab_stem[] = "11-close-wait";

enum { LIMIT = 32, MOST = 240, ODD_ONES = 2 };

/* Runs the client for so many greetings under the limit. */
static void run_for(int count)
{
    char text[16];

    snprintf(text, sizeof text, "%d", count);
    client.files = LIMIT;
    run(&client, server.port, text);
}

/* The answer to a call, and its end: the server closes first. */
static void answer(int call)
{
    reply(call, "world\n");
    ring_off(call);
}

/* Answers so many calls of the client. */
static void answer_calls(int count)
{
    for (int i = 0; i < count; i++) {
        int call = pick_up(&client);
        expect_asked(call, "hello");
        answer(call);
    }
}

/* Waits until the client waits for the answer to another call. Returns it. */
static int next_call(void)
{
    int call = pick_up(&client);

    expect_asked(call, "hello");
    wait_until_asleep(&client);
    return call;
}

/* Expects the client to end well and to have printed so many greetings. */
static void expect_greetings(int count)
{
    static char text[MOST * sizeof "world\n"];

    text[0] = '\0';
    for (int i = 0; i < count; i++)
        strcat(text, "world\n");
    expect_exit(&client, 0);
    expect_output(&client, text);
}

START_TEST(the_client_runs_out_of_descriptors)
{
    start(&server);

    run_for(pick(40, 200));

    expect_exit(&client, 1);
}
END_TEST

START_TEST(each_connection_that_the_server_has_closed_stays_in_close_wait)
{
    int count = pick(3, 20);
    stand_in(&server);
    run_for(count + 1);

    answer_calls(count);

    expect_asked(pick_up(&client), "hello");
    expect_sockets(&server, "CLOSE_WAIT", count);
}
END_TEST

START_TEST(two_hundred_greetings_need_no_more_than_32_descriptors)
{
    start(&server);
    int count = pick(200, MOST);

    run_for(count);

    expect_greetings(count);
}
END_TEST

START_TEST(what_the_server_has_closed_the_client_closes_too)
{
    int count = pick(5, 20), more = pick(1, 10);
    stand_in(&server);
    run_for(count + 1 + more);

    answer_calls(count);

    int next = next_call();
    expect_sockets(&server, "CLOSE_WAIT", 0);
    answer(next);
    answer_calls(more);
    expect_greetings(count + 1 + more);
}
END_TEST

START_TEST(the_clients_descriptors_stay_level_from_call_to_call)
{
    int count = pick(5, 20);
    stand_in(&server);
    run_for(count + 2);
    int first = next_call();
    int files = open_files(&client);

    answer(first);
    answer_calls(count);

    int last = next_call();
    expect_files_at_most(&client, files + ODD_ONES);
    answer(last);
    expect_greetings(count + 2);
}
END_TEST

START_TEST(a_greeting_may_come_in_two_pieces)
{
    int cut = pick(1, 5);
    char first[8] = "world\n";
    first[cut] = '\0';
    stand_in(&server);
    run_for(1);

    int call = pick_up(&client);
    expect_asked(call, "hello");
    reply(call, first);
    wait_until_asleep(&client);
    reply(call, &"world\n"[cut]);
    ring_off(call);

    expect_greetings(1);
}
END_TEST

START_TEST(a_connection_that_ends_without_a_greeting_is_a_failure)
{
    stand_in(&server);
    run_for(1);

    int call = pick_up(&client);
    expect_asked(call, "hello");
    ring_off(call);

    expect_exit(&client, 1);
}
END_TEST

START_TEST(the_server_greets_and_ends_the_connection)
{
    start(&server);
    int peer = dial(&server);

    say(peer, "hello\n");

    expect_line(peer, "world");
    expect_eof(peer);
}
END_TEST

START_TEST(the_server_refuses_anything_else_and_lives_on)
{
    start(&server);
    int peer = dial(&server);

    say(peer, "helloXYZ\n");
    expect_line_starts(peer, "error: ");
    expect_end(peer);
    reset(dial(&server));

    int next = dial(&server);
    say(next, "hello\n");
    expect_line(next, "world");
}
END_TEST

void lab_suite(void)
{
    symptom(the_client_runs_out_of_descriptors);
    symptom(each_connection_that_the_server_has_closed_stays_in_close_wait);

    contract(two_hundred_greetings_need_no_more_than_32_descriptors,
             "each connection costs a descriptor that does not come back, "
             "until socket(2) fails with EMFILE. Neither the server's FIN nor "
             "a shutdown(2) frees it: only close(2) does");
    contract(what_the_server_has_closed_the_client_closes_too,
             "the server has closed, its FIN was read as the end of the "
             "stream, and the client's socket stays in CLOSE_WAIT until the "
             "client closes it as well. No timer ends that state");
    contract(the_clients_descriptors_stay_level_from_call_to_call,
             "something of every connection stays with the client. A socket "
             "whose connection is over is a descriptor still, until close(2)");
    contract(a_greeting_may_come_in_two_pieces,
             "one recv(2) is taken for the whole greeting, lab 2, short-read: "
             "here the end of the stream tells that it is over");
    contract(a_connection_that_ends_without_a_greeting_is_a_failure,
             "the end of the stream came before the greeting: exit status 1");
    contract(the_server_greets_and_ends_the_connection,
             "the server closes first: that end of the stream is part of the "
             "protocol");
    contract(the_server_refuses_anything_else_and_lives_on,
             "answer `error: ...`, close that connection and accept the next");
}
