/* Lab 6: a descriptor that nobody gives back. */
#include "harness.h"

#include <string.h>

const char lab_stem[] = "06-fd-leak";

enum { FILES = 32, CLIENTS = 40 };

/* ---- the clients, as they come ---- */

static void greet(void)
{
    int peer = dial(&server);

    say(peer, "hello\n");

    expect_line(peer, "world");
    expect_eof(peer);
    hang_up(peer);
}

/* A request that the server does not know: some letters, as chance has it. */
static void say_nonsense(int peer)
{
    char request[16] = "";
    int len = pick(1, 12);

    for (int i = 0; i < len; i++)
        request[i] = (char)pick('a', 'z');
    request[0] = (char)pick('A', 'Z');
    request[len] = '\n';
    say(peer, request);
}

static void ask_nonsense(void)
{
    int peer = dial(&server);

    say_nonsense(peer);

    expect_line_starts(peer, "error: ");
    expect_eof(peer);
    hang_up(peer);
}

static void ask_nonsense_and_leave_first(void)
{
    int peer = dial(&server);

    say_nonsense(peer);

    expect_line_starts(peer, "error: ");
    hang_up(peer);
}

static void leave_without_a_word(void)
{
    hang_up(dial(&server));
}

static void leave_in_mid_line(void)
{
    int peer = dial(&server);

    say(peer, "hel");
    wait_until_read(peer);
    hang_up(peer);
}

static void leave_with_a_reset(void)
{
    int peer = dial(&server);

    say(peer, "hel");
    reset(peer);
}

static void (*const visits[])(void) = {
    greet,
    ask_nonsense,
    ask_nonsense_and_leave_first,
    leave_without_a_word,
    leave_in_mid_line,
    leave_with_a_reset,
};
enum { VISITS = sizeof visits / sizeof *visits };

static void start_with_few_files(void)
{
    server.files = FILES;
    start(&server);
}

/* ---- the tests ---- */

START_TEST(refused_clients_use_up_the_descriptors)
{
    start_with_few_files();
    int most = FILES - server.baseline_fds;

    for (int i = 0; i < most; i++)
        ask_nonsense_and_leave_first();
    expect_files(&server, FILES);
    expect_sockets(&server, "CLOSE_WAIT", most);

    int peer = dial(&server);
    say(peer, "hello\n");

    expect_queued(&server, 1);
    expect_unaccepted(peer);
}
END_TEST

START_TEST(a_refused_client_is_never_let_go)
{
    start(&server);
    int peer = dial(&server);

    say_nonsense(peer);
    expect_line_starts(peer, "error: ");

    expect_silence(peer);
}
END_TEST

START_TEST(a_refused_client_is_told_so_and_let_go)
{
    start_with_few_files();
    int count = pick(1, 8);

    for (int i = 0; i < count; i++)
        ask_nonsense();

    greet();
}
END_TEST

START_TEST(forty_clients_of_all_kinds_leave_no_descriptor_behind)
{
    start_with_few_files();

    for (int i = 0; i < CLIENTS; i++) {
        visits[i < VISITS ? i : pick(0, VISITS - 1)]();
        expect_files_at_most(&server, server.baseline_fds + 16);
    }

    greet();
}
END_TEST

START_TEST(forty_refused_clients_leave_no_descriptor_behind)
{
    start_with_few_files();

    for (int i = 0; i < CLIENTS; i++) {
        ask_nonsense_and_leave_first();
        expect_files_at_most(&server, server.baseline_fds + 16);
    }

    greet();
}
END_TEST

START_TEST(a_client_that_leaves_in_mid_line_leaves_no_descriptor_behind)
{
    start_with_few_files();
    int count = pick(2, 8);

    for (int i = 0; i < count; i++)
        leave_in_mid_line();

    greet();
}
END_TEST

START_TEST(a_client_that_leaves_without_a_word_leaves_no_descriptor_behind)
{
    start_with_few_files();
    int count = pick(2, 8);

    for (int i = 0; i < count; i++)
        leave_without_a_word();

    greet();
}
END_TEST

START_TEST(a_client_that_resets_leaves_no_descriptor_behind)
{
    start_with_few_files();
    int count = pick(2, 8);

    for (int i = 0; i < count; i++)
        leave_with_a_reset();

    greet();
}
END_TEST

START_TEST(a_line_without_end_is_refused_and_let_go)
{
    static char line[4096];
    start_with_few_files();
    int peer = dial(&server);

    memset(line, 'x', sizeof line);
    say_bytes(peer, line, sizeof line);
    expect_line_starts(peer, "error: ");
    expect_end(peer);
    hang_up(peer);

    greet();
}
END_TEST

void lab_suite(void)
{
    symptom(refused_clients_use_up_the_descriptors);
    symptom(a_refused_client_is_never_let_go);

    contract(a_refused_client_is_told_so_and_let_go,
             "a refused request leaves serve() by a path without close(2): the "
             "client never reads the end of the stream, and its descriptor "
             "stays");
    contract(forty_refused_clients_leave_no_descriptor_behind,
             "each refused client has left a descriptor behind, and its socket "
             "in CLOSE_WAIT. When RLIMIT_NOFILE is reached accept(2) says "
             "EMFILE: the next client is ESTABLISHED, and nobody accepts it. "
             "A higher limit, or shutdown(2) alone, gives nothing back");
    contract(forty_clients_of_all_kinds_leave_no_descriptor_behind,
             "one of the ways in which a client can come and go ends without "
             "close(2) on this side");
    contract(a_client_that_leaves_in_mid_line_leaves_no_descriptor_behind,
             "recv(2) returned 0 before there was a whole line: that path "
             "needs a close(2) as well");
    contract(a_client_that_leaves_without_a_word_leaves_no_descriptor_behind,
             "recv(2) returned 0 at once: that path needs a close(2) as well");
    contract(a_client_that_resets_leaves_no_descriptor_behind,
             "recv(2) failed with ECONNRESET: the connection is gone, its "
             "descriptor is not until close(2). It is one client's end, not "
             "the server's");
    contract(a_line_without_end_is_refused_and_let_go,
             "a line that fills the buffer will never fit: answer `error: ...` "
             "and close");
}
