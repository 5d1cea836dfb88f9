/*
 * The words in which a lab's tests are written. A test stages a situation, acts
 * as the clients (or the server) would, and says what must be seen; the kernel
 * is asked, never a log, and nothing here sleeps for a fixed time.
 *
 * Every verb adds a numbered step to the story of the test. A verb whose
 * expectation is not met ends the test and prints that story; nothing returns
 * an error. Before a verb gives up on something that ought to happen, it proves
 * that it never will (every thread of the program asleep in a call without a
 * time limit, and nothing on its way to any of them), or that the program only
 * burns processor time, or it waits until a long deadline. A busy machine makes
 * a test slower, never different.
 *
 * Each test has a process, a network and a jail of its own (common/net).
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* ---- the suite: what a tests/NN-name.c defines ---- */

/* "06-fd-leak": the lab's stem. */
extern const char lab_stem[];

/* Calls symptom() and contract() for each test of the lab. */
void lab_suite(void);

/* A test that holds for the lab as shipped, and fails once it is fixed. */
void symptom(const TTest *test);

/*
 * A test that a right program passes; these share the lab's points. cause is
 * the usual mistake behind a failure, one or two sentences in TCP's words.
 * After each of them the harness closes every peer and expects conservation:
 * each server that is still wanted lives on under the same pid, holds no
 * connection and no more descriptors than when it began to listen, and has
 * left no zombie.
 */
void contract(const TTest *test, const char *cause);

/* Ends the test as "not judged" where there is no private network: it is about
 * sysctls or counters that belong to the whole machine there. */
void need_private_network(void);

/* Ends the test as "not judged" where no program may have that many descriptors
 * open: RLIMIT_NOFILE, the hard limit. */
void need_files(int count);

/* A number from min to max, both included, that depends on the seed (SEED=, in
 * the report) and on nothing else. */
int pick(int min, int max);

/* ---- programs ---- */

struct program {
    const char *file; /* "server" or "client" */
    const char *name; /* as the story calls it */
    unsigned files;   /* RLIMIT_NOFILE it starts with; 0 for 256 */
    int spare_fds;    /* descriptors it inherits, on /dev/null, from 3 on */
    bool ends;        /* it may end: conservation does not ask it to live */

    /* What start() and run() found out. */
    pid_t pid;
    int port;
    int slot; /* its outputs */
    bool running, frozen, serves;
    int status; /* of waitpid(2), once it has ended */
    int baseline_fds;
};

/* The lab's two programs. More instances: static struct program twin = {...};
 * they are asked after once the test's function has returned. */
extern struct program server, client;

/*
 * Starts a server and returns once the kernel says that it listens and that it
 * sleeps. Each gets a port of its own unless program->port is set. The rest are
 * further arguments, strings, ending with NULL.
 */
#define start(...) start_program(__VA_ARGS__, (char *)NULL)
void start_program(struct program *program, ...) __attribute__((sentinel));

/* Starts a server that ought to refuse: expects it to end by itself with that
 * exit status, without ever listening on that port. */
void expect_start_fails(struct program *program, int port, int status);

/* Starts a client against a port and returns at once. The rest are further
 * arguments, strings, ending with NULL. */
#define run(...) run_client(__VA_ARGS__, (char *)NULL)
void run_client(struct program *program, int port, ...)
    __attribute__((sentinel));

/* SIGSTOP, and returns once every thread stands still: what clients do now the
 * kernel queues. SIGCONT, and returns at once. */
void freeze(struct program *program);
void thaw(struct program *program);

/*
 * Lets a program that tries to connect to a port where nobody listens try so
 * many times (or as often as it ever will), and freezes it at a moment when
 * nothing but a TIME_WAIT has that port at its own end; a program that keeps
 * the port is frozen as it is, one that has ended is left alone. Private
 * networks only: call need_private_network() first.
 */
void freeze_between_tries(struct program *program, int port, int tries);

/* Returns once the program sleeps in a system call: what it was given, it has
 * worked off, or it has no room for more. */
void wait_until_asleep(struct program *program);

/* Ends a program with that signal and waits until it is gone. */
void end_with(struct program *program, int signal_number);

/* Waits until the program has ended, and expects that exit status. */
void expect_exit(struct program *program, int status);

/* Waits until the program has died of that signal. A sanitizer turns some
 * signals into an exit status other than 0: that counts as well. */
void expect_death(struct program *program, int signal_number);

/* Waits until the program, with its children, sleeps, and expects it to do so:
 * one that asks again and again (EAGAIN, a poll(2) that always returns) burns
 * processor time instead. */
void expect_rest(const struct program *program);

/* Expects the program to be alive, under the pid it was started with. */
void expect_running(const struct program *program);

/* Expects all that the (ended) program printed on stdout to be this text. */
void expect_output(const struct program *program, const char *text);

/* Expects a line that contains text among what the program printed on stdout so
 * far, and all of it to have been read: the program must have ended. */
void expect_output_has(const struct program *program, const char *text);

/* Expects text that many times in all that the (ended) program printed. */
void expect_output_times(const struct program *program, const char *text,
                         int times);

/* How many descriptors the program, with its children, has open now. */
int open_files(const struct program *program);

/* Waits until the program has that many descriptors open. */
void expect_files(const struct program *program, int count);

/* Waits until the program has no more than that many descriptors open. */
void expect_files_at_most(const struct program *program, int most);

/* Waits until that many connections, handshake finished, stand in the accept
 * queue of the program's listening socket. */
void expect_queued(const struct program *program, int count);

