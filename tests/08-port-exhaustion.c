/* Lab 8: whoever closes first keeps the port in TIME_WAIT. The program under
 * test is the client; tests/08-port-exhaustion.net leaves it eight ports. */
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

const char lab_stem[] = "08-port-exhaustion";

enum { PORTS = 8, MOST = 200 };

/* The same number as an argument of a program. */
static const char *count_text(int count)
{
    static char text[12];

    snprintf(text, sizeof text, "%d", count);
    return text;
}

/* What a client prints that got so many answers. */
static const char *answers(int count)
{
    static char text[6 * MOST + 1];

    text[0] = '\0';
    for (int i = 0; i < count; i++)
        memcpy(text + 6 * i, "world\n", sizeof "world\n");
    return text;
}

START_TEST(the_ninth_connection_finds_no_port)
{
    need_private_network();
    start(&server);

    run(&client, server.port, count_text(pick(20, 60)));

    expect_exit(&client, 1);
    expect_output(&client, answers(PORTS));
    expect_sockets(&server, "TIME_WAIT", PORTS);
}
END_TEST

START_TEST(a_client_started_right_after_finds_none_at_all)
{
    need_private_network();
    static struct program second = {.file = "client", .name = "second client"};
    start(&server);

    run(&client, server.port, count_text(PORTS));
    expect_exit(&client, 0);
    run(&second, server.port, "1");

    expect_exit(&second, 1);
    expect_output(&second, "");
}
END_TEST

START_TEST(server_answers_line_after_line_on_one_connection)
{
    need_private_network();
    int count = pick(10, 40);
    start(&server);
    int peer = dial(&server);

    for (int i = 0; i < count; i++) {
        say(peer, "hello\n");
        expect_line(peer, "world");
    }
    say(peer, "goodbye\n");

    expect_line_starts(peer, "error: ");
    expect_eof(peer);
}
END_TEST

START_TEST(client_gets_more_answers_than_there_are_ports)
{
    need_private_network();
    int count = pick(30, 60);
    start(&server);

    run(&client, server.port, count_text(count));

    expect_exit(&client, 0);
    expect_output(&client, answers(count));
}
END_TEST

START_TEST(client_gets_hundreds_of_answers)
{
    need_private_network();
    int count = pick(100, MOST);
    start(&server);

    run(&client, server.port, count_text(count));

    expect_exit(&client, 0);
    expect_output(&client, answers(count));
}
END_TEST

START_TEST(no_connection_is_broken_off_with_an_RST)
{
    need_private_network();
    int count = pick(30, 60);
    start(&server);

    run(&client, server.port, count_text(count));

    expect_exit(&client, 0);
    expect_counter("OutRsts", 0);
}
END_TEST

START_TEST(a_client_started_right_after_finds_a_port_too)
{
    need_private_network();
    static struct program second = {.file = "client", .name = "second client"};
    int count = pick(20, 40);
    start(&server);

    run(&client, server.port, count_text(count));
    expect_exit(&client, 0);
    run(&second, server.port, count_text(count));

    expect_exit(&second, 0);
    expect_output(&second, answers(count));
}
END_TEST

START_TEST(client_admits_it_when_no_answer_comes)
{
    need_private_network();
    start(&server);

    freeze(&server);
    run(&client, server.port, count_text(pick(1, 40)));
    expect_caller(&server);
    wait_until_asleep(&client);
    end_with(&server, SIGKILL);

    expect_exit(&client, 1);
    expect_output(&client, "");
}
END_TEST

void lab_suite(void)
{
    symptom(the_ninth_connection_finds_no_port);
    symptom(a_client_started_right_after_finds_none_at_all);

    contract(server_answers_line_after_line_on_one_connection,
             "the server must keep the connection open after an answer: who "
             "closes it, and when, is left to the client");
    contract(
        client_gets_more_answers_than_there_are_ports,
        "each connection needs a local port, and the end that closes first "
        "keeps it in TIME_WAIT for 60 s (one that is never closed keeps it "
        "too). With none left connect(2) fails with EADDRNOTAVAIL and "
        "sends nothing; to wait for one is to wait a minute");
    contract(client_gets_hundreds_of_answers,
             "fewer connections than one for each request is not enough while "
             "their number still grows with COUNT");
    contract(no_connection_is_broken_off_with_an_RST,
             "closing with an RST (SO_LINGER of 0 s) skips TIME_WAIT, and with "
             "it what TIME_WAIT is for: data still under way is destroyed, and "
             "the peer takes a good end for a failure, ECONNRESET");
    contract(a_client_started_right_after_finds_a_port_too,
             "the first client left its ports in TIME_WAIT, and they count for "
             "everybody who connects from this address to that server");
    contract(client_admits_it_when_no_answer_comes,
             "the client counts what it asked, not what was answered");
}
