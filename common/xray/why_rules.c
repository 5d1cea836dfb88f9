/*
 * One function a cause. Each says what must have been seen (the pattern), and
 * cites it; the source is where the rule of TCP or of the call is written down.
 * Rules that come first know more; a connection is explained only once.
 */
#include "lab.h"
#include "why_story.h"
#include "words.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

enum { SELECT_MOST = 1024 };

static const char *s(int64_t n)
{
    return n == 1 ? "" : "s";
}

/* ---- looking for one event ---- */

static bool failed(const struct event *event, enum call_id call, int error)
{
    return event->kind == EV_CALL && event->call == call &&
           event->ret == -error && event->t1 != 0 && !event->unfinished;
}

static bool is_accept(const struct event *event)
{
    return event->kind == EV_CALL && call_get(event->call)->new_socket;
}

/* The first call of that side that failed so, or NULL. */
static const struct event *first_failure(const struct scene *scene,
                                         enum side side, enum call_id call,
                                         int error)
{
    const struct recording *recording = scene->recording;

    for (size_t i = 0; i < recording->n; i++) {
        const struct event *event = &recording->events[i];
        if (event->side == side && failed(event, call, error))
            return event;
    }
    return NULL;
}

/* A call of that side which had begun by then and was not over yet, and for
 * which fits() is true. */
static const struct event *doing(const struct scene *scene, enum side side,
                                 int64_t then,
                                 bool (*fits)(const struct event *event))
{
    const struct recording *recording = scene->recording;
    const struct event *found = NULL;

    for (size_t i = 0; i < recording->n; i++) {
        const struct event *event = &recording->events[i];
        if (event->kind == EV_CALL && event->side == side && event->t0 < then &&
            (event->t1 == 0 || event->t1 >= then || event->unfinished) &&
            fits(event))
            found = event;
    }
    return found;
}

static bool is_receive(const struct event *event)
{
    return call_get(event->call)->receives && event->in.state != ST_LISTEN;
}

static bool is_epoll(const struct event *event)
{
    return event->call == CALL_EPOLL_WAIT;
}

static bool is_endless_watch(const struct event *event)
{
    return call_get(event->call)->watches && event->option < 0;
}

/* How many connections a side's programs had taken and, by then, not closed
 * although the peer had: CLOSE_WAIT. */
static int close_waits(const struct scene *scene, enum side side, int64_t then)
{
    int n = 0;

    for (int i = 0; i < scene->n; i++) {
        const struct story *story = &scene->stories[i];
        const struct event *fin = story->fin[!side], *own = story->close[side];
        n += fin && fin->t0 < then && (!own || own->t0 > then) &&
             (side == CLIENT || story->accept);
    }
    return n;
}

/* The first unexplained hurt connection for which fits() is true, or -1. */
static int find_hurt(const struct scene *scene,
                     bool (*fits)(const struct scene *scene,
                                  const struct story *story))
{
    for (int i = 0; i < scene->n; i++) {
        const struct story *story = &scene->stories[i];
        if (story->hurt && !story->claimed && fits(scene, story))
            return i;
    }
    return -1;
}

static bool never_taken(const struct scene *scene, const struct story *story)
{
    const struct event *accept = story->accept;

    return story->syn_ack && (!accept || accept->t1 > scene_over(scene, story));
}

/* ---- something runs out ---- */

/* accept() or socket() says EMFILE. With sockets that the peer has left and
 * nobody closed it is a leak, else merely a limit. */
static void no_descriptor(struct scene *scene)
{
    static const enum call_id calls[] = {CALL_ACCEPT, CALL_ACCEPT4,
                                         CALL_SOCKET};

    for (int side = 0; side < 2; side++) {
        const struct event *event = NULL;
        for (size_t i = 0; i < 3 && !event; i++)
            event = first_failure(scene, (enum side)side, calls[i], EMFILE);
        if (!event)
            continue;
        int waits = close_waits(scene, (enum side)side, event->t0);
        const char *who = side_name((enum side)side);
        struct why_cause *cause =
            scene_cause(scene,
                        waits == 0       ? "fd-limit"
                        : side == SERVER ? "fd-leak-server"
                                         : "fd-leak-client",
                        -1, event, "accept(2), socket(2), close(2): EMFILE");
        if (waits > 0)
            cause_say(cause,
                      "The %s ran out of descriptors: it never closed %d "
                      "socket%s whose peer had hung up.",
                      who, waits, s(waits));
        else
            cause_say(cause,
                      "The %s ran out of descriptors: its limit was reached.",
                      who);
        cause_cite(cause, "%s %s, with %d descriptors open",
                   scene_when(scene, event), scene_call(event),
                   event->open_fds);
        if (waits > 0)
            cause_cite(cause,
                       "%d connection%s stood in CLOSE_WAIT at the %s's end "
                       "at that moment",
                       waits, s(waits), who);
        scene_claim(scene, event->t0);
    }
}

/* connect() finds no free port: all are in TIME_WAIT, at the end that closed
 * first. */
