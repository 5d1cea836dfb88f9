#include "model.h"
#include "conns.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    LOOK_AHEAD = 64, /* events searched for something that a call waited for */
    FOLD_HEAD = 7,   /* of a long run of data these rows are drawn ... */
    FOLD_TAIL = 4,   /* ... and these, */
    FOLD_LEAST = 20, /* if it is that long */
    REPEATS_LEAST = 3,
    ROWS_MOST = 500, /* of any ladder */
    ROWS_TAIL = 150,
};

static const int64_t gap_least = 10000000;    /* ns */
static const int64_t blocked_least = 2000000; /* of a send that is slow */

/* ---- rows ---- */

struct rows {
    struct row *row;
    int n, room;
    bool failed;
};

static struct row *add_row(struct rows *rows, enum row_kind kind, int64_t t)
{
    static struct row nobodys;
    struct row *row = &nobodys;

    if (rows->n == rows->room) {
        int room = rows->room ? 2 * rows->room : 64;
        struct row *more = realloc(rows->row, (size_t)room * sizeof *more);
        if (more) {
            rows->row = more;
            rows->room = room;
        } else {
            rows->failed = true;
        }
    }
    if (rows->n < rows->room)
        row = &rows->row[rows->n++];
    *row = (struct row){.kind = kind, .conn = -1, .t = t};
    return row;
}

static void copy_row(struct rows *rows, const struct row *row)
{
    *add_row(rows, row->kind, row->t) = *row;
}

/* Puts new rows in the place of the model's. */
static int replace_rows(struct model *model, const struct rows *rows)
{
    free(model->rows);
    model->rows = rows->row;
    model->n_rows = rows->n;
    return rows->failed ? -1 : 0;
}

static bool is_call(const struct row *row)
{
    return row->kind == ROW_CALL || row->kind == ROW_ENTER ||
           row->kind == ROW_LEAVE;
}

/* ---- tasks ---- */

enum { TASKS = 1 << 12 };

/* Numbers a side's tasks in the order of their first call on a socket. */
struct tasks {
    struct {
        pid_t tid;
        int number;
    } slot[TASKS];
    int n;
    pid_t first_pid;
};

static int task_number(struct tasks *tasks, pid_t tid, bool add)
{
    unsigned i = (unsigned)tid % TASKS, tries = 0;

    while (tasks->slot[i].tid != 0 && tasks->slot[i].tid != tid) {
        i = (i + 1) % TASKS;
        if (++tries == TASKS)
            return TASKS;
    }
    if (tasks->slot[i].tid == tid)
        return tasks->slot[i].number;
    if (!add)
        return -1;
    if (tasks->n >= TASKS - 1)
        return TASKS;
    tasks->slot[i].tid = tid;
    tasks->slot[i].number = tasks->n;
    return tasks->n++;
}

static int number_tasks(struct model *model)
{
    const struct recording *recording = model->recording;
    struct tasks *tasks = calloc(2, sizeof *tasks);
    if (!tasks)
        return -1;

    for (size_t i = 0; i < recording->n; i++) {
        const struct event *event = &recording->events[i];
        struct tasks *own = &tasks[event->side];
        if (event->kind != EV_CALL || !call_get(event->call)->on_socket)
            continue;
        if (own->n == 0)
            own->first_pid = event->pid;
        task_number(own, event->tid, true);
    }
    for (size_t i = 0; i < recording->n; i++) {
        const struct event *event = &recording->events[i];
        struct tasks *own = &tasks[event->side];
        struct info *info = &model->info[i];
        info->task = task_number(own, event->tid, false);
        info->thread = info->task > 0 && event->pid == own->first_pid;
        /* A program that never came to a socket still ends. */
        if (own->n == 0 && event->pid == recording->pid[event->side])
            info->task = 0;
    }
    model->tasks[CLIENT] = tasks[CLIENT].n;
    model->tasks[SERVER] = tasks[SERVER].n;
    free(tasks);
    return 0;
}

/* ---- from events to rows ---- */

static bool is_linger(const struct event *event)
{
    return event->call == CALL_SETSOCKOPT &&
           event->option == ((int64_t)SOL_SOCKET << 32 | SO_LINGER);
}

static bool visible(const struct event *event)
{
    if (!call_get(event->call)->quiet || is_linger(event))
        return true;
    return event->t1 && event->ret < 0;
}

