/* Lab 14: the end of what a client says is not the end of the client. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char lab_stem[] = "14-half-close";

/* A text of that many lines of random lengths, for free(3); and its answer. */
static char *make_text(int lines, int longest, char answer[64])
{
    char *text = malloc((size_t)lines * (size_t)(longest + 1) + 1);
    char *end = text;

    for (int i = 0; i < lines; i++) {
        int len = pick(0, longest);
        memset(end, 'a' + i % 26, (size_t)len);
        end += len;
        *end++ = '\n';
    }
    *end = '\0';
    snprintf(answer, 64, "%d lines, %zu bytes", lines, (size_t)(end - text));
    return text;
}

/* Says a text of that many lines to a new client of a server that stands still:
 * the text and its end are there before the server reads the first byte. */
static int dial_and_say_all(int lines, char answer[64])
{
    int peer = dial(&server);
    char *text = make_text(lines, 60, answer);

    say(peer, text);
    finish(peer);
    free(text);
    return peer;
}

START_TEST(a_text_that_ends_before_it_is_read_gets_no_answer)
{
    char answer[64];
    start(&server);

    freeze(&server);
    int peer = dial_and_say_all(pick(1, 9), answer);
    thaw(&server);

    expect_eof(peer);
}
END_TEST

START_TEST(a_long_text_is_read_to_its_end_and_gets_no_answer)
{
    char answer[64];
    start(&server);

    freeze(&server);
    int peer = dial_and_say_all(pick(300, 600), answer);
    thaw(&server);

    expect_eof(peer);
}
END_TEST

START_TEST(a_text_that_ends_before_it_is_read_is_answered)
{
    char answer[64];
    start(&server);

    freeze(&server);
    int peer = dial_and_say_all(pick(2, 9), answer);
    thaw(&server);

    expect_line(peer, answer);
    expect_eof(peer);
}
END_TEST

START_TEST(a_text_whose_end_comes_later_is_answered)
{
    char answer[64];
    char *text = make_text(pick(2, 9), 60, answer);
    start(&server);
    int peer = dial(&server);

    say(peer, text);
    free(text);
    wait_until_read(peer);
    finish(peer);

    expect_line(peer, answer);
    expect_eof(peer);
}
END_TEST

START_TEST(an_empty_text_is_answered)
{
    start(&server);
    int peer = dial(&server);

    finish(peer);

    expect_line(peer, "0 lines, 0 bytes");
    expect_eof(peer);
}
END_TEST

START_TEST(a_text_of_one_line_is_answered)
{
    char answer[64];
    start(&server);

    freeze(&server);
    int peer = dial_and_say_all(1, answer);
    thaw(&server);

    expect_line(peer, answer);
    expect_eof(peer);
}
END_TEST

START_TEST(a_hundred_thousand_lines_are_answered)
{
    char answer[64];
    char *text = make_text(pick(100000, 101000), 8, answer);
    start(&server);
    int peer = dial(&server);

    say_bytes(peer, text, strlen(text));
    free(text);
    finish(peer);

    expect_line(peer, answer);
    expect_eof(peer);
}
END_TEST

START_TEST(a_pause_is_not_the_end_of_a_text)
{
    char answer[64];
    char *text = make_text(pick(4, 9), 60, answer);
    char *half = text + strlen(text) / 2;
    char rest[1024];
    start(&server);
    int peer = dial(&server);

    strcpy(rest, half);
    *half = '\0';
    say(peer, text);
    free(text);
    wait_until_read(peer);
    say(peer, rest);
    finish(peer);

    expect_line(peer, answer);
    expect_eof(peer);
}
END_TEST

START_TEST(a_greeting_is_answered_before_the_text_ends)
{
    char answer[64];
    char *text = make_text(pick(2, 9), 60, answer);
    start(&server);
    int peer = dial(&server);

    say(peer, "hello\n");
    expect_line(peer, "world");
    say(peer, text);
    free(text);
    finish(peer);

    expect_line(peer, answer);
    expect_eof(peer);
}
END_TEST

START_TEST(clients_that_finish_together_get_each_their_own_count)
{
    char answers[8][64];
    int peers[8];
    start(&server);

    freeze(&server);
    for (int i = 0; i < 8; i++)
        peers[i] = dial_and_say_all(pick(0, 40), answers[i]);
    thaw(&server);

    for (int i = 0; i < 8; i++)
        expect_line(peers[i], answers[i]);
}
END_TEST

START_TEST(a_client_that_resets_or_leaves_is_no_harm)
{
    char answer[64];
    start(&server);

    freeze(&server);
    reset(dial_and_say_all(pick(1, 9), answer));
    hang_up(dial_and_say_all(pick(1, 9), answer));
    int peer = dial_and_say_all(pick(1, 9), answer);
    thaw(&server);

    expect_line(peer, answer);
    int torn = dial(&server);
    say(torn, "half a line");
    wait_until_read(torn);
    reset(torn);
    int last = dial(&server);
    say(last, "hello\n");
    expect_line(last, "world");
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
    symptom(a_text_that_ends_before_it_is_read_gets_no_answer);
    symptom(a_long_text_is_read_to_its_end_and_gets_no_answer);

    contract(a_text_that_ends_before_it_is_read_is_answered,
             "the client's FIN is taken for its farewell. shutdown(SHUT_WR) "
             "ends one direction only: the client sends no more, and still "
             "reads");
    contract(a_text_whose_end_comes_later_is_answered,
             "recv(2) returning 0 is taken for a lost client. Here it is the "
             "end of the request: answer first, then close");
    contract(an_empty_text_is_answered,
             "a text of no lines is a text as well: its FIN comes first, and "
             "recv(2) returns 0 at once");
    contract(a_text_of_one_line_is_answered,
             "even one segment with its FIN behind it wants an answer");
    contract(a_hundred_thousand_lines_are_answered,
             "a long text comes in many pieces, and the FIN may be there "
             "before the last of them is read: only recv(2) returning 0 says "
             "that all has been read");
    contract(a_pause_is_not_the_end_of_a_text,
             "an empty receive queue (EAGAIN, a short recv) is taken for the "
             "end. Nothing but the FIN ends this text");
    contract(a_greeting_is_answered_before_the_text_ends,
             "`hello` wants its answer before the FIN comes, and the text "
             "after it is counted from its own first line");
    contract(clients_that_finish_together_get_each_their_own_count,
             "what belongs to one connection, its counts above all, must not "
             "outlive it");
    contract(a_client_that_resets_or_leaves_is_no_harm,
             "a client that is really gone shows as ECONNRESET from recv(2), "
             "or EPIPE from send(2): the end of one connection, not of the "
             "server");
    contract(a_line_without_end_is_refused_and_the_server_lives_on,
             "a line over 1,024 bytes: answer `error: ...` and close");
}