static void no_port(struct scene *scene)
{
    const struct event *event =
        first_failure(scene, CLIENT, CALL_CONNECT, EADDRNOTAVAIL);
    int n = 0;

    if (!event)
        return;
    for (int i = 0; i < scene->n; i++) {
        const struct event *own = scene->stories[i].fin[CLIENT];
        const struct event *theirs = scene->stories[i].fin[SERVER];
        n += own && own->t0 < event->t0 && (!theirs || own->t0 < theirs->t0);
    }
    if (n == 0)
        return;
    struct why_cause *cause =
        scene_cause(scene, "no-port", -1, event,
                    "connect(2): EADDRNOTAVAIL; RFC 9293 section 3.6.1");
    cause_say(cause,
              "The client had no port left: it had closed %d connection%s "
              "first, and each keeps its port in TIME_WAIT.",
              n, s(n));
    cause_cite(cause, "%s %s, without a segment on the wire",
               scene_when(scene, event), scene_call(event));
    scene_claim(scene, event->t0);
}

/* SYNs that get no answer while the accept queue is full. */
static bool is_dropped(const struct scene *scene, const struct story *story)
{
    (void)scene;
    return story->syn && !story->syn_ack && !story->rst;
}

static void queue_full(struct scene *scene)
{
    int64_t overflows = model_counter(scene->model, "ListenOverflows");
    int conn = find_hurt(scene, is_dropped);
    const struct event *listen = NULL;

    if (conn < 0 || overflows == 0)
        return;
    const struct story *story = &scene->stories[conn];
    for (size_t i = 0; i < scene->recording->n; i++) {
        const struct event *event = &scene->recording->events[i];
        if (event->kind == EV_CALL && event->call == CALL_LISTEN &&
            event->t0 < story->syn->t0)
            listen = event;
    }
    struct why_cause *cause =
        scene_cause(scene, "queue-full", conn, story->syn, "listen(2); tcp(7)");
    cause_say(cause, "The server's accept queue was full: its kernel threw the "
                     "client's SYNs away, without an answer.");
    cause_cite(cause, "%s a SYN on %s, never answered",
               scene_when(scene, story->syn), scene_conn(scene, conn));
    if (story->syn_again)
        cause_cite(cause, "it was sent again, the last time %s",
                   scene_when(scene, story->syn_again));
    if (listen)
        cause_cite(cause, "the queue holds %d: %s", (int)listen->option + 1,
                   scene_call(listen));
    cite_counter(scene, cause, "ListenOverflows");
    cite_hurt(scene, cause, story);
    scene_claim(scene, story->syn->t0);
}

/* ---- somebody dies ---- */

static const struct event *last_epipe(const struct scene *scene,
                                      const struct event *end)
{
    const struct event *found = NULL;

    for (size_t i = 0; i < scene->recording->n; i++) {
        const struct event *event = &scene->recording->events[i];
        if (event->kind == EV_CALL && event->pid == end->pid &&
            event->ret == -EPIPE && event->t0 <= end->t0)
            found = event;
    }
    return found;
}

static const char *death_name(int signal)
{
    switch (signal) {
    case SIGPIPE:
        return "died-of-sigpipe";
    case SIGABRT:
        return "aborted";
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGSYS:
    case SIGTRAP:
        return "crashed";
    default:
        return "killed";
    }
}

static void cite_end(const struct scene *scene, struct why_cause *cause,
                     const struct event *end)
{
    int reset = 0, closed = 0, refused = 0;

    for (int i = 0; i < scene->n; i++) {
        const struct story *story = &scene->stories[i];
        const struct event *fin = story->fin[end->side];
        const struct event *syn = story->syn;
        if (syn && syn->t0 > end->t0)
            refused += story->rst != NULL;
        else if (story->rst && story->rst_by == end->side &&
                 story->rst->t0 >= end->t0)
            reset++;
        else if (fin && fin->t0 >= end->t0)
            closed++;
    }
    if (closed > 0)
        cause_cite(cause, "its kernel closed %d connection%s with a FIN",
                   closed, s(closed));
    if (reset > 0)
        cause_cite(cause, "its kernel reset %d connection%s (RST)", reset,
                   s(reset));
    if (refused > 0)
        cause_cite(cause, "%d SYN%s that came later %s refused", refused,
                   s(refused), refused == 1 ? "was" : "were");
}

/* The whole side, or one process of it. */
static void say_death(struct scene *scene, const struct event *end)
{
    const struct event *epipe =
        end->signal == SIGPIPE ? last_epipe(scene, end) : NULL;
    bool first = end->pid == scene->recording->pid[end->side];
    const char *name = death_name(end->signal);

    struct why_cause *cause =
        scene_cause(scene, name, -1, end, "signal(7); exit(3); send(2)");
    cause_say(cause,
              "%s %s was killed by %s%s; a process that dies says no more, "
              "and its kernel closes what it had open.",
              first ? "The" : "A process of the", side_name(end->side),
              signal_name(end->signal),
              epipe ? ", for sending to a peer that had gone"
              : end->signal == SIGABRT
                  ? ", which abort() sends; what it had in a buffer went "
                    "with it"
                  : "");
    if (epipe)
        cause_cite(cause, "%s %s", scene_when(scene, epipe), scene_call(epipe));
    cause_cite(cause, "%s it died of %s", scene_when(scene, end),
               signal_name(end->signal));
    cite_end(scene, cause, end);
    scene_claim(scene, end->t0);
}

static void death(struct scene *scene)
{
    for (size_t i = 0; i < scene->recording->n; i++) {
        const struct event *event = &scene->recording->events[i];
        if (event->kind == EV_EXIT && dies_badly(scene, event))
            say_death(scene, event);
    }
}

/* ---- the port ---- */