/* Was something there already, so that the call had no need to wait? */
static bool was_ready(const struct event *event)
{
    const struct call *call = call_get(event->call);
    int state = event->in.state;

    if (call->new_socket)
        return event->in.unread > 0;
    return call->receives && (event->in.unread > 0 ||
                              (state != ST_ESTABLISHED &&
                               state != ST_FIN_WAIT1 && state != ST_FIN_WAIT2));
}

/* Whether a call gets two rows: it waited, and something happened meanwhile. */
static bool splits(const struct model *model, size_t i)
{
    const struct recording *recording = model->recording;
    const struct event *event = &recording->events[i];
    const struct call *call = call_get(event->call);
    size_t most = i + LOOK_AHEAD;
    int64_t lasted = event->t1 - event->t0;

    if (event->unfinished || !event->t1)
        return call->waits;
    if (recording->stepped && event->step1 != event->step0)
        return true;
    if (was_ready(event) || (!call->waits && !call->sends))
        return false;
    /* A send only waits for room; while it is stopped others may well run. */
    if (call->sends && (recording->stepped || lasted < blocked_least))
        return false;
    if (!recording->stepped && lasted >= gap_least && event->call != CALL_SLEEP)
        return true;
    for (size_t j = i + 1; j < recording->n && j <= most; j++) {
        const struct event *other = &recording->events[j];
        if (other->t0 >= event->t1)
            return false;
        if (other->kind != EV_CALL ||
            (other->side != event->side && visible(other)))
            return true;
    }
    return i + LOOK_AHEAD < recording->n;
}

static void add_call_rows(struct model *model, struct rows *rows, size_t i)
{
    const struct event *event = &model->recording->events[i];
    const struct info *info = &model->info[i];
    bool two = splits(model, i);

    /* A look that finds something, or is not meant to wait, is no event. */
    if (call_get(event->call)->watches && !two && event->ret >= 0)
        return;
    struct row *row = add_row(rows, two ? ROW_ENTER : ROW_CALL, event->t0);

    row->side = event->side;
    row->conn = info->conn;
    row->event = event;
    row->info = info;
    row->step = event->step0;
    struct row leave = *row;
    leave.kind = ROW_LEAVE;
    leave.t = event->t1;
    leave.step = event->step1;
    if (!two) {
        for (int side = 0; side < 2; side++)
            row->become[side] = info->become[side];
        if (event->call == CALL_LISTEN && event->ret == 0)
            row->become[event->side] = ST_LISTEN;
    } else if (event->t1 && !event->unfinished) {
        for (int side = 0; side < 2; side++)
            leave.become[side] = info->become[side];
        copy_row(rows, &leave);
    }
}

static void add_event_row(struct model *model, struct rows *rows, size_t i)
{
    static const enum row_kind kinds[] = {[EV_PACKET] = ROW_PACKET,
                                          [EV_SIGNAL] = ROW_SIGNAL,
                                          [EV_EXIT] = ROW_EXIT};
    const struct event *event = &model->recording->events[i];
    const struct info *info = &model->info[i];
    struct row *row = add_row(rows, kinds[event->kind], event->t0);

    row->side = info->side;
    row->conn = info->conn;
    row->event = event;
    row->info = info;
    row->step = event->step0;
    for (int side = 0; side < 2; side++)
        row->become[side] = info->become[side];
}

static int events_to_rows(struct model *model)
{
    const struct recording *recording = model->recording;
    struct rows rows = {NULL, 0, 0, false};

    for (size_t i = 0; i < recording->n; i++) {
        const struct event *event = &recording->events[i];
        if (event->kind == EV_SOCKET || event->kind == EV_COUNTER)
            continue;
        /* A helper process that never touches a TCP socket is not shown. */
        if (event->kind != EV_PACKET && model->info[i].task < 0)
            continue;
        if (event->kind != EV_CALL)
            add_event_row(model, &rows, i);
        else if (visible(event))
            add_call_rows(model, &rows, i);
    }
    return replace_rows(model, &rows);
}

/* ---- their order ---- */

/* Within a turn there is no time: the call that was let go, the segments it
 * caused, the calls that came back, the client's first. */
static int place_in_turn(const struct row *row)
{
    switch (row->kind) {
    case ROW_PACKET:
        return 1;
    case ROW_LEAVE:
        return row->side == CLIENT ? 2 : 3;
    case ROW_SIGNAL:
        return row->side == CLIENT ? 4 : 5;
    default:
        return 0;
    }
}

