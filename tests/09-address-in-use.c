/* Lab 9: a connection that is over may still occupy its server's port. */
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

const char lab_stem[] = "09-address-in-use";

static struct program again = {.file = "server", .name = "restarted server"};
static struct program second = {.file = "server", .name = "second server"};

/* One client: served, and the server closes first. */
static void greet(struct program *program)
{
    int peer = dial(program);

    say(peer, "hello\n");
    expect_line(peer, "world");
    expect_end(peer);
    hang_up(peer);
}

START_TEST(a_connection_in_time_wait_keeps_the_server_from_its_port)
{
    start(&server);
    int count = pick(1, 5);
    for (int i = 0; i < count; i++)
        greet(&server);

    expect_sockets(&server, "TIME_WAIT", count);
    end_with(&server, SIGKILL);

    expect_start_fails(&again, server.port, 1);
}
END_TEST

START_TEST(a_server_told_to_restart_ends)
{
    start(&server);
    int peer = dial(&server);

    say(peer, "restart\n");

    expect_exit(&server, 1);
    expect_end(peer);
}
END_TEST

START_TEST(an_answer_is_followed_by_a_fin)
{
    start(&server);
    int count = pick(2, 5);

    for (int i = 0; i < count; i++) {
        int peer = dial(&server);
        say(peer, "hello\n");
        expect_line(peer, "world");
        expect_eof(peer);
        hang_up(peer);
    }
}
END_TEST

START_TEST(a_server_that_closed_first_can_be_started_again_at_once)
{
    start(&server);
    int count = pick(1, 5);
    for (int i = 0; i < count; i++)
        greet(&server);

    end_with(&server, SIGKILL);
    again.port = server.port;
    start(&again);

    greet(&again);
}
END_TEST

START_TEST(a_server_killed_with_a_client_connected_can_be_started_again)
{
    start(&server);
    int peer = dial(&server);
    say(peer, "hel");
    wait_until_read(peer);

    end_with(&server, SIGKILL);
    expect_end(peer);
    again.port = server.port;
    start(&again);

    greet(&again);
}
END_TEST

START_TEST(a_server_told_to_restart_serves_again)
{
    start(&server);
    int times = pick(1, 4);

    for (int i = 0; i < times; i++) {
        greet(&server);
        int peer = dial(&server);
        say(peer, "restart\n");
        expect_line(peer, "restarted");
        expect_end(peer);
    }

    greet(&server);
    expect_running(&server);
}
END_TEST

START_TEST(a_second_server_is_refused_while_the_first_lives)
{
    start(&server);
    greet(&server);

    expect_start_fails(&second, server.port, 1);

    greet(&server);
    expect_running(&server);
}
END_TEST

START_TEST(a_large_answer_arrives_whole)
{
    char request[32];
    start(&server);
    int length = pick(1000000, 2000000);
    int peer = dial_with_window(&server, 8192);

    snprintf(request, sizeof request, "GET %d\n", length);
    say(peer, request);

    expect_bytes(peer, (size_t)length, "x", 1);
    expect_eof(peer);
}
END_TEST

START_TEST(what_is_not_a_request_is_refused_and_the_server_lives_on)
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

    int gone = dial(&server);
    say(gone, "hel");
    reset(gone);
    greet(&server);
}
END_TEST

void lab_suite(void)
{
    symptom(a_connection_in_time_wait_keeps_the_server_from_its_port);
    symptom(a_server_told_to_restart_ends);

    contract(an_answer_is_followed_by_a_fin,
             "the server closes first, and the client waits for that FIN: it "
             "must not be left waiting to save the server a TIME_WAIT, nor be "
             "cut off by an RST (SO_LINGER of 0 s)");
    contract(a_server_that_closed_first_can_be_started_again_at_once,
             "whoever closes first keeps the connection in TIME_WAIT for 60 s, "
             "and bind(2) says EADDRINUSE as long as one is left on the port, "
             "unless the old socket and the new one both had SO_REUSEADDR set "
             "before bind");
    contract(a_server_killed_with_a_client_connected_can_be_started_again,
             "a connection whose other side has not closed yet (FIN_WAIT_1, "
             "FIN_WAIT_2) occupies the port just as one in TIME_WAIT does");
    contract(a_server_told_to_restart_serves_again,
             "the program that takes over binds the same port, while "
             "connections of the old one are still there");
    contract(a_second_server_is_refused_while_the_first_lives,
             "two live servers on one port share its clients at random: lab "
             "10, stale-twin. SO_REUSEADDR never allows that, SO_REUSEPORT "
             "does");
    contract(a_large_answer_arrives_whole,
             "close(2) must leave what is still unsent to the kernel; an RST "
             "throws it away, in the server's queue and in the client's");
    contract(what_is_not_a_request_is_refused_and_the_server_lives_on,
             "an unknown request and a line over 1,024 bytes are answered "
             "`error: ...`, and a client that resets ends its own connection "
             "only");
}
