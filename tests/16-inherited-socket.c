/* Lab 16: a FIN goes out when the last copy of a socket is closed. */
#include "harness.h"

#include <string.h>

const char lab_stem[] = "16-inherited-socket";

enum { CLIENTS = 8 };

START_TEST(the_answer_comes_and_the_end_of_the_stream_does_not)
{
    start(&server);
    int peer = dial(&server);

    say(peer, "hello\n");

    expect_line(peer, "world");
    expect_silence(peer);
}
END_TEST

START_TEST(each_client_leaves_a_socket_in_close_wait)
{
    start(&server);
    int files = open_files(&server), count = pick(3, 12);

    for (int i = 0; i < count; i++) {
        int peer = dial(&server);
        say(peer, "hello\n");
        expect_line(peer, "world");
        hang_up(peer);
    }

    expect_sockets(&server, "CLOSE_WAIT", count);
    expect_files(&server, files + count);
}
END_TEST

START_TEST(a_client_reads_the_answer_and_then_the_end_of_the_stream)
{
    start(&server);
    int peer = dial(&server);

    say(peer, "hello\n");

    expect_line(peer, "world");
    expect_eof(peer);
}
END_TEST

START_TEST(eight_clients_at_once_all_get_the_answer_and_its_end)
{
    int peer[CLIENTS];
    start(&server);
    for (int i = 0; i < CLIENTS; i++) {
        peer[i] = dial(&server);
        say(peer[i], "hello\n");
    }

    for (int i = 0; i < CLIENTS; i++) {
        expect_line(peer[i], "world");
        expect_eof(peer[i]);
    }
}
END_TEST

START_TEST(descriptors_last_for_forty_clients_under_a_limit_of_32)
{
    server.files = 32;
    start(&server);

    for (int i = pick(40, 44); i > 0; i--) {
        int peer = dial(&server);
        say(peer, "hello\n");
        expect_line(peer, "world");
        expect_eof(peer);
        hang_up(peer);
    }
}
END_TEST

START_TEST(an_unknown_request_is_refused_and_that_is_the_end_of_it)
{
    start(&server);
    int peer = dial(&server);

    say(peer, "helloXYZ\n");

    expect_line_starts(peer, "error: ");
    expect_eof(peer);
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
    expect_eof(next);
}
END_TEST

START_TEST(clients_that_leave_early_leave_nothing_behind)
{
    start(&server);
    int half = dial(&server);
    say(half, "hel");
    wait_until_read(half);

    reset(half);
    hang_up(dial(&server));
    reset(dial(&server));

    int next = dial(&server);
    say(next, "hello\n");
    expect_line(next, "world");
    expect_eof(next);
}
END_TEST

void lab_suite(void)
{
    symptom(the_answer_comes_and_the_end_of_the_stream_does_not);
    symptom(each_client_leaves_a_socket_in_close_wait);

    contract(a_client_reads_the_answer_and_then_the_end_of_the_stream,
             "one process closes its descriptor, and another still has the "
             "copy that fork(2) made (close-on-exec would matter at an "
             "execve(2), and there is none): the FIN goes out with the last. "
             "A shutdown(2), or a close(2) before the fork(2), cuts off the "
             "child's conversation, too");
    contract(eight_clients_at_once_all_get_the_answer_and_its_end,
             "whatever the parent holds at a fork(2) the child holds too, so "
             "one copy left open is soon in many processes: the FIN waits for "
             "all of them");
    contract(descriptors_last_for_forty_clients_under_a_limit_of_32,
             "something of every client stays behind. A shutdown(2) ends the "
             "stream for all copies of the socket and frees no descriptor: "
             "each process that has one must close(2) it, or end");
    contract(an_unknown_request_is_refused_and_that_is_the_end_of_it,
             "answer `error: ...`, and close the connection in every process "
             "that has it");
    contract(a_line_without_end_is_refused_and_the_server_lives_on,
             "a line that fills the buffer will never fit: answer `error: "
             "...`, and close the connection in every process that has it");
    contract(clients_that_leave_early_leave_nothing_behind,
             "the child of a client that has left must end, and the parent "
             "must not keep the socket for it");
}