static int by_turn(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->step != y->step)
        return x->step < y->step ? -1 : 1;
    if (place_in_turn(x) != place_in_turn(y))
        return place_in_turn(x) - place_in_turn(y);
    if (x->event->number != y->event->number)
        return x->event->number < y->event->number ? -1 : 1;
    return (int)x->kind - (int)y->kind;
}

static int by_time(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->t != y->t)
        return x->t < y->t ? -1 : 1;
    if (x->event->number != y->event->number)
        return x->event->number < y->event->number ? -1 : 1;
    return (int)x->kind - (int)y->kind;
}

static void order_rows(struct model *model)
{
    if (model->n_rows)
        qsort(model->rows, (size_t)model->n_rows, sizeof *model->rows,
              model->recording->stepped ? by_turn : by_time);
}

/* ---- connections that are not drawn ---- */

struct hiding {
    struct model *model;
    struct rows rows;
    bool *announced; /* each connection */
    int n, first, last;
    int64_t from, to; /* while hidden connections were at it */
};

static void find_hidden_times(struct hiding *hiding)
{
    const struct model *model = hiding->model;

    for (int i = 0; i < model->n_conns; i++) {
        const struct conn *conn = &model->conns[i];
        if (conn->shown)
            continue;
        if (hiding->from == 0)
            hiding->from = conn->first;
        if (conn->last > hiding->to)
            hiding->to = conn->last;
    }
}

/* Rows of hidden connections, and waits that belong to none in their time. */
static bool hidden(const struct hiding *hiding, const struct row *row)
{
    if (row->conn >= 0)
        return !hiding->model->conns[row->conn].shown;
    return is_call(row) && row->event->ret >= 0 && row->t > hiding->from &&
           row->t < hiding->to;
}

static void say_hidden(struct hiding *hiding, const struct row *before)
{
    const struct model *model = hiding->model;
    bool same = true;
    int like = model->conns[hiding->first].like;

    for (int i = hiding->first; i <= hiding->last; i++) {
        if (!model->conns[i].shown && model->conns[i].like != like)
            same = false;
    }
    struct row *row = add_row(&hiding->rows, ROW_LIKE, before->t);
    row->step = before->step;
    row->fold = (struct fold){
        .n = hiding->n,
        .first = hiding->first,
        .last = hiding->last,
        .like = same && model->conns[like].shown ? like : -1,
    };
    hiding->n = 0;
}

static void hide_or_show(struct hiding *hiding, const struct row *row)
{
    const struct model *model = hiding->model;

    if (hidden(hiding, row)) {
        if (row->conn >= 0 && !hiding->announced[row->conn]) {
            hiding->announced[row->conn] = true;
            if (hiding->n++ == 0)
                hiding->first = row->conn;
            hiding->last = row->conn;
        }
        return;
    }
    if (hiding->n > 0 && !(row->conn >= 0 && hiding->announced[row->conn]))
        say_hidden(hiding, row);
    /* An accept that waits does not wait for anybody in particular yet. */
    bool nobody_yet =
        row->kind == ROW_ENTER && call_get(row->event->call)->new_socket;
    if (model->n_conns > 1 && row->conn >= 0 && !nobody_yet &&
        !hiding->announced[row->conn]) {
        hiding->announced[row->conn] = true;
        struct row *head = add_row(&hiding->rows, ROW_CONN, row->t);
        head->conn = row->conn;
        head->step = row->step;
    }
    copy_row(&hiding->rows, row);
}

static int hide_repeats(struct model *model)
{
    struct hiding hiding = {.model = model};

    hiding.announced = calloc((size_t)model->n_conns + 1, sizeof(bool));
    if (!hiding.announced)
        return -1;
    find_hidden_times(&hiding);
    for (int i = 0; i < model->n_rows; i++)
        hide_or_show(&hiding, &model->rows[i]);
    if (hiding.n > 0 && model->n_rows > 0)
        say_hidden(&hiding, &model->rows[model->n_rows - 1]);
    free(hiding.announced);
    return replace_rows(model, &hiding.rows);
}

/* ---- lifelines ---- */

/* States while walking down the rows. */
struct lifelines {
    struct model *model;
    int (*now)[2]; /* each connection */
    int current;   /* the connection that the lines show */
    bool listening[2], waiting[2];
    int accepting; /* server tasks that wait for whoever comes */
};

