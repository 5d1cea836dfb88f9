/* Lab 2: one recv(2) is not one message. */
#include "harness.h"

#include <string.h>

const char lab_stem[] = "02-short-read";

START_TEST(two_requests_in_one_segment_are_refused)
{
    start(&server);
    int peer = dial(&server);

    say(peer, "hello\nhello\n");

    expect_line_starts(peer, "error: ");
    expect_end(peer);
}
END_TEST

START_TEST(a_request_in_two_segments_is_refused)
{
    start(&server);
    int peer = dial(&server);

    say(peer, "he");

    expect_line_starts(peer, "error: ");
    expect_end(peer);
}
END_TEST

START_TEST(a_request_may_come_in_two_pieces)
{
    start(&server);
    int peer = dial(&server);
    int cut = pick(1, 5);
    char first[8] = "hello\n";
    first[cut] = '\0';

    say(peer, first);
    wait_until_read(peer);
    say(peer, &"hello\n"[cut]);

    expect_line(peer, "world");
}
END_TEST

START_TEST(a_request_may_come_byte_by_byte)
{
    start(&server);
    int peer = dial(&server);

    for (const char *byte = "hello\n"; *byte; byte++) {
        say(peer, (char[]){*byte, '\0'});
        wait_until_read(peer);
    }

    expect_line(peer, "world");
}
END_TEST

START_TEST(requests_in_one_segment_are_all_answered)
{
    start(&server);
    int peer = dial(&server);
    int count = pick(2, 20);
    char requests[160] = "";
    for (int i = 0; i < count; i++)
        strcat(requests, "hello\n");

    say(peer, requests);

    for (int i = 0; i < count; i++)
        expect_line(peer, "world");
}
END_TEST

START_TEST(one_and_a_half_requests_are_answered_once_then_twice)
{
    start(&server);
    int peer = dial(&server);

    say(peer, "hello\nhel");
    expect_line(peer, "world");
    wait_until_read(peer);
    say(peer, "lo\n");

    expect_line(peer, "world");
}
END_TEST

START_TEST(a_request_must_be_the_whole_line)
{
    start(&server);
    int peer = dial(&server);

    say(peer, "helloXYZ\n");

    expect_line_starts(peer, "error: ");
    expect_end(peer);
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
    symptom(two_requests_in_one_segment_are_refused);
    symptom(a_request_in_two_segments_is_refused);

    contract(a_request_may_come_in_two_pieces,
             "one recv(2) is taken for one request. TCP carries a stream of "
             "bytes: recv returns what has arrived, which may be half a line");
    contract(a_request_may_come_byte_by_byte,
             "the server waits for a second piece at most. Each byte may come "
             "alone: collect until there is a whole line");
    contract(
        requests_in_one_segment_are_all_answered,
        "what follows the first \\n in the buffer is thrown away, or taken "
        "for part of the same request. One recv(2) may bring many lines");
    contract(one_and_a_half_requests_are_answered_once_then_twice,
             "the beginning of the next request was read along with the first "
             "and must be kept until its end arrives");
    contract(a_request_must_be_the_whole_line,
             "a prefix is compared instead of the whole line");
    contract(a_line_without_end_is_refused_and_the_server_lives_on,
             "a line that fills the buffer will never fit: answer `error: ...` "
             "and close");
}