static int self_connected(const struct scene *scene)
{
    for (int i = 0; i < scene->n; i++) {
        if (scene->model->conns[i].self)
            return i;
    }
    return -1;
}

static void self_connect(struct scene *scene)
{
    int conn = self_connected(scene);

    if (conn < 0 || !scene->stories[conn].syn)
        return;
    const struct story *story = &scene->stories[conn];
    const struct event *taken =
        first_failure(scene, SERVER, CALL_BIND, EADDRINUSE);
    struct why_cause *cause =
        scene_cause(scene, "self-connect", conn, story->syn,
                    "RFC 9293 section 3.5 (simultaneous open); ip(7)");
    cause_say(cause, "The client was connected to itself: the kernel gave its "
                     "socket, as its own port, the very port it was dialling.");
    cause_cite(cause, "%s a SYN from port %u to port %u",
               scene_when(scene, story->syn), story->syn->from, story->syn->to);
    if (taken)
        cause_cite(cause, "%s the server could not have that port: %s",
                   scene_when(scene, taken), scene_call(taken));
    cite_hurt(scene, cause, story);
    scene_claim(scene, 0);
}

/* A server that is started again finds its old connections on the port. */
static void port_in_use(struct scene *scene)
{
    const struct event *event =
        first_failure(scene, SERVER, CALL_BIND, EADDRINUSE);
    int n = 0;

    if (!event || self_connected(scene) >= 0)
        return;
    for (int i = 0; i < scene->n; i++) {
        const struct event *own = scene->stories[i].fin[SERVER];
        const struct event *theirs = scene->stories[i].fin[CLIENT];
        n += own && own->t0 < event->t0 && (!theirs || own->t0 < theirs->t0) &&
             scene->model->conns[i].port[SERVER] == event->port;
    }
    struct why_cause *cause =
        scene_cause(scene, n > 0 ? "port-in-time-wait" : "port-taken", -1,
                    event, "bind(2): EADDRINUSE; RFC 9293 section 3.6.1");
    if (n > 0)
        cause_say(cause,
                  "The server could not have port %d again: it had closed %d "
                  "connection%s first, and TIME_WAIT keeps the port.",
                  event->port, n, s(n));
    else
        cause_say(cause,
                  "The server could not have port %d: another socket "
                  "has it.",
                  event->port);
    cause_cite(cause, "%s %s", scene_when(scene, event), scene_call(event));
    scene_claim(scene, event->t0);
}

static const struct event *listens(const struct scene *scene, size_t *from)
{
    for (; *from < scene->recording->n; (*from)++) {
        const struct event *event = &scene->recording->events[*from];
        if (event->kind == EV_CALL && event->call == CALL_LISTEN &&
            event->ret == 0 && event->t1 != 0)
            return event;
    }
    return NULL;
}

/* Whether a listening socket was closed for good before that time. */
static bool closed_before(const struct scene *scene, const struct event *listen,
                          int64_t then)
{
    for (size_t i = 0; i < scene->recording->n; i++) {
        const struct event *event = &scene->recording->events[i];
        if (event->kind == EV_CALL && event->call == CALL_CLOSE &&
            event->in.cookie == listen->in.cookie && !event->shared &&
            event->t0 < then)
            return true;
    }
    return false;
}

/* Two sockets that listen on one port, and a client in the queue of the one
 * that nobody serves. */
static void two_listeners(struct scene *scene)
{
    size_t i = 0, j;
    const struct event *one = listens(scene, &i), *two = NULL;
    int conn = find_hurt(scene, never_taken);

    if (conn < 0)
        return;
    for (; one; i++, one = listens(scene, &i)) {
        j = i + 1;
        two = listens(scene, &j);
        if (two && two->in.cookie != one->in.cookie &&
            two->out.local_port == one->out.local_port &&
            !closed_before(scene, one, two->t0))
            break;
        two = NULL;
    }
    if (!one || !two)
        return;
    struct why_cause *cause = scene_cause(scene, "two-listeners", conn, two,
                                          "socket(7): SO_REUSEPORT");
    cause_say(cause,
              "Two sockets listened on port %u, and the kernel gave the client "
              "to one from which nobody accepted it.",
              one->out.local_port);
    cause_cite(cause, "%s %s, and %s %s, another socket",
               scene_when(scene, one), scene_call(one), scene_when(scene, two),
               scene_call(two));
    cause_cite(cause, "%s was established and never accepted in time",
               scene_conn(scene, conn));
    cite_hurt(scene, cause, &scene->stories[conn]);
    scene_claim(scene, 0);
}

/* ---- the socket is mishandled ---- */

/* A descriptor beyond an fd_set, in a program that calls select(). */
static void select_limit(struct scene *scene)
{
    const struct event *high = NULL, *watch = NULL, *wrong = NULL;

    if (find_hurt(scene, never_taken) < 0)
        return;
    for (size_t i = 0; i < scene->recording->n; i++) {
        const struct event *event = &scene->recording->events[i];
        if (event->kind != EV_CALL || event->side != SERVER)
            continue;
        if (is_accept(event) && event->ret >= SELECT_MOST && !high)
            high = event;
        else if (high && event->call == CALL_SELECT && !watch)
            watch = event;
        else if (failed(event, CALL_RECV, ENOTCONN) ||
                 failed(event, CALL_READ, ENOTCONN))
            wrong = event;
    }
    if (!high || !watch)
        return;
    struct why_cause *cause =
        scene_cause(scene, "select-limit", -1, high, "select(2): FD_SETSIZE");
    cause_say(cause,
              "The server gave select() descriptor %d, beyond the 1,024 of an "
              "fd_set: that overwrites other memory.",
              (int)high->ret);
    cause_cite(cause, "%s %s", scene_when(scene, high), scene_call(high));
    cause_cite(cause, "%s %s", scene_when(scene, watch), scene_call(watch));
    if (wrong)
        cause_cite(cause, "%s %s: on a socket that is no connection",
                   scene_when(scene, wrong), scene_call(wrong));
    scene_claim(scene, high->t0);
}

