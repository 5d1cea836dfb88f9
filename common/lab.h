/*
 * What the lab programs share and no lab is about: arguments, log lines, the
 * names of errors, and the set-up of sockets that lab 1 shows call by call.
 * There is no helper here that reads or writes a socket: that is the subject.
 */
#ifndef LAB_H
#define LAB_H

#include <sys/types.h>

/*
 * Says who this program is, for its log and its usage line, and keeps the
 * arguments. usage names them as a man page does, "[PORT] [COUNT]"; more
 * arguments than that print the usage line on stderr and exit with status 2.
 */
void lab_start(const char *who, const char *usage, int argc, char *argv[]);

/*
 * Argument number `index` (from 1) as a decimal number from min to max, or
 * fallback when it is not there. Anything else prints the usage line on stderr
 * and exits with status 2.
 */
int lab_arg(int index, int fallback, int min, int max);

/*
 * One line on stderr in one write(2): t=SECONDS who=WHO ev=EV and what format
 * makes of the rest. ev is the name of the system call that just returned.
 * t counts from the start of the run. errno stays as it was.
 */
void log_event(const char *ev, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The line of a call on fd that returned ret: ret=N or, at -1, err=ERRNO. */
void log_call(const char *ev, int fd, ssize_t ret);

/* The line of an accept(2) that returned conn_fd: with the peer's address. */
void log_accept(int conn_fd);

/* Logs that call failed with errno and exits with status 1. */
void die(const char *call) __attribute__((noreturn));

/* "ECONNRESET" for ECONNRESET; errno(3). A number it does not know becomes
 * text in a buffer that the next call overwrites. */
const char *errno_name(int error);

/*
 * A socket that listens on 127.0.0.1:port with a backlog of 128 (0: a port of
 * the kernel's choice), logged as ev=listening. SO_REUSEADDR is set, so a
 * restart need not wait for TIME_WAIT to pass; socket(7). Dies on failure.
 */
int listen_on(int port);

/*
 * A socket connected to 127.0.0.1:port, logged as ev=connect. A server that was
 * started just now may not listen yet: ECONNREFUSED is tried again for up to
 * two seconds the first time, and never once a connection was made.
 * Returns the descriptor, or -1 with errno (logged).
 */
int connect_to(int port);

/* From now on recv(2) on fd fails with EAGAIN when nothing came for that many
 * seconds: SO_RCVTIMEO, socket(7). Dies on failure. */
void set_patience(int fd, int seconds);

#endif
