#include "conns.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* ---- tables from a number to a number ---- */

struct map {
    struct slot {
        uint64_t key; /* 0: empty */
        int value;
    } * slots;
    size_t mask;
};

static int map_init(struct map *map, size_t most)
{
    size_t size = 16;

    while (size < 2 * most)
        size *= 2;
    map->mask = size - 1;
    map->slots = calloc(size, sizeof *map->slots);
    return map->slots ? 0 : -1;
}

static struct slot *map_at(const struct map *map, uint64_t key)
{
    size_t i = (size_t)(key * 0x9e3779b97f4a7c15ULL >> 20) & map->mask;

    while (map->slots[i].key != 0 && map->slots[i].key != key)
        i = (i + 1) & map->mask;
    return &map->slots[i];
}

static void map_set(struct map *map, uint64_t key, int value)
{
    *map_at(map, key) = (struct slot){key, value};
}

static int map_get(const struct map *map, uint64_t key)
{
    const struct slot *slot = map_at(map, key);

    return slot->key == key ? slot->value : -1;
}

/* ---- connections ---- */

struct finder {
    struct model *model;
    struct map by_ports, by_cookie;
    int room;
    uint32_t *isn; /* of each connection's first SYN */
};

static uint64_t ports_key(uint16_t a, uint16_t b)
{
    return a < b ? (uint64_t)a << 16 | b : (uint64_t)b << 16 | a;
}

/* The connection between two ports at that time, or -1. */
static int conn_at(const struct finder *finder, uint16_t a, uint16_t b,
                   int64_t time)
{
    int i = map_get(&finder->by_ports, ports_key(a, b));

    while (i >= 0 && finder->model->conns[i].first > time)
        i = finder->model->conns[i].older;
    return i;
}

static int conn_new(struct finder *finder, uint16_t client, uint16_t server,
                    int64_t time)
{
    struct model *model = finder->model;
    uint64_t key = ports_key(client, server);

    if (model->n_conns == finder->room) {
        int room = finder->room ? 2 * finder->room : 16;
        struct conn *conns =
            realloc(model->conns, (size_t)room * sizeof *conns);
        if (!conns)
            return -1;
        model->conns = conns;
        uint32_t *isn =
            realloc(finder->isn, (size_t)room * sizeof *finder->isn);
        if (!isn)
            return -1;
        finder->isn = isn;
        finder->room = room;
    }
    model->conns[model->n_conns] = (struct conn){
        .port = {client, server},
        .self = client == server,
        .first = time,
        .last = time,
        .like = model->n_conns,
        .n_like = 1,
        .shown = true,
        .older = map_get(&finder->by_ports, key),
    };
    finder->isn[model->n_conns] = 0;
    map_set(&finder->by_ports, key, model->n_conns);
    return model->n_conns++;
}

