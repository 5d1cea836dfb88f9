#include "words.h"
#include "lab.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#define ELLIPSIS "\342\200\246"
#define DOT      " \302\267 "

enum { QUOTED = 4 * SNIP + 8, RESULT = 48 };

uint32_t text_next(const char **text)
{
    const unsigned char *p = (const unsigned char *)*text;
    int more = *p < 0x80   ? 0
               : *p < 0xc2 ? -1
               : *p < 0xe0 ? 1
               : *p < 0xf0 ? 2
               : *p < 0xf5 ? 3
                           : -1;
    uint32_t c = more <= 0 ? *p : *p & (0x3fU >> more);

    p++;
    for (int i = 0; i < more; i++) {
        if ((*p & 0xc0) != 0x80) {
            more = -1;
            break;
        }
        c = c << 6 | (*p++ & 0x3f);
    }
    *text = (const char *)p;
    bool surrogate = c >= 0xd800 && c < 0xe000, last = (c & 0xfffe) == 0xfffe;
    if (more < 0 || c < ' ' || (c >= 0x7f && c < 0xa0) || surrogate || last)
        return '?';
    return c;
}

int text_width(const char *text)
{
    int n = 0;

    for (; *text; n++)
        text_next(&text);
    return n;
}

void text_fit(char *text, int width)
{
    const char *p = text;

    if (text_width(text) <= width)
        return;
    for (int n = 0; n < width - 1; n++)
        text_next(&p);
    strcpy(text + (p - text), ELLIPSIS);
}

static void say(struct phrase *phrase, enum tone tone, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(struct phrase *phrase, enum tone tone, const char *format, ...)
{
    va_list args;

    phrase->tone = tone;
    va_start(args, format);
    vsnprintf(phrase->text, sizeof phrase->text, format, args);
    va_end(args);
}

/* Adds to a phrase; what does not fit is cut. */
static void add(struct phrase *phrase, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add(struct phrase *phrase, const char *format, ...)
{
    size_t n = strlen(phrase->text);
    va_list args;

    va_start(args, format);
    vsnprintf(phrase->text + n, sizeof phrase->text - n, format, args);
    va_end(args);
}

static const char *s(int64_t n)
{
    return n == 1 ? "" : "s";
}

/* ---- names ---- */

const char *signal_name(int signal)
{
    static char other[24];
    static const struct {
        int number;
        const char *name;
    } names[] = {
        {SIGHUP, "SIGHUP"},   {SIGINT, "SIGINT"},   {SIGQUIT, "SIGQUIT"},
        {SIGILL, "SIGILL"},   {SIGTRAP, "SIGTRAP"}, {SIGABRT, "SIGABRT"},
        {SIGBUS, "SIGBUS"},   {SIGFPE, "SIGFPE"},   {SIGKILL, "SIGKILL"},
        {SIGUSR1, "SIGUSR1"}, {SIGSEGV, "SIGSEGV"}, {SIGUSR2, "SIGUSR2"},
        {SIGPIPE, "SIGPIPE"}, {SIGALRM, "SIGALRM"}, {SIGTERM, "SIGTERM"},
        {SIGCHLD, "SIGCHLD"}, {SIGCONT, "SIGCONT"}, {SIGSTOP, "SIGSTOP"},
        {SIGTSTP, "SIGTSTP"}, {SIGTTIN, "SIGTTIN"}, {SIGTTOU, "SIGTTOU"},
        {SIGURG, "SIGURG"},   {SIGXCPU, "SIGXCPU"}, {SIGIO, "SIGIO"},
        {SIGSYS, "SIGSYS"},   {SIGXFSZ, "SIGXFSZ"},
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].number == signal)
            return names[i].name;
    }
    snprintf(other, sizeof other, "signal %d", signal);
    return other;
}

/* One byte as it would stand in a C string. Returns its length. */
static int escape(unsigned char c, char out[8])
{
    switch (c) {
    case '\n':
        return snprintf(out, 8, "\\n");
    case '\r':
        return snprintf(out, 8, "\\r");
    case '\t':
        return snprintf(out, 8, "\\t");
    case '"':
    case '\\':
        return snprintf(out, 8, "\\%c", c);
    default:
        return snprintf(out, 8, c < ' ' || c > '~' ? "\\x%02x" : "%c", c);
    }
}

