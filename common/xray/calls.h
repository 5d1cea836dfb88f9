/* The system calls that a ladder shows, by name, so that what was recorded on
 * one machine means the same on any other. */
#ifndef CALLS_H
#define CALLS_H

#include <stdbool.h>

enum call_id {
    CALL_NONE,
    CALL_SOCKET,
    CALL_BIND,
    CALL_LISTEN,
    CALL_ACCEPT,
    CALL_ACCEPT4,
    CALL_CONNECT,
    CALL_RECV,
    CALL_READ,
    CALL_READV,
    CALL_RECVMSG,
    CALL_SEND,
    CALL_WRITE,
    CALL_WRITEV,
    CALL_SENDMSG,
    CALL_SENDFILE,
    CALL_SHUTDOWN,
    CALL_CLOSE,
    CALL_SETSOCKOPT,
    CALL_POLL,
    CALL_SELECT,
    CALL_EPOLL_WAIT,
    CALL_SLEEP,
    CALL_PAUSE,
    CALLS,
};

/* Where a call has its bytes: argument 1 and 2 are a buffer and its length, an
 * iovec array and its count, or argument 1 is a msghdr. */
enum call_buffer { NO_BUFFER, BUFFER, IOVEC, MESSAGE };

struct call {
    const char *name;
    enum call_buffer buffer;
    bool on_socket; /* argument 0 is a descriptor; only TCP sockets count */
    bool waits;     /* may sleep until something happens elsewhere */
    bool receives, sends;
    bool new_socket; /* returns a connected socket */
    bool address;    /* argument 1 is a socket address */
    bool quiet;      /* shown only when it fails, or with a word to say */
    bool watches;    /* sleeps on many descriptors: poll(2) and its like */
};

/* The description of a call; id must be below CALLS. */
const struct call *call_get(enum call_id id);

/* The call with that number here, or CALL_NONE: one that is not drawn. */
enum call_id call_by_number(long number);

/* The call with that name, or CALL_NONE. */
enum call_id call_by_name(const char *name);

#endif