/* Without packets: what the kernel said at the stops is all there is. */
static void sample_state(struct lifelines *lines, struct row *row)
{
    const struct socket_view *view;

    if (!is_call(row) || row->conn < 0 || row->kind == ROW_ENTER)
        return;
    view = row->event->out.cookie ? &row->event->out : &row->event->in;
    /* Nobody can be asked about a socket that is closed. */
    if (row->event->call == CALL_CLOSE && !row->event->shared)
        lines->now[row->conn][row->side] = ST_NONE;
    else if (view->cookie && view->state != ST_LISTEN &&
             view->state != lines->now[row->conn][row->side])
        row->become[row->side] = view->state;
}

static void follow_state(struct lifelines *lines, struct row *row)
{
    if (!lines->model->recording->wire)
        sample_state(lines, row);
    if (row->conn >= 0) {
        int *now = lines->now[row->conn];
        /* A call on another connection than the last segment's does not make
         * the lines jump to and fro. */
        if (!is_call(row) || row->become[0] || row->become[1] ||
            lines->current < 0)
            lines->current = row->conn;
        /* A connect that is given up sends nothing. */
        if (row->kind == ROW_CALL && row->event->call == CALL_CLOSE &&
            now[row->side] == ST_SYN_SENT)
            row->become[row->side] = ST_CLOSED;
        for (int side = 0; side < 2; side++) {
            if (row->become[side])
                now[side] = row->become[side];
        }
    }
    for (int side = 0; side < 2; side++) {
        if (row->become[side] == ST_LISTEN)
            lines->listening[side] = true;
        if (lines->current >= 0)
            row->state[side] = lines->now[lines->current][side];
        if (row->state[side] == ST_NONE && lines->listening[side])
            row->state[side] = ST_LISTEN;
    }
}

static bool waits_for_anybody(const struct row *row)
{
    const struct call *call = call_get(row->event->call);

    return row->side == SERVER && (call->new_socket || call->watches);
}

/* A bracket stands beside one task's call; two at once would cross. */
static void follow_waits(struct lifelines *lines, struct row *row)
{
    const struct model *model = lines->model;
    enum side side = row->side;
    bool alone = model->tasks[side] < 2;

    for (int i = 0; i < 2; i++)
        row->wait[i] = lines->waiting[i];
    if (row->kind == ROW_ENTER) {
        lines->accepting += waits_for_anybody(row);
        lines->waiting[side] = row->wait[side] = alone;
    } else if (row->kind == ROW_LEAVE) {
        lines->accepting -= waits_for_anybody(row);
        lines->waiting[side] = row->wait[side] = false;
    } else if (row->kind == ROW_EXIT) {
        lines->waiting[side] = row->wait[side] = false;
    }
}

/* A client in the accept queue waits there if nobody is about to come. */
static void find_queued(const struct lifelines *lines, int i)
{
    struct row *row = &lines->model->rows[i], *next = row + 1;

    if ((row->kind != ROW_CALL && row->kind != ROW_LEAVE) ||
        row->event->queue == 0 || lines->accepting > 0)
        return;
    while (next < lines->model->rows + lines->model->n_rows && !is_call(next))
        next++;
    if (next == lines->model->rows + lines->model->n_rows ||
        !call_get(next->event->call)->new_socket)
        row->queued = row->event->queue;
}

static int draw_lifelines(struct model *model)
{
    struct lifelines lines = {.model = model, .current = -1};

    lines.now = calloc((size_t)model->n_conns + 1, sizeof *lines.now);
    if (!lines.now)
        return -1;
    for (int i = 0; i < model->n_rows; i++) {
        follow_state(&lines, &model->rows[i]);
        follow_waits(&lines, &model->rows[i]);
        find_queued(&lines, i);
    }
    free(lines.now);
    return 0;
}

/* Do rows of two connections mix? */
static int find_mixing(struct model *model)
{
    int *last = calloc((size_t)model->n_conns + 1, sizeof *last);
    int current = -1;

    if (!last)
        return -1;
    for (int i = 0; i < model->n_rows; i++) {
        const struct row *row = &model->rows[i];
        bool nobody_yet =
            row->kind == ROW_ENTER && call_get(row->event->call)->new_socket;
        if (row->conn < 0 || row->kind == ROW_CONN || nobody_yet)
            continue;
        if (row->conn != current && last[row->conn])
            model->interleaved = true;
        last[row->conn] = 1;
        current = row->conn;
    }
    free(last);
    return 0;
}

