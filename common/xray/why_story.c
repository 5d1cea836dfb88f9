#include "why_story.h"
#include "lab.h"
#include "words.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { KEPT = 4 };

static const int64_t patience = 50000000; /* ns; a shorter wait is none */

/* ---- reading ---- */

static void read_packet(struct story *story, const struct event *event,
                        const struct info *info)
{
    enum side side = info->side;

    if (event->flags & FLAG_RST) {
        if (!story->rst) {
            story->rst = event;
            story->rst_by = side;
        }
        return;
    }
    if (event->flags & FLAG_SYN) {
        if (event->flags & FLAG_ACK)
            story->syn_ack = event;
        else if (!story->syn)
            story->syn = event;
        else
            story->syn_again = event;
    }
    if (event->flags & FLAG_FIN && !story->fin[side])
        story->fin[side] = event;
    if (event->len > 0 && !info->probe) {
        story->said[side] = event;
        if (!info->again)
            story->bytes[side] += event->len;
    }
}

static bool fails_for_good(const struct event *event)
{
    switch (-event->ret) {
    case ECONNRESET:
    case EPIPE:
    case ETIMEDOUT:
    case ECONNREFUSED:
    case ECONNABORTED:
    case EHOSTUNREACH:
    case ENETUNREACH:
        return event->t1 != 0 && !event->unfinished;
    default:
        return false;
    }
}

static void read_receive(struct story *story, const struct event *event)
{
    enum side side = event->side;

    if (event->unfinished || !event->t1) {
        story->gave_up[side] = event;
    } else if (event->ret == -EAGAIN) {
        if (event->t1 - event->t0 >= patience)
            story->gave_up[side] = event;
    } else if (event->ret == 0 && event->len > 0) {
        if (!story->eof[side])
            story->eof[side] = event;
    } else if (event->ret > 0 && !(event->option & MSG_PEEK)) {
        story->received[side] = event;
        story->gave_up[side] = NULL;
    }
}

static void read_send(struct story *story, const struct event *event)
{
    enum side side = event->side;

    if (!event->t1 || event->unfinished || event->ret <= 0)
        return;
    story->sent[side] = event;
    story->cut[side] = event->ret < event->len ? event : NULL;
}

static void read_call(struct story *story, const struct event *event)
{
    const struct call *call = call_get(event->call);
    enum side side = event->side;
    int linger[2] = {0, 0};

    if (fails_for_good(event) && !story->error[side])
        story->error[side] = event;
    if (call->new_socket)
        story->accept = event;
    else if (event->call == CALL_CONNECT)
        story->connect = event;
    else if (event->call == CALL_CLOSE && event->shared)
        story->shared[side] = event;
    else if (event->call == CALL_CLOSE)
        story->close[side] = event;
    else if (event->call == CALL_SHUTDOWN && event->option == SHUT_WR)
        story->half[side] = event;
    else if (call->receives)
        read_receive(story, event);
    else if (call->sends)
        read_send(story, event);
    if (event->call == CALL_SETSOCKOPT &&
        event->option == ((int64_t)SOL_SOCKET << 32 | SO_LINGER) &&
        event->snip_len == (int)sizeof linger) {
        memcpy(linger, event->snip, sizeof linger);
        story->linger[side] = linger[0] && !linger[1] ? event : NULL;
    }
}

bool left_waiting(const struct story *story)
{
    const struct event *left = story->fin[CLIENT];
    const struct event *said = story->said[CLIENT];
    const struct event *heard = story->said[SERVER];

    return left && said && story->syn_ack && left->t0 - said->t0 >= patience &&
           (!heard || heard->t0 < said->t0 || heard->t0 > left->t0) &&
           (!story->fin[SERVER] || story->fin[SERVER]->t0 > left->t0);
}

/* Whether the client did not get what it wanted. One that leaves by itself and
 * content, in the middle of an answer, is not hurt by what follows. */
static bool is_hurt(const struct scene *scene, const struct story *story)
{
    const struct event *end = scene->end[CLIENT];
    bool content = end && !end->signal && end->status == 0;
    const struct event *left = story->fin[CLIENT];

    if (story->error[CLIENT])
        return story->error[CLIENT]->call != CALL_CONNECT || !content;
    if (story->gave_up[CLIENT])
        return !content;
    if (story->rst && story->rst_by == SERVER && !left)
        return !content;
    if (story->syn && !story->syn_ack)
        return !content;
    return !content && left_waiting(story);
}