/* Connections in the accept queue are reset when the listener goes. */
static bool is_reset_in_queue(const struct scene *scene,
                              const struct story *story)
{
    return never_taken(scene, story) && story->rst && story->rst_by == SERVER &&
           !story->fin[CLIENT];
}

static void listener_gone(struct scene *scene)
{
    int conn = find_hurt(scene, is_reset_in_queue), n = 0;
    const struct event *end = scene->end[SERVER], *close = NULL;

    if (conn < 0)
        return;
    const struct story *story = &scene->stories[conn];
    for (size_t i = 0; i < scene->recording->n; i++) {
        const struct event *event = &scene->recording->events[i];
        if (event->kind == EV_CALL && event->call == CALL_CLOSE &&
            event->in.state == ST_LISTEN && event->t0 <= story->rst->t0 &&
            !event->shared)
            close = event;
    }
    if (!close && (!end || end->t0 > story->rst->t0))
        return;
    for (int i = 0; i < scene->n; i++)
        n += is_reset_in_queue(scene, &scene->stories[i]);
    struct why_cause *cause =
        scene_cause(scene, "listener-gone", conn, close ? close : end,
                    "listen(2), close(2); RFC 9293 section 3.10.4");
    cause_say(cause,
              "The server %s while %d finished connection%s still waited in "
              "the accept queue: the kernel reset %s.",
              close ? "closed its listening socket" : "ended", n, s(n),
              n == 1 ? "it" : "them");
    if (close)
        cause_cite(cause, "%s close(%d), with %d in the accept queue",
                   scene_when(scene, close), close->fd, close->in.unread);
    if (end)
        cause_cite(cause, "%s the server ended, with exit status %d",
                   scene_when(scene, end), end->status);
    cause_cite(cause, "%s RST from the server's kernel on %s",
               scene_when(scene, story->rst), scene_conn(scene, conn));
    cite_hurt(scene, cause, story);
    scene_claim(scene, cause->t);
}

/* close() over bytes that nobody has read, or before the peer's last ones. */
static bool is_reset_by_server(const struct scene *scene,
                               const struct story *story)
{
    (void)scene;
    return story->rst && story->rst_by == SERVER && story->accept &&
           story->close[SERVER] && story->close[SERVER]->t0 <= story->rst->t0;
}

static void close_unread(struct scene *scene)
{
    int conn = find_hurt(scene, is_reset_by_server);

    if (conn < 0)
        return;
    struct story *story = &scene->stories[conn];
    const struct event *close = story->close[SERVER];
    int unread = close->in.unread;
    bool linger = story->linger[SERVER] && unread == 0;
    struct why_cause *cause =
        scene_cause(scene,
                    linger       ? "linger-zero"
                    : unread > 0 ? "close-unread"
                                 : "data-after-close",
                    conn, close, "close(2), socket(7); RFC 9293 section 3.6");
    if (linger)
        cause_say(cause, "The server asked for it: with SO_LINGER on and 0 "
                         "seconds, close() sends an RST.");
    else if (unread > 0)
        cause_say(cause,
                  "The server closed the connection with %d byte%s unread, and "
                  "so its kernel sent an RST instead of a FIN.",
                  unread, s(unread));
    else
        cause_say(cause, "The server closed the connection, and what the "
                         "client sent after that met nobody: its kernel "
                         "answered with an RST.");
    cause_cite(cause, "%s close(%d) in the server, %d byte%s unread",
               scene_when(scene, close), close->fd, unread, s(unread));
    cause_cite(cause, "%s RST on %s", scene_when(scene, story->rst),
               scene_conn(scene, conn));
    cite_counter(scene, cause,
                 unread > 0 ? "TCPAbortOnClose" : "TCPAbortOnData");
    if (story->said[SERVER])
        cause_cite(cause, "%s the server's last words: \"%s\"",
                   scene_when(scene, story->said[SERVER]),
                   scene_bytes(story->said[SERVER]));
    cite_hurt(scene, cause, story);
    story->claimed = true;
    scene_claim(scene, close->t0);
}

/* A process that ends by itself closes what it has open, read or not. */
static bool is_reset_by_exit(const struct scene *scene,
                             const struct story *story)
{
    (void)scene;
    return story->rst && story->rst_by == SERVER && story->accept &&
           !story->close[SERVER] && !story->fin[SERVER];
}

