/* Lab 13: close(2) over unread bytes is an RST. */
#include "harness.h"

#include <stdio.h>
#include <string.h>

const char lab_stem[] = "13-reset-on-close";

enum { SMALL_WINDOW = 8192, CHUNK = 65536, UNTIL_CUT_S = 7 };

static const char junk[CHUNK];

/* Says "GET 512" or "PUT 512", with what follows it in the same segment. */
static void ask(int peer, const char *word, int length, const char *more)
{
    char request[64];

    snprintf(request, sizeof request, "%s %d\n%s", word, length, more);
    say(peer, request);
}

static void greet(void)
{
    int peer = dial(&server);

    say(peer, "hello\n");

    expect_line(peer, "world");
    expect_eof(peer);
    hang_up(peer);
}

/* Says so many bytes in pieces, so that a connection that was broken off
 * meanwhile shows. */
static void upload(int peer, int chunks)
{
    for (int i = 0; i < chunks; i++)
        say_bytes(peer, junk, CHUNK);
}

/* A request and all that follows it, in one segment. */
static void upload_at_once(int peer, int length, int surplus)
{
    static char bytes[CHUNK];
    int len = snprintf(bytes, sizeof bytes, "PUT %d\n", length);

    say_bytes(peer, bytes, (size_t)(len + length + surplus));
}

/* ---- the tests ---- */

START_TEST(a_large_answer_is_cut_short_by_a_reset)
{
    start(&server);
    int peer = dial_with_window(&server, SMALL_WINDOW);
    int length = pick(200000, 2000000);

    ask(peer, "GET", length, "");
    expect_readable(peer);
    say(peer, "thanks\n");

    expect_cut_short(peer, (size_t)length);
}
END_TEST

START_TEST(a_surplus_of_bytes_makes_the_end_a_reset)
{
    need_private_network();
    start(&server);
    int peer = dial(&server);

    upload_at_once(peer, pick(0, 40000), pick(2000, 9000));

    expect_line_starts(peer, "stored ");
    expect_reset(peer);
    expect_counter("TCPAbortOnClose", 1);
}
END_TEST

START_TEST(a_refused_upload_is_cut_off)
{
    start(&server);
    int peer = dial(&server);

    ask(peer, "PUT", 16 * CHUNK, "");
    expect_readable(peer);

    /* More than a connection holds that nobody reads from. */
    expect_cut_off(peer, 128 * CHUNK, UNTIL_CUT_S);
}
END_TEST

START_TEST(a_large_answer_arrives_whole_when_the_client_has_said_too_much)
{
    start(&server);
    int peer = dial_with_window(&server, SMALL_WINDOW);
    int length = pick(200000, 2000000);

    ask(peer, "GET", length, "");
    expect_readable(peer);
    say(peer, "thanks\n");

    expect_bytes(peer, (size_t)length, NULL, 1);
    expect_eof(peer);
}
END_TEST

START_TEST(a_large_answer_arrives_whole_after_a_request_with_a_tail)
{
    start(&server);
    int peer = dial_with_window(&server, SMALL_WINDOW);
    char request[8192];
    int length = pick(200000, 2000000);

    memset(request, '\n', sizeof request);
    request[snprintf(request, sizeof request, "GET %d", length)] = '\n';
    say_bytes(peer, request, sizeof request);

    expect_bytes(peer, (size_t)length, NULL, 1);
    expect_eof(peer);
}
END_TEST

START_TEST(a_refused_upload_can_be_finished_and_the_refusal_read)
{
    start(&server);
    int peer = dial(&server);
    int chunks = pick(16, 64);

    ask(peer, "PUT", chunks * CHUNK, "");
    expect_readable(peer);
    wait_until_asleep(&server);
    upload(peer, chunks);

    expect_line(peer, "error: too large");
    expect_eof(peer);
}
END_TEST

START_TEST(an_upload_is_refused_before_it_arrives)
{
    start(&server);
    int peer = dial(&server);

    ask(peer, "PUT", pick(65537, 1000000000), "");

    expect_line(peer, "error: too large");
    expect_eof(peer);
}
END_TEST

START_TEST(an_upload_with_some_bytes_too_many_is_stored_and_ends_cleanly)
{
    start(&server);
    int peer = dial(&server);
    int length = pick(0, 40000), surplus = pick(2000, 9000);
    char stored[32];

    upload_at_once(peer, length, surplus);

    snprintf(stored, sizeof stored, "stored %d", length);
    expect_line(peer, stored);
    expect_eof(peer);
}
END_TEST