/* The first bytes of `total`, quoted, in `room` columns where that can be. */
static void quote(const struct event *event, int64_t total, int room,
                  char out[QUOTED])
{
    int used = 2, i, n = event->snip_len;
    size_t at = 0;

    if (room < 4)
        room = 4;
    out[at++] = '"';
    for (i = 0; i < n; i++) {
        char one[8];
        int len = escape(event->snip[i], one);
        bool last = i + 1 == total;
        if (used + len + (last ? 0 : 1) > room)
            break;
        memcpy(out + at, one, (size_t)len);
        at += (size_t)len;
        used += len;
    }
    if (i < total)
        at += (size_t)sprintf(out + at, ELLIPSIS);
    strcpy(out + at, "\"");
}

/* ---- calls ---- */

static bool returned(const struct event *event)
{
    return event->t1 != 0 && !event->unfinished;
}

/* " = 5", " = -1 ECONNRESET", "" for a call that never returned. */
static void result_of(const struct event *event, char out[RESULT])
{
    *out = '\0';
    if (!returned(event))
        return;
    if (event->ret < 0 && event->ret > -4096)
        snprintf(out, RESULT, " = -1 %s", errno_name((int)-event->ret));
    else
        snprintf(out, RESULT, " = %" PRId64, event->ret);
}

static enum tone tone_of(const struct row *row)
{
    const struct event *event = row->event;

    if (row->kind == ROW_ENTER || !returned(event) || event->ret >= 0)
        return TONE_PLAIN;
    if (event->ret == -EAGAIN || event->ret == -EINPROGRESS ||
        event->ret == -EINTR)
        return TONE_WARN;
    return TONE_BAD;
}

static void say_receive(const struct row *row, int width, const char *result,
                        struct phrase *main, struct phrase *note)
{
    const struct event *event = row->event;
    const char *name = call_get(event->call)->name;
    const char *peek = event->option & MSG_PEEK ? ", MSG_PEEK" : "";
    char data[QUOTED];

    if (row->kind == ROW_ENTER || !returned(event)) {
        say(main, main->tone, "%s(%d, buf, %d%s)", name, event->fd, event->len,
            peek);
        return;
    }
    int used = snprintf(NULL, 0, "%s(%d, , %d%s)%s", name, event->fd,
                        event->len, peek, result);
    if (row->kind == ROW_LEAVE)
        used = snprintf(NULL, 0, "%s%s ", name, result);
    quote(event, event->ret, width - used, data);
    if (row->kind == ROW_LEAVE)
        say(main, main->tone, "%s%s%s%s", name, result,
            event->ret > 0 ? " " : "", event->ret > 0 ? data : "");
    else
        say(main, main->tone, "%s(%d, %s, %d%s)%s", name, event->fd,
            event->ret > 0 ? data : "buf", event->len, peek, result);
    if (event->ret > 0 && event->out.unread > 0)
        say(note, TONE_NOTE, "%d more waiting", event->out.unread);
    else if (event->ret == 0 && event->len > 0)
        say(note, TONE_NOTE, "end of stream");
}

static void say_send(const struct row *row, int width, const char *result,
                     struct phrase *main, struct phrase *note)
{
    const struct event *event = row->event;
    const char *name = call_get(event->call)->name;
    char data[QUOTED];

    if (row->kind == ROW_LEAVE) {
        say(main, main->tone, "%s%s", name, result);
    } else {
        const char *end = row->kind == ROW_ENTER ? "" : result;
        int used = snprintf(NULL, 0, "%s(%d, , %d)%s", name, event->fd,
                            event->len, end);
        quote(event, event->len, width - used, data);
        say(main, main->tone, "%s(%d, %s, %d)%s", name, event->fd, data,
            event->len, end);
    }
    if (row->kind != ROW_ENTER && returned(event) && event->ret >= 0 &&
        event->ret < event->len)
        say(note, TONE_WARN, "only %" PRId64 " of %d taken", event->ret,
            event->len);
}

static void say_close(const struct row *row, const char *result,
                      struct phrase *main, struct phrase *note)
{
    const struct event *event = row->event;
    int unread = event->in.unread;