/* Waits until somebody is connected to the program, accepted or not yet. */
void expect_caller(const struct program *program);

/* Waits until the network has that many sockets on the program's port (local or
 * remote) in that state, "TIME_WAIT". */
void expect_sockets(const struct program *program, const char *state,
                    int count);

/* Expects a counter of this network (net_counter()) to be that. Private
 * networks only: call need_private_network() first. */
void expect_counter(const char *name, long value);

/* Sockets made from now on send at most about that many bytes ahead of their
 * peer. Calls need_private_network() itself. */
void limit_send_buffers(int bytes);

/* ---- peers: connections that the test itself makes ---- */

/* Connects to the program and returns once the handshake is done. The number
 * of a peer counts from 1; it is its name in the story, "client 1". */
int dial(struct program *program);

/* The same with a receive buffer of that many bytes, set before the handshake
 * so that the peer is offered a small window. */
int dial_with_window(struct program *program, int bytes);

/* Starts so many connections one right after another and waits for none of
 * them. Returns the number of the first, when all their SYNs have been answered
 * or dropped: on loopback that takes no time. */
int dial_at_once(struct program *program, int count);

/* Expects how_many of these peers' handshakes to be done now; the others' SYNs
 * were dropped. */
void expect_established(int first, int count, int how_many);

/* Expects the connection to be refused: nobody listens. */
void expect_refused(struct program *program);

/* Sends all of a text, or of len bytes; expects every send(2) to succeed. */
void say(int peer, const char *text);
void say_bytes(int peer, const void *bytes, size_t len);

/* Sends until the peer will have no more of it, at most `most` bytes; returns
 * how many were taken before the connection was broken off (EPIPE, ECONNRESET),
 * or `most`. Fails if neither comes. */
size_t say_until_cut(int peer, size_t most);

/* Sends without end, until the connection is broken off (EPIPE, ECONNRESET).
 * Fails once `most` bytes or that many seconds have passed without it. */
void expect_cut_off(int peer, size_t most, int seconds);

/* Returns once the program has read what was said, and waits for more. */
void wait_until_read(int peer);

/* Expects the program, once it sleeps again, to have read all that was said: it
 * must not sleep while bytes of this peer wait in its receive queue. */
void expect_all_read(int peer);

/* shutdown(SHUT_WR): the server reads EOF, and may still answer. */
void finish(int peer);

/* close(2): FIN, unless something unread makes it an RST. */
void hang_up(int peer);

/* Ends the connection with an RST (SO_LINGER of 0 s; socket(7)). */
void reset(int peer);

/* The peer is gone as when a cable is pulled: nothing that it or the server
 * sends arrives any more, no FIN, no RST, no ACK. What was said before has been
 * acknowledged. */
void vanish(int peer);

/*
 * Expects that within that many ms of the peer's vanishing (TIME_SCALE
 * stretches them) no program has the server's end of its connection open any
 * more. Of all verbs only these two have a bound in time: for a lab whose
 * subject is time. While the second waits, another peer says a line (with its
 * "\n") every 50 ms, and expects that answer each time.
 */
void expect_let_go(int peer, int ms);
void expect_let_go_while(int peer, int ms, int talker, const char *line,
                         const char *answer);

/* Reads one line; expects it to be this, without its "\n". */
void expect_line(int peer, const char *line);

/* Reads one line; expects it to begin so: "error: ". */
void expect_line_starts(int peer, const char *start);

/* Reads exactly len bytes; expects byte number i to be pattern[i % period].
 * pattern NULL: any bytes will do. */
void expect_bytes(int peer, size_t len, const char *pattern, size_t period);

/* Waits for data to arrive without reading it. */
void expect_readable(int peer);

/* Expects the end of the stream next: nothing more, and a FIN, not an RST. */
void expect_eof(int peer);

/* Expects the connection to end, by FIN or RST, after whatever is still sent.*/
void expect_end(int peer);

/* Expects an RST next: ECONNRESET. */
void expect_reset(int peer);

/* Reads to the end; expects fewer than len bytes, and then an RST. */
void expect_cut_short(int peer, size_t len);

/* Expects that nothing is ever said to this peer again, and that it stays
 * connected. */
void expect_silence(int peer);

/* Reads to the end; expects fewer than len bytes, and then a FIN. */
void expect_ends_early(int peer, size_t len);

/* Expects that the program does not hold on to this silent peer for ever: it
 * has closed the connection, or sleeps in a call that has a time limit. */
void expect_not_held(int peer);

/* Expects the peer to be connected still. */
void expect_connected(int peer);

/* Waits until the server's end of this connection exists in the kernel, but no
 * program has accepted it: sock_diag shows it without an inode. */
void expect_unaccepted(int peer);

/* ---- the test in the server's place, where the client is the subject ---- */

/* From now on the test itself listens where the program would, on
 * program->port. No program is started. */
void stand_in(struct program *program);

/* Waits for the next connection that the caller makes to it. Returns the number
 * of that call; it counts from 1 and is its name in the story, "call 1". */
int pick_up(struct program *caller);

/* Reads one line of a call; expects it to be this, without its "\n". */
void expect_asked(int call, const char *line);

/* Sends all of a text on a call, and expects the caller to be there still. */
void reply(int call, const char *text);

/* close(2) on our end of a call. */
void ring_off(int call);

/* ---- what the other two are made of; rarely needed in a test ---- */

/* Adds a step to the story. */
void story_step(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the test as failed: the one expectation that was not met. */
void story_fail(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

#endif