/* ---- folding ---- */

/* Data that flows, and nothing else. */
static bool flows(const struct row *row)
{
    if (row->kind == ROW_PACKET)
        return !(row->event->flags & (FLAG_SYN | FLAG_FIN | FLAG_RST)) &&
               !row->become[0] && !row->become[1];
    if (!is_call(row) || row->conn < 0)
        return false;
    const struct call *call = call_get(row->event->call);
    return (call->receives || call->sends) && row->event->ret > 0;
}

/* A call that belongs to no connection and does the same again. */
static bool repeats(const struct row *a, const struct row *b)
{
    return is_call(a) && a->kind == b->kind && a->conn == -1 && b->conn == -1 &&
           a->side == b->side && a->event->call == b->event->call &&
           a->event->fd == b->event->fd && a->event->ret == b->event->ret;
}

static void count_folded(struct fold *fold, const struct row *row)
{
    fold->n++;
    if (row->kind == ROW_PACKET) {
        fold->segments++;
        fold->bytes += row->event->len;
    } else if (row->event && is_call(row) && row->kind != ROW_ENTER) {
        const struct call *call = call_get(row->event->call);
        fold->sends += call->sends;
        fold->recvs += call->receives;
    }
}

/* Copies rows from to until, all but head and tail as one. */
static void fold_rows(const struct model *model, struct rows *out, int from,
                      int until, int head, int tail)
{
    const struct row *in = model->rows;
    struct fold fold = {.like = -1};

    for (int i = from; i < from + head; i++)
        copy_row(out, &in[i]);
    for (int i = from + head; i < until - tail; i++)
        count_folded(&fold, &in[i]);
    const struct row *at = &in[until - tail - 1];
    struct row *row = add_row(out, ROW_FOLD, at->t);
    row->conn = at->conn;
    row->step = at->step;
    row->fold = fold;
    memcpy(row->state, at->state, sizeof row->state);
    memcpy(row->wait, at->wait, sizeof row->wait);
    for (int i = until - tail; i < until; i++)
        copy_row(out, &in[i]);
}

static int fold_data(struct model *model)
{
    struct rows out = {NULL, 0, 0, false};
    const struct row *in = model->rows;

    for (int i = 0; i < model->n_rows;) {
        int flow = i, same = i + 1;
        while (flow < model->n_rows && flows(&in[flow]) &&
               in[flow].conn == in[i].conn)
            flow++;
        while (same < model->n_rows && repeats(&in[i], &in[same]))
            same++;
        if (flow - i >= FOLD_LEAST) {
            fold_rows(model, &out, i, flow, FOLD_HEAD, FOLD_TAIL);
            i = flow;
        } else if (same - i > REPEATS_LEAST) {
            fold_rows(model, &out, i, same, 1, 0);
            out.row[out.n - 1].fold.repeats = true;
            i = same;
        } else {
            copy_row(&out, &in[i++]);
        }
    }
    return replace_rows(model, &out);
}

/* However much happened, a ladder ends. */
static int fold_middle(struct model *model)
{
    struct rows out = {NULL, 0, 0, false};

    if (model->n_rows <= ROWS_MOST)
        return 0;
    fold_rows(model, &out, 0, model->n_rows, ROWS_MOST - ROWS_TAIL, ROWS_TAIL);
    return replace_rows(model, &out);
}

static int find_gaps(struct model *model)
{
    struct rows out = {NULL, 0, 0, false};

    for (int i = 0; i < model->n_rows; i++) {
        const struct row *row = &model->rows[i], *before = row - 1;
        if (i > 0 && row->kind != ROW_LIKE && row->kind != ROW_FOLD &&
            before->kind != ROW_LIKE && before->kind != ROW_FOLD &&
            row->t - before->t >= gap_least && !model->recording->stepped) {
            struct row *gap = add_row(&out, ROW_GAP, before->t);
            gap->conn = before->conn;
            gap->gap = row->t - before->t;
            memcpy(gap->state, before->state, sizeof gap->state);
            memcpy(gap->wait, before->wait, sizeof gap->wait);
        }
        copy_row(&out, row);
    }
    return replace_rows(model, &out);
}