    say(main, main->tone, "close(%d)%s", event->fd,
        event->ret < 0 ? result : "");
    if (event->shared && event->in.state != ST_LISTEN)
        say(note, TONE_NOTE, "still open elsewhere");
    else if (event->in.state == ST_LISTEN && unread > 0 && !event->shared)
        say(note, TONE_WARN, "%d in the accept queue!", unread);
    else if (event->in.state != ST_LISTEN && unread > 0)
        say(note, TONE_WARN, "%d byte%s unread!", unread, s(unread));
}

static void say_option(const struct row *row, const char *result,
                       struct phrase *main, struct phrase *note)
{
    const struct event *event = row->event;
    int value[2] = {0, 0};

    if ((int)event->option != SO_LINGER) {
        say(main, main->tone, "setsockopt(%d)%s", event->fd, result);
        return;
    }
    if (event->snip_len == (int)sizeof value)
        memcpy(value, event->snip, sizeof value);
    say(main, main->tone, "SO_LINGER %s, %d s%s", value[0] ? "on" : "off",
        value[1], event->ret < 0 ? result : "");
    if (value[0] && !value[1] && event->ret >= 0)
        say(note, TONE_WARN, "close will reset");
}

static void say_connect(const struct row *row, const char *result,
                        struct phrase *main, struct phrase *note)
{
    const struct event *event = row->event;
    const char *name = call_get(event->call)->name;

    if (row->kind == ROW_LEAVE)
        say(main, main->tone, "%s%s", name, result);
    else
        say(main, main->tone, "%s(%d, :%d)%s", name, event->fd, event->port,
            row->kind == ROW_ENTER ? "" : result);
    if (row->queued > 0)
        say(note, TONE_NOTE, "accept queue: %d", row->queued);
}

static void say_accept(const struct row *row, const char *result,
                       struct phrase *main, struct phrase *note)
{
    const struct event *event = row->event;
    const char *name = call_get(event->call)->name;
    int others = event->in.unread - 1;

    if (row->kind == ROW_LEAVE)
        say(main, main->tone, "%s%s", name, result);
    else
        say(main, main->tone, "%s(%d)%s", name, event->fd,
            row->kind == ROW_ENTER ? "" : result);
    if (row->kind != ROW_ENTER && event->ret >= 0 && others > 0)
        say(note, TONE_NOTE, "%d more in the queue", others);
}

static void say_other(const struct row *row, const char *result,
                      struct phrase *main)
{
    static const char *const how[] = {"SHUT_RD", "SHUT_WR", "SHUT_RDWR"};
    const struct event *event = row->event;
    const char *name = call_get(event->call)->name;
    const char *end = row->kind == ROW_ENTER ? "" : result;

    if (event->call == CALL_LISTEN)
        say(main, main->tone, "listen(%d, %d)%s", event->fd, (int)event->option,
            event->ret < 0 ? result : "");
    else if (event->call == CALL_SHUTDOWN)
        say(main, main->tone, "shutdown(%d, %s)%s", event->fd,
            event->option >= 0 && event->option < 3 ? how[event->option] : "?",
            event->ret < 0 ? result : "");
    else if (event->call == CALL_SLEEP && row->kind == ROW_LEAVE)
        say(main, TONE_DIM, "awake");
    else if (event->call == CALL_SLEEP)
        say(main, TONE_DIM, "sleep %d ms", event->len);
    else if (row->kind == ROW_LEAVE || !call_get(event->call)->on_socket)
        say(main, main->tone, "%s%s", name, end);
    else
        say(main, main->tone, "%s(%d)%s", name, event->fd, end);
}

static void say_call(const struct row *row, int width, struct phrase *main,
                     struct phrase *note)
{
    const struct event *event = row->event;
    const struct call *call = call_get(event->call);
    char result[RESULT];

    main->tone = tone_of(row);
    result_of(event, result);
    if (call->receives)
        say_receive(row, width, result, main, note);
    else if (event->call == CALL_SENDFILE)
        say_other(row, result, main);
    else if (call->sends)
        say_send(row, width, result, main, note);
    else if (event->call == CALL_CLOSE)
        say_close(row, result, main, note);
    else if (event->call == CALL_SETSOCKOPT)
        say_option(row, result, main, note);
    else if (call->address)
        say_connect(row, result, main, note);
    else if (call->new_socket)
        say_accept(row, result, main, note);
    else
        say_other(row, result, main);
    if (row->kind != ROW_ENTER && event->open_fds > 0)
        say(note, TONE_WARN, "%d descriptors open", event->open_fds);
}

