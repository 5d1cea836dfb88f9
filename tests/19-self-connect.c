/* Lab 19: a connection without a server. In this lab's network the kernel has
 * two ports to give to sockets that connect, PORT and the next. */
#include "harness.h"

#include <string.h>

const char lab_stem[] = "19-self-connect";

enum { PORT = 7019 };

static const char answers[] = "220 ready\nworld\n";

START_TEST(the_client_takes_its_own_words_for_an_answer)
{
    need_private_network();

    run(&client, PORT);

    freeze_between_tries(&client, PORT, 2);

    expect_exit(&client, 1);
    expect_output(&client, "hello\n");
}
END_TEST

START_TEST(the_client_leaves_the_server_without_its_port)
{
    need_private_network();
    run(&client, PORT);

    freeze_between_tries(&client, PORT, 2);

    expect_start_fails(&server, PORT, 1);
}
END_TEST

START_TEST(the_server_can_start_while_the_client_tries)
{
    need_private_network();
    server.port = PORT;
    run(&client, PORT);

    freeze_between_tries(&client, PORT, 1);

    start(&server);
}
END_TEST

START_TEST(a_client_that_came_first_is_answered_by_the_server)
{
    need_private_network();
    server.port = PORT;
    run(&client, PORT);

    freeze_between_tries(&client, PORT, 1);
    start(&server);
    thaw(&client);

    expect_exit(&client, 0);
    expect_output(&client, answers);
}
END_TEST

START_TEST(a_client_that_comes_later_is_answered)
{
    start(&server);

    run(&client, server.port);

    expect_exit(&client, 0);
    expect_output(&client, answers);
}
END_TEST

START_TEST(the_server_speaks_first_and_answers_every_line)
{
    start(&server);
    int peer = dial(&server);

    expect_line(peer, "220 ready");
    say(peer, "hello\nhel");
    expect_line(peer, "world");
    say(peer, "lo\nwhat?\n");

    expect_line(peer, "world");
    expect_line_starts(peer, "error: ");
    expect_end(peer);
}
END_TEST

void lab_suite(void)
{
    symptom(the_client_takes_its_own_words_for_an_answer);
    symptom(the_client_leaves_the_server_without_its_port);

    contract(the_server_can_start_while_the_client_tries,
             "the client has the server's port. Its socket was given that "
             "port for its own end, connect(2) sent the SYN to itself, and a "
             "simultaneous open made ESTABLISHED of it: RFC 9293, section 3.5. "
             "Giving it up with a FIN leaves a TIME_WAIT that blocks bind(2) "
             "as well");
    contract(a_client_that_came_first_is_answered_by_the_server,
             "connect(2) returned 0 without any server. Who is connected from "
             "the very address that it has connected to, getsockname(2) equal "
             "to getpeername(2), has reached itself, and must try again");
    contract(a_client_that_comes_later_is_answered,
             "where the server listens already, everything is as ever: a right "
             "client must not refuse a connection that is none to itself");
    contract(the_server_speaks_first_and_answers_every_line,
             "the greeting is sent at once, without a request: \"220 ready\"");
}