/* Turns in which nothing is drawn take no number. */
static void number_turns(struct model *model)
{
    int step = 0, before = -1;

    for (int i = 0; i < model->n_rows; i++) {
        struct row *row = &model->rows[i];
        if (row->kind == ROW_CONN || row->kind == ROW_LIKE)
            continue;
        row->fresh = row->step != before;
        before = row->step;
        step += row->fresh;
        row->step = step;
    }
}

/* ---- the end ---- */

/* The last connection from each client's port, or -1. */
struct by_port {
    int conn[UINT16_MAX + 1];
};

static bool joins(const struct model *model, const struct by_port *by_port,
                  uint16_t client, uint16_t server)
{
    int conn = by_port->conn[client];

    return conn >= 0 && model->conns[conn].port[SERVER] == server;
}

/* Whose end is that socket? */
static enum side side_of(const struct model *model,
                         const struct by_port *by_port,
                         const struct event *event)
{
    uint16_t local = event->in.local_port, remote = event->in.remote_port;

    return joins(model, by_port, local, remote) ? CLIENT : SERVER;
}

static void add_left(struct model *model, const struct by_port *by_port,
                     const struct event *event)
{
    enum side side = side_of(model, by_port, event);
    int i = 0;

    /* The server's listening socket is no surprise. */
    if (event->in.state == ST_LISTEN)
        return;
    while (i < model->n_left && (model->left[i].side != side ||
                                 model->left[i].state != event->in.state ||
                                 model->left[i].orphan != event->orphan))
        i++;
    if (i == LEFTS)
        return;
    if (i == model->n_left)
        model->left[model->n_left++] = (struct left){
            .side = side, .state = event->in.state, .orphan = event->orphan};
    model->left[i].n++;
    /* The peer's FIN counts as a byte that is not read. */
    if (event->in.state == ST_ESTABLISHED)
        model->left[i].unread += event->in.unread;
    else if (event->in.state == ST_CLOSE_WAIT && event->in.unread > 0)
        model->left[i].unread += event->in.unread - 1;
}

static int left_order(const void *a, const void *b)
{
    const struct left *x = a, *y = b;

    if (x->side != y->side)
        return (int)x->side - (int)y->side;
    if (x->state != y->state)
        return x->state - y->state;
    return x->orphan - y->orphan;
}

static int count_left(struct model *model)
{
    const struct recording *recording = model->recording;
    struct by_port *by_port = malloc(sizeof *by_port);
    if (!by_port)
        return -1;

    memset(by_port, 0xff, sizeof *by_port); /* -1 in every place */
    for (int i = 0; i < model->n_conns; i++)
        by_port->conn[model->conns[i].port[CLIENT]] = i;
    for (size_t i = 0; i < recording->n; i++) {
        if (recording->events[i].kind == EV_SOCKET)
            add_left(model, by_port, &recording->events[i]);
    }
    free(by_port);
    qsort(model->left, (size_t)model->n_left, sizeof *model->left, left_order);
    return 0;
}

const struct event *model_exit(const struct model *model, enum side side)
{
    const struct recording *recording = model->recording;

    for (size_t i = recording->n; i-- > 0;) {
        const struct event *event = &recording->events[i];
        if (event->kind == EV_EXIT && event->side == side &&
            event->pid == recording->pid[side])
            return event;
    }
    return NULL;
}

int64_t model_counter(const struct model *model, const char *name)
{
    const struct recording *recording = model->recording;

    for (size_t i = recording->n; i-- > 0;) {
        const struct event *event = &recording->events[i];
        if (event->kind == EV_COUNTER && strcmp(event->name, name) == 0)
            return event->value;
    }
    return 0;
}

int model_build(struct model *model, const struct recording *recording)
{
    *model = (struct model){.recording = recording};
    model->info = calloc(recording->n + 1, sizeof *model->info);
    if (!model->info || conns_find(model) == -1 || conns_follow(model) == -1 ||
        conns_compare(model) == -1 || number_tasks(model) == -1 ||
        events_to_rows(model) == -1)
        return -1;
    order_rows(model);
    if (hide_repeats(model) == -1 || draw_lifelines(model) == -1 ||
        find_mixing(model) == -1 || fold_data(model) == -1 ||
        fold_middle(model) == -1 || find_gaps(model) == -1)
        return -1;
    model->t0 = model->n_rows ? model->rows[0].t : recording->begin;
    number_turns(model);
    return count_left(model);
}

void model_free(struct model *model)
{
    free(model->info);
    free(model->conns);
    free(model->rows);
    *model = (struct model){.recording = NULL};
}
