/* Lab 20: descriptors that are too large for an fd_set. The server starts with
 * so many descriptors that its clients pass number 1023 soon. */
#include "harness.h"

#include <string.h>

const char lab_stem[] = "20-select-limit";

enum { LIMIT = 1024, FILES = 1200, FEWEST = 50, MOST = 60 };

/* Starts the server in such a way that its n-th client gets descriptor 1024,
 * and returns n. */
static int start_full(void)
{
    need_files(FILES);
    server.files = FILES;
    server.spare_fds = pick(990, 1005); /* 0, 1, 2, and the listening socket */
    start(&server, "0");
    return LIMIT - (server.spare_fds + 4) + 1;
}

static void greet(int peer)
{
    say(peer, "hello\n");
    expect_line(peer, "world");
}

/* Connects and says hello while the server stands still: all that follows is
 * there at once when it goes on. */
static int come(void)
{
    int peer = dial(&server);

    say(peer, "hello\n");
    return peer;
}

START_TEST(a_client_beyond_the_set_is_reset)
{
    int before = start_full() - 1;
    for (int i = 0; i < before; i++)
        greet(dial(&server));

    freeze(&server);
    come();
    int next = come();
    thaw(&server);

    expect_reset(next);
    expect_running(&server);
}
END_TEST

START_TEST(then_nobody_listens_any_more)
{
    int first = 1, before = start_full() - 1;
    for (int i = 0; i < before; i++)
        greet(dial(&server));

    freeze(&server);
    come();
    int next = come();
    thaw(&server);
    expect_end(next);

    expect_refused(&server);
    greet(first);
}
END_TEST

START_TEST(clients_are_answered_whatever_their_descriptor)
{
    int peer[MOST], count = pick(FEWEST, MOST);
    start_full();

    freeze(&server);
    for (int i = 0; i < count; i++)
        peer[i] = come();
    thaw(&server);

    for (int i = 0; i < count; i++)
        expect_line(peer[i], "world");
}
END_TEST

START_TEST(early_clients_and_late_ones_are_served_alike)
{
    int peer[MOST], early = pick(2, 9);
    start_full();
    for (int i = 0; i < early; i++)
        greet(peer[i] = dial(&server));

    freeze(&server);
    for (int i = early; i < MOST; i++)
        peer[i] = come();
    thaw(&server);
    for (int i = early; i < MOST; i++)
        expect_line(peer[i], "world");

    for (int i = MOST - 1; i >= 0; i--)
        greet(peer[i]);
}
END_TEST

START_TEST(descriptors_beyond_the_set_are_given_back_and_used_again)
{
    int peer[MOST], count = pick(FEWEST, MOST);
    start_full();

    for (int round = 0; round < 2; round++) {
        freeze(&server);
        for (int i = 0; i < count; i++)
            peer[i] = come();
        thaw(&server);
        for (int i = 0; i < count; i++) {
            expect_line(peer[i], "world");
            hang_up(peer[i]);
        }
        expect_files_at_most(&server, server.baseline_fds + 4);
    }
}
END_TEST

START_TEST(a_late_client_may_take_its_time)
{
    int peer[MOST];
    start_full();
    freeze(&server);
    for (int i = 0; i < FEWEST; i++)
        peer[i] = come();
    thaw(&server);
    for (int i = 0; i < FEWEST; i++)
        expect_line(peer[i], "world");

    int late = dial(&server);
    say(late, "hel");
    greet(peer[pick(0, FEWEST - 1)]);
    say(late, "lo\n");

    expect_line(late, "world");
}
END_TEST

START_TEST(a_line_without_end_is_refused_and_a_reset_is_no_harm)
{
    static char line[1025];
    start(&server, "0");
    int long_winded = dial(&server);
    memset(line, 'x', sizeof line);

    say_bytes(long_winded, line, sizeof line);
    expect_line_starts(long_winded, "error: ");
    expect_end(long_winded);
    int rude = dial(&server);
    say(rude, "hello\nhel");
    reset(rude);

    greet(dial(&server));
}
END_TEST

void lab_suite(void)
{
    symptom(a_client_beyond_the_set_is_reset);
    symptom(then_nobody_listens_any_more);

    contract(clients_are_answered_whatever_their_descriptor,
             "an fd_set has FD_SETSIZE bits, 1,024 of them, for descriptors 0 "
             "to 1023. FD_SET of a greater one changes memory behind the set, "
             "and select(2) writes there as well: select(2), poll(2)");
    contract(early_clients_and_late_ones_are_served_alike,
             "a client with a descriptor of 1024 and more is one like all "
             "others; it must not be turned away, forgotten, or cost the "
             "others their connections");
    contract(descriptors_beyond_the_set_are_given_back_and_used_again,
             "what is known of a descriptor ends with close(2): the next "
             "client may get the same number");
    contract(a_late_client_may_take_its_time,
             "one client is waited for, in recv(2), while others have "
             "something to say: lab 12, blocked-server");
    contract(a_line_without_end_is_refused_and_a_reset_is_no_harm,
             "a line that fills the buffer will never fit: answer `error: ...` "
             "and close; and ECONNRESET ends one connection, not the server");
}