/* A helper that its own program ends by a signal is no failure. */
bool dies_badly(const struct scene *scene, const struct event *end)
{
    bool asked = end->signal == SIGTERM || end->signal == SIGKILL ||
                 end->signal == SIGINT || end->signal == SIGHUP;

    return end->signal != 0 &&
           (!asked || end->pid == scene->recording->pid[end->side]);
}

static void read_end(struct scene *scene)
{
    const struct recording *recording = scene->recording;

    for (int side = 0; side < 2; side++) {
        const struct event *end = model_exit(scene->model, (enum side)side);
        scene->end[side] = end;
        if (end && end->signal)
            scene->trouble = true;
    }
    if (scene->end[CLIENT] && scene->end[CLIENT]->status)
        scene->trouble = true;
    if (recording->deadlock || recording->time_up || recording->never_listened)
        scene->trouble = true;
}

int scene_read(struct scene *scene, const struct model *model)
{
    const struct recording *recording = model->recording;

    scene->model = model;
    scene->recording = recording;
    scene->n = model->n_conns;
    scene->trouble = false;
    scene->stories = calloc((size_t)scene->n + 1, sizeof *scene->stories);
    if (!scene->stories)
        return -1;
    for (size_t i = 0; i < recording->n; i++) {
        const struct event *event = &recording->events[i];
        int conn = model->info[i].conn;
        if (event->kind == EV_EXIT && dies_badly(scene, event))
            scene->trouble = true;
        if (conn < 0)
            continue;
        if (event->kind == EV_PACKET)
            read_packet(&scene->stories[conn], event, &model->info[i]);
        else if (event->kind == EV_CALL)
            read_call(&scene->stories[conn], event);
    }
    read_end(scene);
    for (int i = 0; i < scene->n; i++) {
        scene->stories[i].hurt = is_hurt(scene, &scene->stories[i]);
        scene->trouble |= scene->stories[i].hurt;
    }
    return 0;
}

/* ---- saying ---- */

static char *keep(void)
{
    static char kept[KEPT][WHY_TEXT];
    static int next;

    next = (next + 1) % KEPT;
    return kept[next];
}

const char *side_name(enum side side)
{
    return side == SERVER ? "server" : "client";
}

/* The turn in which an event is drawn, its end if it has one; 0: it is not. */
static int turn_of(const struct model *model, const struct event *event,
                   bool end)
{
    int turn = 0;

    for (int i = 0; i < model->n_rows; i++) {
        if (model->rows[i].event == event && (turn == 0 || end))
            turn = model->rows[i].step;
    }
    return turn;
}

static const char *say_when(const struct scene *scene,
                            const struct event *event, bool end)
{
    int64_t t = end && event->t1 ? event->t1 : event->t0;
    char *text = keep();
    int turn;

    if (!scene->recording->stepped) {
        snprintf(text, WHY_TEXT, "at %.3f ms",
                 t > scene->model->t0 ? (double)(t - scene->model->t0) / 1e6
                                      : 0.0);
        return text;
    }
    turn = turn_of(scene->model, event, end);
    if (turn > 0)
        snprintf(text, WHY_TEXT, "in turn %d", turn);
    else
        snprintf(text, WHY_TEXT, "in a turn that is not drawn,");
    return text;
}

const char *scene_when(const struct scene *scene, const struct event *event)
{
    return say_when(scene, event, false);
}

const char *scene_then(const struct scene *scene, const struct event *event)
{
    return say_when(scene, event, true);
}

const char *scene_call(const struct event *event)
{
    char *text = keep();
    const struct call *call = call_get(event->call);
    size_t n;

    if (event->call == CALL_CONNECT || event->call == CALL_BIND)
        n = (size_t)snprintf(text, WHY_TEXT, "%s(%d, :%d)", call->name,
                             event->fd, event->port);
    else if (event->call == CALL_LISTEN)
        n = (size_t)snprintf(text, WHY_TEXT, "listen(%d, %d)", event->fd,
                             (int)event->option);
    else if (call->receives || call->sends)
        n = (size_t)snprintf(text, WHY_TEXT, "%s(%d, %d bytes)", call->name,
                             event->fd, event->len);
    else if (event->fd >= 0)
        n = (size_t)snprintf(text, WHY_TEXT, "%s(%d)", call->name, event->fd);
    else
        n = (size_t)snprintf(text, WHY_TEXT, "%s()", call->name);
    if (!event->t1 || event->unfinished)
        snprintf(text + n, WHY_TEXT - n, ", which never returned");
    else if (event->ret < 0)
        snprintf(text + n, WHY_TEXT - n, " = -1 %s",
                 errno_name((int)-event->ret));
    else
        snprintf(text + n, WHY_TEXT - n, " = %" PRId64, event->ret);
    return text;
}