static void exit_unread(struct scene *scene)
{
    int conn = find_hurt(scene, is_reset_by_exit);
    const struct event *end = NULL;

    if (conn < 0)
        return;
    const struct story *story = &scene->stories[conn];
    for (size_t i = 0; i < scene->recording->n; i++) {
        const struct event *event = &scene->recording->events[i];
        if (event->kind == EV_EXIT && event->side == SERVER &&
            event->t0 <= story->rst->t0)
            end = event;
    }
    if (!end || end->unread == 0)
        return;
    struct why_cause *cause =
        scene_cause(scene, "exit-unread", conn, end,
                    "exit(3), close(2); RFC 9293 section 3.6");
    cause_say(cause,
              "A process of the server ended with %d byte%s of its connection "
              "unread, and so its kernel sent an RST instead of a FIN.",
              end->unread, s(end->unread));
    cause_cite(cause, "%s it ended, with exit status %d",
               scene_when(scene, end), end->status);
    cause_cite(cause, "%s RST on %s", scene_when(scene, story->rst),
               scene_conn(scene, conn));
    cite_counter(scene, cause, "TCPAbortOnClose");
    cite_hurt(scene, cause, story);
    scene_claim(scene, end->t0);
}

/* A child's close() that is not the last one: no FIN. */
static bool is_held(const struct scene *scene, const struct story *story)
{
    const struct event *close = story->shared[SERVER];

    return story->accept && close && close->pid != story->accept->pid &&
           close->t0 < scene_over(scene, story) && !story->close[SERVER] &&
           (!story->fin[SERVER] ||
            story->fin[SERVER]->t0 > scene_over(scene, story));
}

static void held_by_another(struct scene *scene)
{
    int conn = find_hurt(scene, is_held);

    if (conn < 0)
        return;
    const struct story *story = &scene->stories[conn];
    const struct event *close = story->shared[SERVER];
    struct why_cause *cause =
        scene_cause(scene, "held-by-parent", conn, close, "close(2), fork(2)");
    cause_say(cause, "The server's child closed the connection, but its parent "
                     "still held the same socket: no FIN was sent.");
    cause_cite(cause, "%s close(%d) in the child, still open in the parent",
               scene_when(scene, close), close->fd);
    cause_cite(cause, "%s the parent got it from %s and never closed it",
               scene_when(scene, story->accept), scene_call(story->accept));
    cite_hurt(scene, cause, story);
    scene_claim(scene, close->t0);
}

/* ---- silence ---- */

/* Bytes stand in the queue, and the server sleeps in epoll_wait(). */
static bool is_left_in_queue(const struct scene *scene,
                             const struct story *story)
{
    const struct event *last = story->received[SERVER];

    if (!story->gave_up[CLIENT] || !story->accept)
        return false;
    for (size_t i = 0; i < scene->recording->n; i++) {
        const struct event *event = &scene->recording->events[i];
        if (event->kind == EV_CALL && event->side == SERVER &&
            call_get(event->call)->receives && event->ret > 0 &&
            event->in.cookie == story->accept->out.cookie &&
            event->t0 < scene_over(scene, story))
            last = event;
    }
    return last && last->out.unread > 0 &&
           doing(scene, SERVER, scene_over(scene, story), is_epoll);
}

static void edge_missed(struct scene *scene)
{
    int conn = find_hurt(scene, is_left_in_queue);
    const struct event *last = NULL;

    if (conn < 0)
        return;
    const struct story *story = &scene->stories[conn];
    int64_t over = scene_over(scene, story);
    for (size_t i = 0; i < scene->recording->n; i++) {
        const struct event *event = &scene->recording->events[i];
        if (event->kind == EV_CALL && event->side == SERVER &&
            call_get(event->call)->receives && event->t0 < over &&
            event->in.cookie == story->accept->out.cookie)
            last = event;
    }
    const struct event *sleep = doing(scene, SERVER, over, is_epoll);
    struct why_cause *cause =
        scene_cause(scene, "edge-missed", conn, last, "epoll(7): EPOLLET");
    cause_say(cause,
              "The server left %d byte%s of the client's in the queue and went "
              "to sleep in epoll_wait(), which did not wake it for them.",
              last->out.unread, s(last->out.unread));
    cause_cite(cause, "%s %s, %d more waiting", scene_when(scene, last),
               scene_call(last), last->out.unread);
    cause_cite(cause, "%s it called epoll_wait() and was still in it",
               scene_when(scene, sleep));
    cite_hurt(scene, cause, story);
    scene_claim(scene, last->t0);
}

static bool waits_in_queue(const struct scene *scene, const struct story *story)
{
    return story->gave_up[CLIENT] && never_taken(scene, story);
}

/* The server sleeps in a recv() on one client while another one waits. */
static void blocked_on_one(struct scene *scene)
{
    int conn = find_hurt(scene, waits_in_queue);

    if (conn < 0)
        return;
    const struct story *story = &scene->stories[conn];
    int64_t over = scene_over(scene, story);
    const struct event *busy = doing(scene, SERVER, over, is_receive);
    if (!busy || doing(scene, SERVER, over, is_accept))
        return;
    struct why_cause *cause =
        scene_cause(scene, "blocked-on-one", conn, busy, "recv(2), accept(2)");
    cause_say(cause,
              "The server slept in %s() on one silent client, and took nobody "
              "else: the next one waited in the accept queue.",
              call_get(busy->call)->name);
    cause_cite(cause, "%s %s(%d) began, on the connection from port %u",
               scene_when(scene, busy), call_get(busy->call)->name, busy->fd,
               busy->in.remote_port);
    cause_cite(cause, "%s was established and not accepted in that time",
               scene_conn(scene, conn));
    cite_hurt(scene, cause, story);
    scene_claim(scene, busy->t0);
}