START_TEST(a_client_that_never_stops_sending_is_cut_off)
{
    start(&server);
    int peer = dial(&server);

    ask(peer, "PUT", pick(65537, 1000000000), "");
    expect_cut_off(peer, (size_t)-1, UNTIL_CUT_S);
    hang_up(peer);

    greet();
}
END_TEST

START_TEST(a_client_that_falls_silent_is_not_waited_for_for_ever)
{
    start(&server);
    int peer = dial(&server);

    ask(peer, "PUT", pick(65537, 1000000000), "and then nothing");
    expect_line(peer, "error: too large");
    expect_eof(peer);

    expect_not_held(peer);
}
END_TEST

START_TEST(an_upload_that_fits_is_stored)
{
    start(&server);
    int peer = dial(&server);
    int length = pick(2000, 65536);
    char stored[32];

    ask(peer, "PUT", length, "");
    say_bytes(peer, junk, 1000);
    wait_until_read(peer);
    say_bytes(peer, junk, (size_t)length - 1000);

    snprintf(stored, sizeof stored, "stored %d", length);
    expect_line(peer, stored);
    expect_eof(peer);
}
END_TEST

START_TEST(a_client_that_resets_while_it_is_heard_out_is_no_harm)
{
    start(&server);
    int peer = dial(&server);

    ask(peer, "PUT", 16 * CHUNK, "");
    expect_readable(peer);
    upload(peer, pick(2, 8));
    reset(peer);

    greet();
}
END_TEST

START_TEST(an_unknown_request_is_refused_with_a_clean_end)
{
    start(&server);
    int peer = dial(&server);

    say_bytes(peer, junk, (size_t)pick(2000, 60000));

    expect_line_starts(peer, "error: ");
    expect_eof(peer);
    hang_up(peer);
    greet();
}
END_TEST

START_TEST(who_leaves_early_is_no_harm)
{
    start(&server);

    hang_up(dial(&server));
    int peer = dial(&server);
    ask(peer, "PUT", 1000, "some of it");
    hang_up(peer);
    peer = dial_with_window(&server, SMALL_WINDOW);
    ask(peer, "GET", pick(200000, 60000000), "");
    expect_readable(peer);
    hang_up(peer);

    greet();
}
END_TEST

void lab_suite(void)
{
    symptom(a_large_answer_is_cut_short_by_a_reset);
    symptom(a_surplus_of_bytes_makes_the_end_a_reset);
    symptom(a_refused_upload_is_cut_off);

    contract(a_large_answer_arrives_whole_when_the_client_has_said_too_much,
             "close(2) while received bytes are unread sends an RST instead of "
             "a FIN, and so does a byte that arrives after close(2): what the "
             "client's window had no room for yet is thrown away. Say FIN with "
             "shutdown(SHUT_WR), and close when the client has ended its side");
    contract(a_large_answer_arrives_whole_after_a_request_with_a_tail,
             "some of the request was still unread at close(2): an RST instead "
             "of a FIN, and what the client's window had no room for yet is "
             "thrown away");
    contract(a_refused_upload_can_be_finished_and_the_refusal_read,
             "the client is still sending when the server has closed: each "
             "segment is answered with an RST, its send(2) fails, and it never "
             "comes to read why. Read on, and throw away, until it has "
             "finished");
    contract(an_upload_is_refused_before_it_arrives,
             "the refusal waits for the body: answer first, and then read "
             "what still comes");
    contract(an_upload_with_some_bytes_too_many_is_stored_and_ends_cleanly,
             "the surplus was unread at close(2), so that the client got an "
             "RST instead of a FIN");
    contract(a_client_that_never_stops_sending_is_cut_off,
             "reading on after the answer needs a bound, in bytes or in "
             "seconds: this client keeps the server for as long as it likes");
    contract(a_client_that_falls_silent_is_not_waited_for_for_ever,
             "reading on after the answer needs a bound in time: recv(2) "
             "without a limit (SO_RCVTIMEO, poll(2)) waits for a peer that may "
             "never speak or leave");
    contract(an_upload_that_fits_is_stored,
             "LENGTH bytes belong to the request, and may come in pieces");
    contract(
        a_client_that_resets_while_it_is_heard_out_is_no_harm,
        "reading on ends when recv(2) fails: ECONNRESET is the end of this "
        "connection, and not of the server");
    contract(an_unknown_request_is_refused_with_a_clean_end,
             "a refusal leaves bytes unread as well: the same farewell is due "
             "on every path");
    contract(who_leaves_early_is_no_harm,
             "recv(2) returned 0, or send(2) failed: the end of this "
             "connection, not of the server");
}