/* ---- signals and exits ---- */

static const char *default_action(int signal)
{
    switch (signal) {
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
        return "stops it";
    case SIGCONT:
        return "it goes on";
    case SIGURG:
    case SIGWINCH:
    case SIGCHLD:
        return "does nothing";
    default:
        return ""; /* ends it: the next row says so */
    }
}

static void say_signal(const struct event *event, struct phrase *main,
                       struct phrase *note)
{
    say(main, TONE_BAD, "%s", signal_name(event->signal));
    if (event->effect == EFFECT_CAUGHT)
        say(note, TONE_NOTE, "a handler runs");
    else if (event->effect == EFFECT_IGNORED)
        say(note, TONE_NOTE, "ignored");
    else if (event->effect == EFFECT_DEFAULT)
        say(note, TONE_NOTE, "%s", default_action(event->signal));
}

static void say_exit(const struct event *event, struct phrase *main,
                     struct phrase *note)
{
    if (event->signal)
        say(main, TONE_BAD, "killed by %s", signal_name(event->signal));
    else
        say(main, event->status ? TONE_WARN : TONE_PLAIN, "exit(%d)",
            event->status);
    if (event->unread > 0)
        say(note, TONE_WARN, "%d byte%s unread!", event->unread,
            s(event->unread));
}

void words_row(const struct model *model, const struct row *row, int width,
               struct phrase *main, struct phrase *note)
{
    struct phrase body = {"", TONE_PLAIN};
    int used = 0;

    (void)model;
    *note = (struct phrase){"", TONE_DIM};
    *main = body;
    if (row->info->task > 0) {
        const char *what = row->info->thread ? "thread " : "child ";
        used = snprintf(main->text, sizeof main->text, "[%s%d] ",
                        width < 30 ? "" : what, row->info->task);
    }
    if (row->kind == ROW_SIGNAL)
        say_signal(row->event, &body, note);
    else if (row->kind == ROW_EXIT)
        say_exit(row->event, &body, note);
    else
        say_call(row, width - used, &body, note);
    main->tone = body.tone;
    add(main, "%s", body.text);
}

/* ---- segments ---- */

static void label_data(const struct row *row, int width, char *text,
                       size_t size)
{
    const struct event *event = row->event;
    const char *again = row->info->again && !row->info->dropped ? " again" : "";
    const char *fin = event->flags & FLAG_FIN ? "FIN " : "";
    const char *push = event->flags & FLAG_PSH ? "PSH " : "";
    char data[QUOTED] = "B";

    int used = snprintf(NULL, 0, "%s%s%d %s", push, fin, event->len, again);
    if (event->snip_len > 0 && width - used >= 5)
        quote(event, event->len, width - used, data);
    else if (used + 1 > width)
        push = "";
    snprintf(text, size, "%s%s%d %s%s", push, fin, event->len, data, again);
}

static void label_packet(const struct row *row, int width, char *text,
                         size_t size)
{
    const struct event *event = row->event;
    const char *again = row->info->again && !row->info->dropped ? " again" : "";

    if (event->flags & FLAG_SYN) {
        snprintf(text, size, "SYN%s%s", event->flags & FLAG_ACK ? " ACK" : "",
                 again);
    } else if (event->flags & FLAG_RST) {
        snprintf(text, size, "RST");
    } else if (event->len > 0) {
        label_data(row, width, text, size);
    } else if (event->flags & FLAG_FIN) {
        snprintf(text, size, "FIN%s", again);
    } else if (row->info->probe) {
        snprintf(text, size, "ACK probe");
    } else {
        snprintf(text, size, event->window == 0 ? "ACK window 0" : "ACK");
    }
}

void words_packet(const struct row *row, int width, char *text, size_t size)
{
    static const char dropped[] = " dropped";
    int room = (int)strlen(dropped);

    if (!row->info->dropped || width <= room) {
        label_packet(row, width, text, size);
        return;
    }
    label_packet(row, width - room, text, size - sizeof dropped);
    snprintf(text + strlen(text), sizeof dropped, "%s", dropped);
}

/* ---- rows that the model made up ---- */