/* The server holds connections on which nothing comes any more, sleeps without
 * a time limit, and takes no new one. */
static void full_of_silence(struct scene *scene)
{
    int conn = find_hurt(scene, waits_in_queue), n = 0;

    if (conn < 0)
        return;
    const struct story *story = &scene->stories[conn];
    int64_t over = scene_over(scene, story);
    const struct event *sleep = doing(scene, SERVER, over, is_endless_watch);
    if (!sleep)
        return;
    for (int i = 0; i < scene->n; i++) {
        const struct story *other = &scene->stories[i];
        n += other->accept && !other->fin[CLIENT] && !other->fin[SERVER] &&
             (!other->rst || other->rst->t0 > over) &&
             (!other->said[CLIENT] || other->said[CLIENT]->t0 < sleep->t0);
    }
    if (n == 0)
        return;
    struct why_cause *cause =
        scene_cause(scene, "silent-peers", conn, sleep, "poll(2), tcp(7)");
    cause_say(cause,
              "The server waited without a time limit on %d silent "
              "connection%s, and took no new one.",
              n, s(n));
    cause_cite(cause, "%s it called %s() with no timeout",
               scene_when(scene, sleep), call_get(sleep->call)->name);
    cause_cite(cause, "%s was established and stayed in the accept queue",
               scene_conn(scene, conn));
    cite_hurt(scene, cause, story);
    scene_claim(scene, sleep->t0);
}

/* ---- what the program says ---- */

static bool client_failed(const struct scene *scene)
{
    const struct event *end = scene->end[CLIENT];

    return end && (end->signal || end->status);
}

static bool server_closed_first(const struct story *story)
{
    const struct event *own = story->fin[SERVER];

    return own && story->accept && story->close[SERVER] && !story->rst &&
           (!story->fin[CLIENT] || own->t0 < story->fin[CLIENT]->t0 ||
            story->half[CLIENT]);
}

/* Non-blocking send() takes a part, and the rest never follows. */
static void short_write(struct scene *scene)
{
    for (int i = 0; i < scene->n && client_failed(scene); i++) {
        struct story *story = &scene->stories[i];
        const struct event *cut = story->cut[SERVER];
        if (!cut || !server_closed_first(story) || story->claimed)
            continue;
        struct why_cause *cause =
            scene_cause(scene, "short-write", i, cut, "send(2), write(2)");
        cause_say(cause,
                  "The server's %s() took only %" PRId64 " of %d bytes; the "
                  "server never sent the rest and closed.",
                  call_get(cut->call)->name, cut->ret, cut->len);
        cause_cite(cause, "%s %s", scene_when(scene, cut), scene_call(cut));
        cause_cite(cause, "%s close(%d), with nothing sent in between",
                   scene_when(scene, story->close[SERVER]),
                   story->close[SERVER]->fd);
        story->claimed = true;
    }
}

/* The end of what a client says is taken for its departure. */
static void half_close(struct scene *scene)
{
    for (int i = 0; i < scene->n && client_failed(scene); i++) {
        struct story *story = &scene->stories[i];
        const struct event *half = story->half[CLIENT];
        const struct event *heard = story->received[SERVER];
        const struct event *sent = story->sent[SERVER];
        if (!half || !story->eof[SERVER] || !heard ||
            !server_closed_first(story) || story->claimed ||
            (sent && sent->t0 > heard->t0))
            continue;
        struct why_cause *cause = scene_cause(
            scene, "half-close", i, half, "shutdown(2); RFC 9293 section 3.6");
        cause_say(cause, "The client said that it had finished talking, and "
                         "the server took that for its departure: it closed "
                         "without an answer.");
        cause_cite(cause, "%s shutdown(%d, SHUT_WR) in the client",
                   scene_when(scene, half), half->fd);
        cause_cite(cause,
                   "%s the server had read %" PRId64
                   " bytes; %s it met the end of stream",
                   scene_when(scene, heard), heard->ret,
                   scene_when(scene, story->eof[SERVER]));
        cause_cite(cause, "%s close(%d), with nothing sent after those bytes",
                   scene_when(scene, story->close[SERVER]),
                   story->close[SERVER]->fd);
        story->claimed = true;
    }
}

/* Whether a recv() returned several equal lines, or only part of a line. */
static bool is_odd_piece(const struct event *event, bool *several)
{
    const unsigned char *p = event->snip;
    const unsigned char *end = event->ret > 0 && event->ret <= event->snip_len
                                   ? memchr(p, '\n', (size_t)event->ret)
                                   : NULL;

    *several = false;
    if (event->ret <= 0 || event->ret > event->snip_len ||
        memchr(p, '\r', (size_t)event->ret))
        return false;
    for (int64_t i = 0; i < event->ret; i++) {
        if (p[i] != '\n' && (p[i] < ' ' || p[i] > '~'))
            return false;
    }
    if (!end)
        return true;
    int64_t line = end - p + 1;
    *several = event->ret == 2 * line && memcmp(p, end + 1, (size_t)line) == 0;
    return *several || p[event->ret - 1] != '\n';
}

