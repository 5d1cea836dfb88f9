/* Lab 10: of two sockets that listen on one port, one is served by nobody. */
#include "harness.h"

#include <signal.h>
#include <string.h>

const char lab_stem[] = "10-stale-twin";

static struct program again = {.file = "server", .name = "new server"};
static struct program second = {.file = "server", .name = "second server"};

static void greet(int peer)
{
    say(peer, "hello\n");
    expect_line(peer, "world");
}

/* Clients, one after another. */
static void greet_many(struct program *program, int count)
{
    for (int i = 0; i < count; i++) {
        int peer = dial(program);
        greet(peer);
        hang_up(peer);
    }
}

/* A client that asked for a reload, and is still connected. */
static int reload(struct program *program)
{
    int peer = dial(program);

    say(peer, "reload\n");
    expect_line(peer, "reloaded");
    return peer;
}

START_TEST(a_second_server_starts_beside_the_first)
{
    start(&server);
    second.port = server.port;

    start(&second);

    expect_sockets(&server, "LISTEN", 2);
    expect_running(&second);
}
END_TEST

START_TEST(after_a_reload_two_sockets_listen_and_one_is_served_by_nobody)
{
    start(&server);
    int asker = dial(&server);
    greet(asker);
    int waiting = dial(&server);

    say(asker, "reload\n");
    expect_line(asker, "reloaded");
    say(waiting, "hello\n");

    expect_sockets(&server, "LISTEN", 2);
    expect_silence(waiting);
    expect_unaccepted(waiting);
}
END_TEST

START_TEST(a_second_server_is_refused_while_the_first_lives)
{
    start(&server);
    int count = pick(4, 12);
    greet_many(&server, count);

    expect_start_fails(&second, server.port, 1);

    greet_many(&server, count);
    expect_running(&server);
}
END_TEST

START_TEST(after_a_kill_a_new_server_starts)
{
    start(&server);
    greet_many(&server, pick(1, 4));

    end_with(&server, SIGKILL);
    again.port = server.port;
    start(&again);

    greet_many(&again, pick(1, 4));
}
END_TEST

START_TEST(a_client_that_waits_during_a_reload_is_answered)
{
    start(&server);
    int asker = dial(&server);
    greet(asker);
    int waiting = dial(&server);
    say(waiting, "hello\n");

    say(asker, "reload\n");
    expect_line(asker, "reloaded");

    expect_line(waiting, "world");
}
END_TEST

START_TEST(whoever_comes_after_a_reload_is_answered)
{
    start(&server);

    reload(&server);

    greet_many(&server, pick(24, 40));
}
END_TEST

START_TEST(those_who_asked_for_a_reload_are_answered_as_long_as_they_stay)
{
    start(&server);
    int times = pick(2, 4), asker[4];

    for (int i = 0; i < times; i++) {
        asker[i] = reload(&server);
        greet_many(&server, pick(1, 3));
    }

    for (int i = 0; i < times; i++)
        greet(asker[i]);
    greet_many(&server, 1);
}
END_TEST

START_TEST(after_a_reload_and_a_kill_a_new_server_starts)
{
    start(&server);
    greet(reload(&server)); /* the old instance is up and about, too */
    greet_many(&server, 1);

    expect_start_fails(&second, server.port, 1);
    end_with(&server, SIGKILL);
    again.port = server.port;
    start(&again);

    greet_many(&again, pick(1, 4));
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
    wait_until_read(gone);
    reset(gone);
    reset(reload(&server));
    greet_many(&server, 1);
}
END_TEST

void lab_suite(void)
{
    symptom(a_second_server_starts_beside_the_first);
    symptom(after_a_reload_two_sockets_listen_and_one_is_served_by_nobody);

    contract(a_second_server_is_refused_while_the_first_lives,
             "SO_REUSEPORT lets every process of the same user listen on the "
             "port beside the first, unasked. The kernel then deals the "
             "clients out among them by a hash of the ports");
    contract(after_a_kill_a_new_server_starts,
             "what keeps a second server out must end with the first one, "
             "however it dies: a file that is only created and removed does "
             "not, a bound socket or a lock (flock(2)) does");
    contract(a_client_that_waits_during_a_reload_is_answered,
             "the client stands in the accept queue of the old listening "
             "socket, and that of the new one is another: whoever closes the "
             "old one resets it, whoever keeps it open without accept(2) "
             "leaves it there for ever");
    contract(whoever_comes_after_a_reload_is_answered,
             "a socket that listens gets its share of the clients whether or "
             "not anybody calls accept(2) on it. Every process that has a copy "
             "of its descriptor keeps it listening");
    contract(those_who_asked_for_a_reload_are_answered_as_long_as_they_stay,
             "the old instance must go on with the client that asked, and the "
             "new one with all the others");
    contract(after_a_reload_and_a_kill_a_new_server_starts,
             "the old instance still has a copy of the listening socket from "
             "fork(2), and the port stays taken as long as one copy is open");
    contract(what_is_not_a_request_is_refused_and_the_server_lives_on,
             "an unknown request and a line over 1,024 bytes are answered "
             "`error: ...` and that connection is closed; a client that resets "
             "ends its own instance at most");
}