static void say_like(const struct fold *fold, char *text, size_t size)
{
    if (fold->like < 0)
        snprintf(text, size, "%d more connections, not drawn", fold->n);
    else if (fold->n == 1)
        snprintf(text, size, "connection #%d went like #%d", fold->first + 1,
                 fold->like + 1);
    else if (fold->last - fold->first + 1 == fold->n)
        snprintf(text, size, "connections #%d to #%d went like #%d",
                 fold->first + 1, fold->last + 1, fold->like + 1);
    else
        snprintf(text, size, "%d more connections went like #%d", fold->n,
                 fold->like + 1);
}

static void say_fold(const struct fold *fold, char *text, size_t size)
{
    struct phrase list = {"", TONE_PLAIN};

    if (fold->repeats) {
        snprintf(text, size, "%d times more", fold->n);
        return;
    }
    if (fold->segments)
        add(&list, "%d segments, %" PRId64 " bytes", fold->segments,
            fold->bytes);
    if (fold->sends)
        add(&list, "%s%d sends", *list.text ? "; " : "", fold->sends);
    if (fold->recvs)
        add(&list, "%s%d recvs", *list.text ? ", " : "", fold->recvs);
    if (*list.text == '\0')
        add(&list, "%d rows", fold->n);
    snprintf(text, size, "%s more", list.text);
}

static void say_gap(int64_t gap, char *text, size_t size)
{
    double ms = (double)gap / 1e6;

    if (ms < 1000)
        snprintf(text, size, "%.0f ms", ms);
    else
        snprintf(text, size, "%.2f s", ms / 1000);
}

void words_made_up(const struct model *model, const struct row *row, char *text,
                   size_t size)
{
    const struct conn *conn;

    switch (row->kind) {
    case ROW_GAP:
        say_gap(row->gap, text, size);
        break;
    case ROW_LIKE:
        say_like(&row->fold, text, size);
        break;
    case ROW_FOLD:
        say_fold(&row->fold, text, size);
        break;
    default:
        conn = &model->conns[row->conn];
        /* The kernel chose the port: it differs from run to run. */
        if (model->recording->stepped)
            snprintf(text, size, "connection #%d", row->conn + 1);
        else
            snprintf(text, size, "connection #%d  port %u \342\206\222 %u",
                     row->conn + 1, conn->port[CLIENT], conn->port[SERVER]);
        break;
    }
}

void words_times(const struct model *model, const struct row *row, char *text,
                 size_t size)
{
    int n = model->conns[row->conn].n_like;

    *text = '\0';
    if (n > 1 && model->n_conns > 3)
        snprintf(text, size, "%d connections went this way", n);
}

void words_time(const struct model *model, const struct row *row, char *text,
                size_t size)
{
    *text = '\0';
    if (model->recording->stepped) {
        if (row->fresh)
            snprintf(text, size, "%d", row->step);
        return;
    }
    double ms = (double)(row->t - model->t0) / 1e6;
    const char *format = ms < 10 ? "%.3f" : ms < 100 ? "%.2f" : "%.1f";
    if (ms >= 10000)
        format = "%.0f";
    snprintf(text, size, format, ms);
}

/* ---- the foot ---- */

struct foot {
    struct phrase *lines;
    int n;
};

static struct phrase *add_line(struct foot *foot, enum tone tone)
{
    static struct phrase nobodys;
    struct phrase *line =
        foot->n < FOOT_LINES ? &foot->lines[foot->n++] : &nobodys;

    *line = (struct phrase){"", tone};
    return line;
}

static void foot_truth(const struct model *model, struct foot *foot)
{
    const struct recording *recording = model->recording;
    bool wrong = model->misplaced > 0 || model->agree < model->checks ||
                 recording->packets_lost > 0 || recording->left_out > 0;
    struct phrase *line = add_line(foot, wrong ? TONE_WARN : TONE_DIM);

    if (recording->wire) {
        add(line, "%d segment%s, %" PRId64 " lost", model->packets,
            s(model->packets), recording->packets_lost);
        if (recording->calls)
            add(line, ", %d out of place", model->misplaced);
    }
    if (recording->calls)
        add(line, "%s%d call%s", *line->text ? DOT : "", model->calls,
            s(model->calls));
    if (recording->wire && recording->calls)
        add(line, DOT "states: %d of %d agree", model->agree, model->checks);
    else if (recording->calls)
        add(line, DOT "states: as the kernel gave them");
    if (recording->left_out > 0)
        add(add_line(foot, TONE_WARN),
            "%" PRId64 " more events did not fit and are not drawn",
            recording->left_out);
}