/* What one recv() returns is taken for one message. */
static void one_recv(struct scene *scene)
{
    bool several;

    for (int i = 0; i < scene->n && client_failed(scene); i++) {
        struct story *story = &scene->stories[i];
        const struct event *heard = story->received[SERVER];
        const struct event *sent = story->sent[SERVER];
        if (!heard || !sent || sent->t0 < heard->t0 || story->claimed ||
            !story->close[SERVER] || story->eof[SERVER] || story->rst ||
            story->half[CLIENT] || !is_odd_piece(heard, &several))
            continue;
        struct why_cause *cause = scene_cause(
            scene, "one-recv", i, heard, "recv(2), tcp(7); RFC 9293 section 2");
        cause_say(cause,
                  "The server hung up after a %s() that had returned %s: TCP "
                  "keeps bytes in order, not messages apart.",
                  call_get(heard->call)->name,
                  several ? "two lines at once" : "only part of a line");
        cause_cite(cause, "%s %s", scene_when(scene, heard), scene_call(heard));
        cause_cite(cause, "%s %s, and then close(%d) %s",
                   scene_when(scene, sent), scene_call(sent),
                   story->close[SERVER]->fd,
                   scene_when(scene, story->close[SERVER]));
        cause_cite(cause, "the client ended with exit status %d",
                   scene->end[CLIENT]->status);
        story->claimed = true;
    }
}

/* ---- what is left: no lab, but a name ---- */

/* Taken and closed, and nothing said. */
static void closed_without_word(struct scene *scene)
{
    for (int i = 0; i < scene->n && client_failed(scene); i++) {
        struct story *story = &scene->stories[i];
        if (!server_closed_first(story) || story->bytes[SERVER] > 0 ||
            story->claimed || story->half[CLIENT])
            continue;
        const struct event *close = story->close[SERVER];
        struct why_cause *cause =
            scene_cause(scene, "closed-without-word", i, close, "close(2)");
        cause_say(cause, "The server took the connection and closed it without "
                         "having sent a byte.");
        cause_cite(cause, "%s %s, and %s close(%d)",
                   scene_then(scene, story->accept), scene_call(story->accept),
                   scene_when(scene, close), close->fd);
        if (story->received[SERVER])
            cause_cite(cause, "in between it read: %s %s",
                       scene_call(story->received[SERVER]),
                       scene_when(scene, story->received[SERVER]));
        cause_cite(cause, "%s FIN on %s", scene_when(scene, story->fin[SERVER]),
                   scene_conn(scene, i));
        scene_claim(scene, close->t0);
        return;
    }
}

static bool is_refused(const struct scene *scene, const struct story *story)
{
    (void)scene;
    return story->syn && !story->syn_ack && story->rst;
}

/* Which port the server listened on at that time, or 0. */
static int listening_port(const struct scene *scene, int64_t then, int port)
{
    size_t i = 0;
    const struct event *event;
    int other = 0;

    for (; (event = listens(scene, &i)) != NULL; i++) {
        if (event->t0 > then)
            break;
        if (event->out.local_port == port)
            return port;
        other = event->out.local_port;
    }
    return other;
}

static void say_refusal(struct scene *scene, struct why_cause *cause, int port,
                        int64_t then)
{
    const struct event *end = scene->end[SERVER];
    int other = listening_port(scene, then, port);

    if (end && end->t0 < then && end->signal == 0) {
        cause->name = "refused-server-gone";
        cause_say(cause,
                  "The client was refused: the server had ended before, with "
                  "exit status %d%s.",
                  end->status, other ? "" : ", and had never listened");
        cause_cite(cause, "%s the server ended", scene_when(scene, end));
    } else if (other == 0) {
        cause->name = "never-listened";
        cause_say(cause,
                  "The client was refused: nobody listened on port %d, "
                  "for the server had not called listen().",
                  port);
    } else if (other != port) {
        cause->name = "other-port";
        cause_say(cause,
                  "The client was refused: it dialled port %d, and the server "
                  "listened on port %d.",
                  port, other);
    } else {
        cause->name = "other-address";
        cause_say(cause,
                  "The client was refused on port %d although the server "
                  "listens on that port: on another address, then.",
                  port);
    }
}

static void refused(struct scene *scene)
{
    int conn = find_hurt(scene, is_refused);

    if (conn < 0)
        return;
    const struct story *story = &scene->stories[conn];
    struct why_cause *cause =
        scene_cause(scene, "refused", conn, story->syn,
                    "connect(2): ECONNREFUSED; RFC 9293 section 3.10.7.1");
    say_refusal(scene, cause, scene->model->conns[conn].port[SERVER],
                story->syn->t0);
    cause_cite(cause, "%s SYN on %s, answered with an RST",
               scene_when(scene, story->syn), scene_conn(scene, conn));
    if (story->error[CLIENT])
        cause_cite(cause, "%s %s", scene_when(scene, story->error[CLIENT]),
                   scene_call(story->error[CLIENT]));
    scene_claim(scene, 0);
}

static bool is_quiet(const struct scene *scene, const struct story *story)
{
    return story->gave_up[CLIENT] && story->syn_ack && story->accept &&
           !never_taken(scene, story);
}

static void cite_last_words(const struct scene *scene, struct why_cause *cause,
                            const struct story *story)
{
    const struct event *last = story->said[CLIENT];

    if (story->said[SERVER] && (!last || story->said[SERVER]->t0 > last->t0))
        last = story->said[SERVER];
    if (last)
        cause_cite(cause, "the last to speak was the %s, %s: \"%s\"",
                   side_name(last == story->said[SERVER] ? SERVER : CLIENT),
                   scene_when(scene, last), scene_bytes(last));
    else
        cause_cite(cause, "neither has said a word");
}