/* A SYN with a new sequence number begins a new connection. */
static int place_packet(struct finder *finder, const struct event *event,
                        struct info *info)
{
    struct model *model = finder->model;
    bool syn = (event->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN;
    int conn = conn_at(finder, event->from, event->to, event->t0);

    if (conn < 0 || (syn && finder->isn[conn] != event->seq)) {
        conn = conn_new(finder, event->from, event->to, event->t0);
        if (conn < 0)
            return -1;
        finder->isn[conn] = event->seq;
    }
    info->conn = conn;
    model->conns[conn].last = event->t0;
    model->packets++;
    return 0;
}

/* A connect that failed has no ports any more: whose SYN left during it? */
static int conn_by_syn(const struct model *model, const struct event *event,
                       int64_t until)
{
    int low = 0, high = model->n_conns;

    while (low < high) {
        int middle = (low + high) / 2;
        if (model->conns[middle].first < event->t0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < model->n_conns && model->conns[low].first <= until; low++) {
        if (model->conns[low].port[SERVER] == event->port)
            return low;
    }
    return -1;
}

/* A connect by the server's program makes it the client of that one; the
 * lifelines stay where they are. */
static void turn_round(struct conn *conn, const struct event *event)
{
    const struct socket_view *view =
        event->out.local_port ? &event->out : &event->in;

    if (view->local_port != conn->port[event->side] &&
        view->local_port == conn->port[!event->side]) {
        uint16_t port = conn->port[CLIENT];
        conn->port[CLIENT] = conn->port[SERVER];
        conn->port[SERVER] = port;
    }
}

static int place_call(struct finder *finder, const struct event *event,
                      struct info *info)
{
    struct model *model = finder->model;
    const struct call *call = call_get(event->call);
    bool after =
        call->new_socket || (!event->in.remote_port && event->out.remote_port);
    const struct socket_view *view = after ? &event->out : &event->in;
    int64_t until = event->t1 ? event->t1 : event->t0;
    int conn = view->cookie ? map_get(&finder->by_cookie, view->cookie) : -1;

    model->calls++;
    if (view->state == ST_LISTEN)
        return 0;
    if (conn < 0 && view->local_port && view->remote_port) {
        conn = conn_at(finder, view->local_port, view->remote_port, until);
        /* Without packets the calls alone tell of the connection. */
        if (conn < 0 && !model->recording->wire) {
            bool theirs = call->new_socket || event->side == SERVER;
            conn = conn_new(
                finder, theirs ? view->remote_port : view->local_port,
                theirs ? view->local_port : view->remote_port, event->t0);
        }
    }
    if (conn < 0 && event->call == CALL_CONNECT)
        conn = conn_by_syn(model, event,
                           event->t1 ? event->t1 : model->recording->end);
    if (conn >= 0 && event->call == CALL_CONNECT)
        turn_round(&model->conns[conn], event);
    if (conn >= 0 && view->cookie)
        map_set(&finder->by_cookie, view->cookie, conn);
    info->conn = conn;
    return 0;
}

int conns_find(struct model *model)
{
    const struct recording *recording = model->recording;
    struct finder finder = {.model = model};
    int result = -1;

    if (map_init(&finder.by_ports, recording->n) == -1 ||
        map_init(&finder.by_cookie, recording->n) == -1)
        goto out;
    for (size_t i = 0; i < recording->n; i++) {
        const struct event *event = &recording->events[i];
        model->info[i].conn = -1;
        model->info[i].side = event->side;
        if (event->kind == EV_PACKET &&
            place_packet(&finder, event, &model->info[i]) == -1)
            goto out;
    }
    for (size_t i = 0; i < recording->n; i++) {
        const struct event *event = &recording->events[i];
        if (event->kind == EV_CALL)
            place_call(&finder, event, &model->info[i]);
    }
    for (size_t i = 0; i < recording->n; i++) {
        const struct event *event = &recording->events[i];
        struct info *info = &model->info[i];
        if (event->kind == EV_PACKET)
            info->side = event->from == model->conns[info->conn].port[CLIENT]
                             ? CLIENT
                             : SERVER;
    }
    result = 0;
out:
    free(finder.by_ports.slots);
    free(finder.by_cookie.slots);
    free(finder.isn);
    return result;
}

/* ---- TCP states, from the segments: RFC 9293 section 3.3.2 ---- */

/* One end of a connection as the sweep over all events has it. */
struct end {
    int state;
    bool has_fin, has_sent, syn_ack;
    uint32_t isn, fin;  /* sequence numbers of its SYN and FIN */
    uint32_t top;       /* behind the last byte it sent */
    uint64_t read;      /* bytes that recv has returned */
    int64_t busy_until; /* the end of the calls that may send, so far */
    bool owes;          /* the kernel has bytes or a FIN to send for it */
    bool deaf;          /* it has shut down its receiving side */
};

struct ends {
    struct end end[2];
    int64_t last_syn_ack; /* ns; the last one of this connection */
    bool cut;             /* neither end takes what the other sends any more */
};

/* Takes in the ACK of a segment that `peer` receives. */
static void acknowledge(struct end *peer, const struct event *event)
{
    if (!peer->has_fin || (int32_t)(event->ack - peer->fin) <= 0)
        return;
    if (peer->state == ST_FIN_WAIT1)
        peer->state = ST_FIN_WAIT2;
    else if (peer->state == ST_CLOSING)
        peer->state = ST_TIME_WAIT;
    else if (peer->state == ST_LAST_ACK)
        peer->state = ST_CLOSED;
}

static void finish(struct end *end, struct end *peer, const struct event *event)
{
    if (!end->has_fin) {
        end->has_fin = true;
        end->fin = event->seq + (uint32_t)event->len;
    }
    if (end->state == ST_ESTABLISHED || end->state == ST_SYN_RECV)
        end->state = ST_FIN_WAIT1;
    else if (end->state == ST_CLOSE_WAIT)
        end->state = ST_LAST_ACK;
    if (peer->state == ST_ESTABLISHED)
        peer->state = ST_CLOSE_WAIT;
    else if (peer->state == ST_FIN_WAIT1)
        peer->state = ST_CLOSING;
    else if (peer->state == ST_FIN_WAIT2)
        peer->state = ST_TIME_WAIT;
}

static void advance(struct ends *ends, enum side side,
                    const struct event *event)
{
    struct end *end = &ends->end[side], *peer = &ends->end[!side];

    if (event->flags & FLAG_RST) {
        for (int i = 0; i < 2; i++) {
            if (ends->end[i].state != ST_NONE)
                ends->end[i].state = ST_CLOSED;
        }
        return;
    }
    if (event->flags & FLAG_SYN) {
        end->state = event->flags & FLAG_ACK ? ST_SYN_RECV : ST_SYN_SENT;
        if (end->state == ST_SYN_RECV && peer->state == ST_SYN_SENT)
            peer->state = ST_ESTABLISHED;
        return;
    }
    /* Where the accept queue is full the kernel drops this ACK, and sends its
     * SYN ACK once more. */
    if (peer->state == ST_SYN_RECV && event->t0 > ends->last_syn_ack)
        peer->state = ST_ESTABLISHED;
    acknowledge(peer, event);
    if (event->flags & FLAG_FIN)
        finish(end, peer, event);
}

/* A segment that its receiver drops changes its sender only. */
static void advance_alone(struct end *end, const struct event *event)
{
    if (event->flags & FLAG_RST)
        end->state = ST_CLOSED;
    else if ((event->flags & FLAG_FIN) && end->state == ST_ESTABLISHED)
        end->state = ST_FIN_WAIT1;
    else if ((event->flags & FLAG_FIN) && end->state == ST_CLOSE_WAIT)
        end->state = ST_LAST_ACK;
}

/* A socket that is connected to itself: every segment is its own. */
static void advance_self(struct ends *ends, const struct event *event)
{
    struct end *end = &ends->end[CLIENT];

    if (event->flags & FLAG_RST)
        end->state = ST_CLOSED;
    else if ((event->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN)
        end->state = ST_SYN_SENT;
    else if (event->flags & FLAG_SYN)
        end->state = ST_ESTABLISHED;
    else if (event->flags & FLAG_FIN)
        end->state = ST_TIME_WAIT;
}

/* ---- one sweep over all segments and both ends of all calls ---- */

struct moment {
    int64_t t;
    size_t event;
    bool leaves;
};

struct sweep {
    struct model *model;
    struct ends *ends;
    bool exited[2]; /* a process of that side has gone: its kernel speaks */
};

static bool emits(const struct event *event)
{
    const struct call *call = call_get(event->call);

    return call->sends || event->call == CALL_CLOSE ||
           event->call == CALL_SHUTDOWN || event->call == CALL_CONNECT;
}

/* Which end of its connection a call's socket is. */
static enum side end_of(const struct conn *conn, const struct event *event)
{
    const struct socket_view *view =
        event->out.local_port ? &event->out : &event->in;

    if (conn->self || view->local_port == 0)
        return event->side;
    return view->local_port == conn->port[CLIENT] ? CLIENT : SERVER;
}

static void check_state(struct sweep *sweep, const struct event *event,
                        const struct end *end, const struct socket_view *view)
{
    int want = end->state == ST_NONE ? ST_CLOSED : end->state;

    if (view->cookie == 0 || view->state == ST_LISTEN || event->unfinished)
        return;
    sweep->model->checks++;
    /* TIME_WAIT lives in a stand-in; the program's own socket is CLOSED. */
    if (want == view->state ||
        (want == ST_TIME_WAIT && view->state == ST_CLOSED))
        sweep->model->agree++;
}

/* Bytes that have come for an end: what its peer has sent so far. */
static uint64_t arrived(const struct end *peer)
{
    return peer->has_sent ? peer->top - peer->isn - 1 : 0;
}

static void check_read(struct sweep *sweep, const struct event *event,
                       struct ends *ends, enum side side)
{
    struct end *end = &ends->end[side];
    const struct end *peer = &ends->end[!side];
    bool self =
        sweep->model
            ->conns[sweep->model->info[event - sweep->model->recording->events]
                        .conn]
            .self;

    if (self)
        peer = end;
    if (event->ret > 0 && !(event->option & MSG_PEEK))
        end->read += (uint64_t)event->ret;
    /* The FIN takes a sequence number, so it is in arrived() too. */
    if (event->ret > 0 && end->read > arrived(peer))
        sweep->model->misplaced++;
    if (event->ret == 0 && event->len > 0 && !peer->has_fin && !end->deaf &&
        end->state != ST_CLOSED && end->state != ST_NONE)
        sweep->model->misplaced++;
}

/* Where the kernel gives up for want of an answer, no segment says so. */
static bool gave_up(const struct event *event, const struct end *end)
{
    if (end->state == ST_NONE || end->state == ST_CLOSED)
        return false;
    return event->ret == -ETIMEDOUT ||
           (event->call == CALL_CONNECT && end->state == ST_SYN_SENT &&
            event->ret < 0 && event->ret != -EINPROGRESS &&
            event->ret != -EALREADY && event->ret != -EINTR);
}

/* From now on this end signs its segments and takes only signed ones, with a
 * key that the other does not have: RFC 2385, section 3.0. */
static bool cuts_off(const struct event *event)
{
    int64_t md5 = (int64_t)IPPROTO_TCP << 32 | TCP_MD5SIG;

    return event->call == CALL_SETSOCKOPT && event->option == md5 &&
           event->ret == 0;
}

static void on_moment(struct sweep *sweep, const struct moment *moment)
{
    const struct recording *recording = sweep->model->recording;
    const struct event *event = &recording->events[moment->event];
    int number = sweep->model->info[moment->event].conn;

    if (number < 0)
        return;
    struct ends *ends = &sweep->ends[number];
    enum side side = end_of(&sweep->model->conns[number], event);
    struct end *end = &ends->end[side];
    if (!moment->leaves) {
        if (recording->wire)
            check_state(sweep, event, end, &event->in);
        if (emits(event) && end->busy_until < event->t1)
            end->busy_until = event->t1;
        if (emits(event) && (event->t1 == 0 || event->unfinished))
            end->busy_until = INT64_MAX;
        if (event->call == CALL_CLOSE && event->in.unsent > 0)
            end->owes = true;
        return;
    }
    if (gave_up(event, end)) {
        end->state = ST_CLOSED;
        sweep->model->info[moment->event].become[side] = ST_CLOSED;
    }
    if (recording->wire)
        check_state(sweep, event, end, &event->out);
    if (emits(event) && event->call != CALL_CLOSE)
        end->owes = event->out.unsent > 0;
    if (event->call == CALL_SHUTDOWN && event->option != SHUT_WR)
        end->deaf = true;
    if (cuts_off(event))
        ends->cut = true;
    if (recording->wire && call_get(event->call)->receives)
        check_read(sweep, event, ends, side);
}

/* Is it a repetition? Else moves the end's highest sequence number. */
static void follow_numbers(struct end *end, const struct event *event,
                           struct info *info)
{
    int syn = (event->flags & FLAG_SYN) != 0;
    int fin = (event->flags & FLAG_FIN) != 0;
    uint32_t top = event->seq + (uint32_t)(event->len + syn + fin);

    if (event->flags & FLAG_RST)
        return;
    if (syn && !end->has_sent)
        end->isn = event->seq;
    if (!end->has_sent) {
        end->syn_ack = syn && (event->flags & FLAG_ACK);
        end->has_sent = true;
        end->top = top;
        return;
    }
    /* Connected to itself, one socket sends both, with one number. */
    bool first_syn_ack = syn && (event->flags & FLAG_ACK) && !end->syn_ack;
    end->syn_ack |= first_syn_ack;
    if (event->len + syn + fin == 0)
        info->probe = event->seq + 1 == end->top;
    else if ((int32_t)(top - end->top) <= 0)
        info->again = !first_syn_ack;
    else
        end->top = top;
}

/* SYN, data and FIN leave because a program asked for it. */
static void check_cause(struct sweep *sweep, const struct end *end,
                        const struct event *event, const struct info *info)
{
    bool syn = (event->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN;

    if (!sweep->model->recording->calls || info->again ||
        (event->flags & FLAG_RST) ||
        (!syn && event->len == 0 && !(event->flags & FLAG_FIN)))
        return;
    sweep->model->emitted++;
    if (end->busy_until < event->t0 && !end->owes && !sweep->exited[info->side])
        sweep->model->misplaced++;
}

static void on_packet(struct sweep *sweep, size_t i)
{
    struct model *model = sweep->model;
    const struct event *event = &model->recording->events[i];
    struct info *info = &model->info[i];
    struct ends *ends = &sweep->ends[info->conn];
    int old[2] = {ends->end[0].state, ends->end[1].state};

    follow_numbers(&ends->end[info->side], event, info);
    check_cause(sweep, &ends->end[info->side], event, info);
    info->dropped = ends->cut;
    if (model->conns[info->conn].self)
        advance_self(ends, event);
    else if (ends->cut)
        advance_alone(&ends->end[info->side], event);
    else
        advance(ends, info->side, event);
    for (int side = 0; side < 2; side++) {
        int state = ends->end[side].state;
        info->state[side] = (uint8_t)state;
        info->become[side] = (uint8_t)(state != old[side] ? state : ST_NONE);
    }
}

static int by_moment(const void *a, const void *b)
{
    const struct moment *x = a, *y = b;

    if (x->t != y->t)
        return x->t < y->t ? -1 : 1;
    if (x->event != y->event)
        return x->event < y->event ? -1 : 1;
    return x->leaves - y->leaves;
}

static size_t list_moments(const struct recording *recording,
                           struct moment *moments)
{
    size_t n = 0;

    for (size_t i = 0; i < recording->n; i++) {
        const struct event *event = &recording->events[i];
        if (event->kind != EV_CALL)
            continue;
        moments[n++] = (struct moment){event->t0, i, false};
        if (event->t1 && !event->unfinished)
            moments[n++] = (struct moment){event->t1, i, true};
    }
    if (n)
        qsort(moments, n, sizeof *moments, by_moment);
    return n;
}

static void note_syn_acks(struct sweep *sweep)
{
    const struct recording *recording = sweep->model->recording;

    for (size_t i = 0; i < recording->n; i++) {
        const struct event *event = &recording->events[i];
        int both = FLAG_SYN | FLAG_ACK;
        if (event->kind == EV_PACKET && (event->flags & both) == both)
            sweep->ends[sweep->model->info[i].conn].last_syn_ack = event->t0;
    }
}

int conns_follow(struct model *model)
{
    const struct recording *recording = model->recording;
    struct sweep sweep = {.model = model};
    struct moment *moments = calloc(2 * recording->n + 1, sizeof *moments);
    int result = -1;

    sweep.ends = calloc((size_t)model->n_conns + 1, sizeof *sweep.ends);
    if (!moments || !sweep.ends)
        goto out;
    size_t n = list_moments(recording, moments), next = 0;
    note_syn_acks(&sweep);
    for (size_t i = 0; i < recording->n; i++) {
        const struct event *event = &recording->events[i];
        /* A segment and a stop of the same nanosecond: the segment first. */
        while (next < n && moments[next].t < event->t0)
            on_moment(&sweep, &moments[next++]);
        if (event->kind == EV_PACKET)
            on_packet(&sweep, i);
        else if (event->kind == EV_EXIT)
            sweep.exited[event->side] = true;
    }
    while (next < n)
        on_moment(&sweep, &moments[next++]);
    for (int i = 0; i < model->n_conns; i++) {
        for (int side = 0; side < 2; side++)
            model->conns[i].state[side] = sweep.ends[i].end[side].state;
    }
    result = 0;
out:
    free(moments);
    free(sweep.ends);
    return result;
}

/* ---- which connections went the same way ---- */

enum { ALL_SHOWN = 3, KINDS_SHOWN = 6 };

static uint64_t mix(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * 0x100000001b3ULL;
}

/* Four streams a connection, each in its own order: both programs' calls, and
 * the segments of each end but for pure ACKs. */
static void add_to_shape(uint64_t stream[4], const struct event *event,
                         const struct info *info)
{
    uint64_t *hash;

    if (event->kind == EV_PACKET) {
        int flags = event->flags & (FLAG_SYN | FLAG_FIN | FLAG_RST);
        if (event->len == 0 && flags == 0)
            return;
        hash = &stream[2 + info->side];
        *hash = mix(mix(*hash + 1, (uint64_t)flags), (uint64_t)event->len);
    } else if (event->kind == EV_CALL) {
        int64_t ret = event->ret;
        hash = &stream[event->side];
        if (call_get(event->call)->new_socket)
            ret = ret >= 0;
        *hash = mix(mix(*hash + 1, (uint64_t)event->call), (uint64_t)ret);
        if (event->call == CALL_CLOSE)
            *hash = mix(*hash, (uint64_t)event->in.unread);
    }
}

int conns_compare(struct model *model)
{
    const struct recording *recording = model->recording;
    uint64_t(*streams)[4] = calloc((size_t)model->n_conns + 1, sizeof *streams);
    struct map shapes = {NULL, 0};
    int kinds = 0;

    if (!streams || map_init(&shapes, (size_t)model->n_conns) == -1) {
        free(streams);
        return -1;
    }
    for (size_t i = 0; i < recording->n; i++) {
        if (model->info[i].conn >= 0)
            add_to_shape(streams[model->info[i].conn], &recording->events[i],
                         &model->info[i]);
    }
    for (int i = 0; i < model->n_conns; i++) {
        struct conn *conn = &model->conns[i];
        conn->shape = 14695981039346656037ULL;
        for (int s = 0; s < 4; s++)
            conn->shape = mix(conn->shape, streams[i][s]);
        conn->shape |= 1; /* 0 marks an empty slot */
        int like = map_get(&shapes, conn->shape);
        if (like >= 0) {
            conn->like = like;
            model->conns[like].n_like++;
        } else {
            map_set(&shapes, conn->shape, i);
            kinds++;
        }
        conn->shown =
            model->n_conns <= ALL_SHOWN || (like < 0 && kinds <= KINDS_SHOWN);
    }
    free(shapes.slots);
    free(streams);
    return 0;
}