static void say_end(const struct model *model, enum side side,
                    struct phrase *line)
{
    const struct event *event = model_exit(model, side);

    add(line, "%s: ", side ? "server" : "client");
    if (event && event->signal)
        add(line, "killed by %s", signal_name(event->signal));
    else if (event)
        add(line, "exit status %d", event->status);
    else if (model->recording->stopped[side])
        add(line, "still running, stopped by the x-ray");
    else
        add(line, "not started");
    if (event && (event->signal || event->status))
        line->tone = TONE_PLAIN;
}

static void foot_exits(const struct model *model, struct foot *foot)
{
    struct phrase *line = add_line(foot, TONE_DIM);

    if (!model_exit(model, CLIENT) && !model_exit(model, SERVER) &&
        model->recording->stopped[CLIENT] &&
        model->recording->stopped[SERVER]) {
        add(line, "client and server: still running, stopped by the x-ray");
        return;
    }
    say_end(model, CLIENT, line);
    add(line, DOT);
    say_end(model, SERVER, line);
}

static void foot_left(const struct model *model, struct foot *foot)
{
    for (int i = 0; i < model->n_left; i++) {
        const struct left *left = &model->left[i];
        /* What no process has open, and yet was not closed. */
        bool queued = left->orphan && (left->state == ST_ESTABLISHED ||
                                       left->state == ST_CLOSE_WAIT);
        struct phrase *line =
            add_line(foot, left->state == ST_TIME_WAIT ? TONE_DIM : TONE_PLAIN);
        add(line, "left behind: %d \303\227 %s at the %s's end, ", left->n,
            state_name(left->state), left->side ? "server" : "client");
        if (queued)
            add(line, "never accepted");
        else
            add(line, "%s", left->orphan ? "held by no process" : "still open");
        if (left->unread)
            add(line, ", %d byte%s unread", left->unread, s(left->unread));
    }
}

/* What the numbers in brackets are. */
static void foot_tasks(const struct model *model, struct foot *foot)
{
    for (int side = 0; side < 2; side++) {
        if (model->tasks[side] > 1)
            add(add_line(foot, TONE_DIM),
                "[n]: the %s's other processes and threads",
                side ? "server" : "client");
    }
}

/* Those counters that tell more than the ladder shows. */
static void foot_counters(const struct model *model, struct foot *foot)
{
    static const char *const names[] = {"TCPAbortOnClose",   "TCPAbortOnData",
                                        "TCPAbortOnTimeout", "TCPAbortOnLinger",
                                        "TCPAbortOnMemory",  "ListenOverflows",
                                        "ListenDrops",       "TCPMD5NotFound"};
    struct phrase list = {"", TONE_DIM};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        int64_t value = model_counter(model, names[i]);
        if (value > 0)
            add(&list, "%s%s %" PRId64, *list.text ? ", " : "", names[i],
                value);
    }
    if (*list.text)
        add(add_line(foot, TONE_DIM), "kernel counters: %s", list.text);
}

/* How the run ended, if not by itself, and what could not be seen. */
static void foot_end(const struct model *model, struct foot *foot)
{
    const struct recording *recording = model->recording;

    if (recording->never_listened)
        add(add_line(foot, TONE_WARN), "the server never came to listen");
    if (recording->interrupted)
        add(add_line(foot, TONE_WARN), "interrupted: this is how far it came");
    if (recording->deadlock)
        add(add_line(foot, TONE_WARN),
            "both wait for ever: nothing is on its way, and no clock runs");
    if (recording->time_up)
        add(add_line(foot, TONE_WARN),
            "time was up after %g s: this is how far it came",
            recording->time_up / 1000.0);
    for (int i = 0; i < recording->n_missing; i++)
        add(add_line(foot, TONE_WARN), "missing: %s", recording->missing[i]);
}

int words_foot(const struct model *model, struct phrase lines[FOOT_LINES])
{
    struct foot foot = {lines, 0};

    foot_end(model, &foot);
    foot_exits(model, &foot);
    foot_tasks(model, &foot);
    foot_left(model, &foot);
    foot_counters(model, &foot);
    foot_truth(model, &foot);
    return foot.n;
}