static bool is_wait(const struct event *event)
{
    return call_get(event->call)->waits;
}

/* The x-ray itself has seen that nothing can happen any more. */
static void deadlock(struct scene *scene)
{
    if (!scene->recording->deadlock || scene->why->n_causes > 0)
        return;
    for (int i = scene->n - 1; i >= 0; i--) {
        struct story *story = &scene->stories[i];
        const struct event *wait[2];
        int64_t end = scene->recording->end;
        wait[CLIENT] = doing(scene, CLIENT, end, is_wait);
        wait[SERVER] = doing(scene, SERVER, end, is_wait);
        if (!story->accept || story->fin[CLIENT] || story->fin[SERVER] ||
            story->rst || !wait[CLIENT] || !wait[SERVER])
            continue;
        struct why_cause *cause =
            scene_cause(scene, "both-wait", i,
                        wait[wait[SERVER]->t0 > wait[CLIENT]->t0], "recv(2)");
        cause_say(cause, "Client and server wait for each other, for ever: "
                         "nothing is on its way, and no clock runs.");
        for (int side = 0; side < 2; side++)
            cause_cite(cause, "%s the %s called %s() and is still in it",
                       scene_when(scene, wait[side]),
                       side_name((enum side)side),
                       call_get(wait[side]->call)->name);
        cite_last_words(scene, cause, story);
        return;
    }
}

/* Nothing came, and the client did not wait any longer. */
static void left_in_vain(struct scene *scene)
{
    for (int i = 0; i < scene->n; i++) {
        struct story *story = &scene->stories[i];
        if (!story->hurt || story->claimed || !left_waiting(story))
            continue;
        const struct event *said = story->said[CLIENT];
        const struct event *left = story->fin[CLIENT];
        bool taken = story->accept && story->accept->t1 < left->t0;
        struct why_cause *cause =
            scene_cause(scene, "client-left-waiting", i, left, "close(2)");
        cause_say(cause,
                  "The client hung up by itself, after %.3f s without an "
                  "answer: the server %s.",
                  (double)(left->t0 - said->t0) / 1e9,
                  taken ? "had taken the connection and sent nothing since"
                        : "had not accepted the connection");
        cause_cite(cause, "%s the client's last words: \"%s\"",
                   scene_when(scene, said), scene_bytes(said));
        cause_cite(cause, "%s FIN from the client on %s",
                   scene_when(scene, left), scene_conn(scene, i));
        story->claimed = true;
        return;
    }
}

/* The client waits, and so does the server, in a recv() on the same one. */
static void both_wait(struct scene *scene)
{
    int conn = find_hurt(scene, is_quiet);

    if (conn < 0)
        return;
    struct story *story = &scene->stories[conn];
    const struct event *own =
        doing(scene, SERVER, scene_over(scene, story), is_receive);
    if (!own || own->in.cookie != story->accept->out.cookie ||
        own->in.unread > 0)
        return;
    const struct event *wait = story->gave_up[CLIENT];
    struct why_cause *cause = scene_cause(
        scene, "both-wait", conn, own->t0 > wait->t0 ? own : wait, "recv(2)");
    cause_say(cause, "Client and server each waited for the other to speak: "
                     "neither had anything left to read.");
    cause_cite(cause, "the server waited %s: %s", scene_when(scene, own),
               scene_call(own));
    cite_hurt(scene, cause, story);
    cite_last_words(scene, cause, story);
    story->claimed = true;
}

static bool ran_out(const struct scene *scene, const struct story *story)
{
    const struct event *wait = story->gave_up[CLIENT];

    (void)scene;
    return wait && wait->t1 && !wait->unfinished && story->syn_ack;
}

static bool is_any(const struct event *event)
{
    return event->call != CALL_NONE;
}

/* No answer in the time that the client had, whatever the server did then. */
static void own_timeout(struct scene *scene)
{
    int conn = find_hurt(scene, ran_out);

    if (conn < 0)
        return;
    struct story *story = &scene->stories[conn];
    const struct event *wait = story->gave_up[CLIENT];
    const struct event *busy = doing(scene, SERVER, wait->t1, is_any);
    bool taken = !never_taken(scene, story);
    struct why_cause *cause =
        scene_cause(scene, taken ? "own-timeout" : "not-accepted", conn, wait,
                    "socket(7): SO_RCVTIMEO; accept(2)");
    if (taken)
        cause_say(cause, "The client's own time limit ran out: the server had "
                         "taken the connection and sent nothing in that time.");
    else
        cause_say(cause, "The client's own time limit ran out: in that time "
                         "the server did not accept the connection, which its "
                         "kernel had established.");
    cite_hurt(scene, cause, story);
    if (busy)
        cause_cite(cause, "%s the server called %s() and was still in it",
                   scene_when(scene, busy), call_get(busy->call)->name);
    story->claimed = true;
}

why_rule *const why_rules[] = {
    no_descriptor, no_port,        self_connect,        port_in_use,
    death,         select_limit,   two_listeners,       queue_full,
    listener_gone, close_unread,   exit_unread,         held_by_another,
    edge_missed,   blocked_on_one, full_of_silence,     short_write,
    half_close,    one_recv,       closed_without_word, refused,
    both_wait,     deadlock,       own_timeout,         left_in_vain,
    NULL,
};