const char *scene_bytes(const struct event *event)
{
    char *text = keep();
    size_t n = 0;

    text[0] = '\0';
    for (int i = 0; i < event->snip_len && n < WHY_TEXT - 8; i++) {
        unsigned char c = event->snip[i];
        const char *format = c == '\n'            ? "\\n"
                             : c == '\r'          ? "\\r"
                             : c < ' ' || c > '~' ? "\\x%02x"
                                                  : "%c";
        n += (size_t)snprintf(text + n, WHY_TEXT - n, format, c);
    }
    if (event->snip_len < event->len)
        snprintf(text + n, WHY_TEXT - n, "...");
    return text;
}

const char *scene_conn(const struct scene *scene, int conn)
{
    char *text = keep();

    if (scene->recording->stepped)
        snprintf(text, WHY_TEXT, "connection #%d", conn + 1);
    else
        snprintf(text, WHY_TEXT, "connection #%d (port %u to %u)", conn + 1,
                 scene->model->conns[conn].port[CLIENT],
                 scene->model->conns[conn].port[SERVER]);
    return text;
}

int64_t scene_over(const struct scene *scene, const struct story *story)
{
    const struct event *wait = story->gave_up[CLIENT];

    if (!wait)
        wait = story->error[CLIENT];
    return wait && wait->t1 ? wait->t1 : scene->recording->end;
}

struct why_cause *scene_cause(struct scene *scene, const char *name, int conn,
                              const struct event *event, const char *source)
{
    static struct why_cause nobodys;
    struct why *why = scene->why;
    struct why_cause *cause = &nobodys;

    if (why->n_causes < WHY_CAUSES)
        cause = &why->causes[why->n_causes++];
    *cause = (struct why_cause){
        .name = name, .conn = conn, .t = event->t0, .source = source};
    return cause;
}

void cause_say(struct why_cause *cause, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(cause->sentence, sizeof cause->sentence, format, args);
    va_end(args);
}

void cause_cite(struct why_cause *cause, const char *format, ...)
{
    va_list args;

    if (cause->n_evidence == WHY_EVIDENCE)
        return;
    va_start(args, format);
    vsnprintf(cause->evidence[cause->n_evidence++], WHY_TEXT, format, args);
    va_end(args);
}

void scene_note(struct scene *scene, const char *format, ...)
{
    struct why *why = scene->why;
    va_list args;

    if (why->n_seen == WHY_EVIDENCE)
        return;
    va_start(args, format);
    vsnprintf(why->seen[why->n_seen++], WHY_TEXT, format, args);
    va_end(args);
}

void cite_hurt(const struct scene *scene, struct why_cause *cause,
               const struct story *story)
{
    const struct event *event = story->error[CLIENT];
    const struct event *wait = story->gave_up[CLIENT];

    if (event)
        cause_cite(cause, "%s the client learnt of it: %s",
                   scene_then(scene, event), scene_call(event));
    else if (wait)
        cause_cite(cause, "the client waited for bytes %s: %s, after %.3f s",
                   scene_when(scene, wait), scene_call(wait),
                   (double)(scene_over(scene, story) - wait->t0) / 1e9);
}

void scene_claim(struct scene *scene, int64_t from)
{
    for (int i = 0; i < scene->n; i++) {
        struct story *story = &scene->stories[i];
        if (story->hurt && scene_over(scene, story) >= from)
            story->claimed = true;
    }
}

void cite_counter(const struct scene *scene, struct why_cause *cause,
                  const char *name)
{
    int64_t value = model_counter(scene->model, name);

    if (value > 0)
        cause_cite(cause, "the kernel's counter %s went from 0 to %" PRId64,
                   name, value);
}
