/* Lab 3: a request may lack anything, and a NULL has no length. */
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

const char lab_stem[] = "03-missing-field";

/* A name of 1 to 12 letters. */
static const char *some_name(void)
{
    static char names[4][16];
    static int next;
    char *name = names[next++ % 4];
    int len = pick(1, 12);

    for (int i = 0; i < len; i++)
        name[i] = (char)pick('a', 'z');
    name[len] = '\0';
    return name;
}

/* A client whose request is whole. */
static void be_greeted(void)
{
    const char *user = some_name(), *lang = some_name();
    char request[64], greeting[64];
    int peer = dial(&server);

    snprintf(request, sizeof request, "user=%s&lang=%s\n", user, lang);
    snprintf(greeting, sizeof greeting, "hello %s, %s", user, lang);
    say(peer, request);
    expect_line(peer, greeting);
    hang_up(peer);
}

/* A client whose request, with a name in the place of %s, lacks that field. */
static void be_refused(const char *request, const char *field)
{
    char text[64], error[64];
    int peer = dial(&server);

    snprintf(text, sizeof text, request, some_name());
    snprintf(error, sizeof error, "error: missing %s", field);
    say(peer, text);
    expect_line(peer, error);
    expect_eof(peer);
    hang_up(peer);
}

START_TEST(a_request_without_a_field_kills_the_server)
{
    static const char *const requests[] = {"user=ada\n", "lang=c\n", "\n"};
    start(&server);
    int peer = dial(&server);

    say(peer, requests[pick(0, 2)]);

    expect_eof(peer);
    expect_death(&server, SIGSEGV);
}
END_TEST

START_TEST(its_client_reads_a_bare_end_and_the_next_one_is_reset)
{
    start(&server);
    int bob = dial(&server), cy = dial(&server);

    say(cy, "user=cy&lang=awk\n");
    say(bob, "user=bob\n");

    expect_eof(bob);
    expect_reset(cy);
}
END_TEST

START_TEST(a_missing_field_is_named)
{
    start(&server);

    be_refused("lang=%s\n", "user");
    be_refused("user=%s\n", "lang");
    be_greeted();
}
END_TEST

START_TEST(a_request_without_any_field_is_refused)
{
    static const char *const requests[] = {"\n", "&\n", "color=red\n"};
    start(&server);

    for (int i = 0; i < 3; i++) {
        int peer = dial(&server);
        say(peer, requests[i]);
        expect_line_starts(peer, "error: missing ");
        expect_eof(peer);
        hang_up(peer);
    }
    be_greeted();
}
END_TEST

START_TEST(a_field_without_an_equals_sign_is_missing)
{
    start(&server);

    be_refused("user&lang=%s\n", "user");
    be_refused("user=%s&lang\n", "lang");
    be_greeted();
}
END_TEST

START_TEST(an_empty_value_is_missing)
{
    start(&server);

    be_refused("user=&lang=%s\n", "user");
    be_refused("user=%s&lang=\n", "lang");
    be_greeted();
}
END_TEST

START_TEST(a_longer_key_is_another_field)
{
    start(&server);

    be_refused("superuser=%s&lang=c\n", "user");
    be_refused("users=%s&lang=c\n", "user");
    be_refused("user=%s&slang=c\n", "lang");
    be_greeted();
}
END_TEST

START_TEST(fields_may_come_in_any_order_and_in_pieces)
{
    const char *user = some_name();
    char rest[64], greeting[64];
    start(&server);
    int peer = dial(&server);

    snprintf(rest, sizeof rest, "rl&color=red&user=%s\n", user);
    snprintf(greeting, sizeof greeting, "hello %s, perl", user);
    say(peer, "lang=pe");
    wait_until_read(peer);
    say(peer, rest);

    expect_line(peer, greeting);
}
END_TEST

START_TEST(clients_that_wait_behind_a_bad_one_are_served)
{
    start(&server);

    freeze(&server);
    int bad = dial(&server), good = dial(&server), greets = dial(&server);
    say(bad, "user=bob\n");
    say(good, "user=cy&lang=awk\n");
    say(greets, "hello\n");
    thaw(&server);

    expect_line(bad, "error: missing lang");
    expect_eof(bad);
    expect_line(good, "hello cy, awk");
    expect_line(greets, "world");
    expect_running(&server);
}
END_TEST

START_TEST(clients_that_leave_or_talk_nonsense_do_no_harm)
{
    static char line[4096];
    start(&server);

    hang_up(dial(&server));
    int half = dial(&server);
    say(half, "user=");
    reset(half);
    int endless = dial(&server);
    memset(line, '=', sizeof line);
    say_bytes(endless, line, sizeof line);
    expect_line_starts(endless, "error: ");
    expect_end(endless);

    be_greeted();
}
END_TEST

void lab_suite(void)
{
    symptom(a_request_without_a_field_kills_the_server);
    symptom(its_client_reads_a_bare_end_and_the_next_one_is_reset);

    contract(a_missing_field_is_named,
             "the value of a field that was never sent is NULL, and it is used "
             "all the same. A FIN without an answer is all that a client sees "
             "of a crash: say `error: missing FIELD`, close, and go on");
    contract(a_request_without_any_field_is_refused,
             "a line with nothing in it is a request too: no field of it is "
             "there. What cuts it up finds nothing at all");
    contract(a_field_without_an_equals_sign_is_missing,
             "a field without \"=\" has no value: what stands for its value is "
             "NULL, or what happens to come next");
    contract(an_empty_value_is_missing,
             "nothing between \"=\" and \"&\" is a string of length 0, not "
             "NULL: looking for NULL alone lets it pass");
    contract(
        a_longer_key_is_another_field,
        "part of a key is taken for the key: compare all of it, from \"&\" "
        "to \"=\"");
    contract(fields_may_come_in_any_order_and_in_pieces,
             "the fields are expected in one order, or a whole line in one "
             "recv(2): lab 2, short-read");
    contract(clients_that_wait_behind_a_bad_one_are_served,
             "what one client leaves out, others pay for: those who wait in "
             "the accept queue are reset when the process dies");
    contract(clients_that_leave_or_talk_nonsense_do_no_harm,
             "half a request, none at all, or a line of more than 1,024 bytes "
             "ends one conversation, never the server");
}
