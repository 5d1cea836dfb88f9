#include "events.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_EVENTS = 200000, LINE = 4096 };

static const char magic[] = "xray-events 1";

static const char *const kinds[EVENT_KINDS] = {"packet", "call",   "signal",
                                               "exit",   "socket", "counter"};
static const char *const sides[] = {"client", "server"};

/* ---- the recording ---- */

void recording_init(struct recording *recording, size_t most)
{
    *recording = (struct recording){.most = most ? most : MOST_EVENTS};
}

void recording_free(struct recording *recording)
{
    free(recording->events);
    recording->events = NULL;
    recording->n = recording->room = 0;
}

struct event *recording_add(struct recording *recording, enum event_kind kind)
{
    static struct event nobodys;
    struct event *event = &nobodys;

    if (recording->n == recording->room && recording->n < recording->most) {
        size_t room = recording->room ? 2 * recording->room : 64;
        struct event *more =
            realloc(recording->events, room * sizeof *recording->events);
        if (more) {
            recording->events = more;
            recording->room = room;
        }
    }
    if (recording->n < recording->room && recording->n < recording->most)
        event = &recording->events[recording->n++];
    else
        recording->left_out++;
    *event = (struct event){
        .kind = kind, .number = (uint32_t)recording->n, .fd = -1};
    return event;
}

void recording_miss(struct recording *recording, const char *format, ...)
{
    char sentence[SENTENCE];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    for (int i = 0; i < recording->n_missing; i++) {
        if (strcmp(recording->missing[i], sentence) == 0)
            return;
    }
    if (recording->n_missing < MISSING)
        memcpy(recording->missing[recording->n_missing++], sentence,
               sizeof sentence);
}

static int by_time(const void *a, const void *b)
{
    const struct event *x = a, *y = b;

    if (x->t0 != y->t0)
        return x->t0 < y->t0 ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

void recording_sort(struct recording *recording)
{
    if (recording->n)
        qsort(recording->events, recording->n, sizeof *recording->events,
              by_time);
}

/* ---- fields: one table for writing and reading ---- */

enum type {
    INT,
    I64,
    U16,
    U32,
    U64,
    BOOL,
    TEXT,
    BYTES,
    WHICH_CALL,
    WHICH_SIDE
};

struct field {
    const char *name;
    enum type type;
    size_t offset;
    size_t size; /* TEXT: of the array */
};

#define FIELD(type, member)                              \
    {                                                    \
#member, type, offsetof(struct event, member), 0 \
    }
#define VIEW(which)                                                          \
    {#which ".cookie", U64, offsetof(struct event, which.cookie), 0},        \
        {#which ".state", INT, offsetof(struct event, which.state), 0},      \
        {#which ".unread", INT, offsetof(struct event, which.unread), 0},    \
        {#which ".unacked", INT, offsetof(struct event, which.unacked), 0},  \
        {#which ".unsent", INT, offsetof(struct event, which.unsent), 0},    \
        {#which ".local", U16, offsetof(struct event, which.local_port), 0}, \
    {                                                                        \
#which ".remote", U16, offsetof(struct event, which.remote_port), 0  \
    }

static const struct field event_fields[] = {
    FIELD(I64, t0),
    FIELD(I64, t1),
    FIELD(INT, step0),
    FIELD(INT, step1),
    FIELD(WHICH_SIDE, side),
    FIELD(INT, pid),
    FIELD(INT, tid),
    FIELD(WHICH_CALL, call),
    FIELD(INT, fd),
    FIELD(I64, ret),
    FIELD(U16, from),
    FIELD(U16, to),
    FIELD(U32, seq),
    FIELD(U32, ack),
    FIELD(INT, flags),
    FIELD(INT, window),
    FIELD(INT, len),
    FIELD(I64, option),
    FIELD(INT, port),
    FIELD(INT, queue),
    FIELD(INT, open_fds),
    FIELD(BOOL, unfinished),
    FIELD(BOOL, shared),
    FIELD(BOOL, orphan),
    FIELD(INT, signal),
    FIELD(INT, status),
    FIELD(INT, effect),
    FIELD(INT, unread),
    FIELD(I64, value),
    {"name", TEXT, offsetof(struct event, name), NAME},
    VIEW(in),
    VIEW(out),
    {"data", BYTES, 0, 0},
};

#define HEAD(type, name, member)                          \
    {                                                     \
        name, type, offsetof(struct recording, member), 0 \
    }
#define HEAD_TEXT(name, member)                         \
    {                                                   \
        name, TEXT, offsetof(struct recording, member), \
            sizeof((struct recording *)0)->member       \
    }

static const struct field head_fields[] = {
    HEAD_TEXT("title", title),
    HEAD_TEXT("client", name[CLIENT]),
    HEAD_TEXT("server", name[SERVER]),
    HEAD_TEXT("client-command", command[CLIENT]),
    HEAD_TEXT("server-command", command[SERVER]),
    HEAD(INT, "client-pid", pid[CLIENT]),
    HEAD(INT, "server-pid", pid[SERVER]),
    HEAD(BOOL, "client-stopped", stopped[CLIENT]),
    HEAD(BOOL, "server-stopped", stopped[SERVER]),
    HEAD(BOOL, "stepped", stepped),
    HEAD(BOOL, "wire", wire),
    HEAD(BOOL, "calls", calls),
    HEAD(BOOL, "private-net", private_net),
    HEAD(BOOL, "never-listened", never_listened),
    HEAD(BOOL, "interrupted", interrupted),
    HEAD(BOOL, "deadlock", deadlock),
    HEAD(INT, "time-up", time_up),
    HEAD(I64, "begin", begin),
    HEAD(I64, "end", end),
    HEAD(I64, "left-out", left_out),
    HEAD(I64, "packets-lost", packets_lost),
};

enum {
    EVENT_FIELDS = sizeof event_fields / sizeof *event_fields,
    HEAD_FIELDS = sizeof head_fields / sizeof *head_fields,
};

/* ---- saving ---- */

static void put_quoted(FILE *file, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;

    fputc('"', file);
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '"' || p[i] == '\\')
            fprintf(file, "\\%c", p[i]);
        else if (p[i] < ' ' || p[i] > '~')
            fprintf(file, "\\x%02x", p[i]);
        else
            fputc(p[i], file);
    }
    fputc('"', file);
}

/* The number in a field of any number's type. */
static int64_t number_in(const struct field *field, const char *at)
{
    switch (field->type) {
    case I64:
    case U64:
        return *(const int64_t *)at;
    case U32:
        return *(const uint32_t *)at;
    case U16:
        return *(const uint16_t *)at;
    case BOOL:
        return *(const bool *)at;
    case INT:
    case WHICH_CALL:
    case WHICH_SIDE:
    default:
        return *(const int *)at;
    }
}

static void put_field(FILE *file, const struct field *field, const char *base)
{
    const char *at = base + field->offset;

    if (field->type == TEXT) {
        if (*at) {
            fprintf(file, " %s=", field->name);
            put_quoted(file, at, strlen(at));
        }
        return;
    }
    int64_t number = number_in(field, at);
    if (field->type == WHICH_CALL && number != CALL_NONE)
        fprintf(file, " call=%s", call_get((enum call_id)number)->name);
    else if (field->type == WHICH_SIDE)
        fprintf(file, " side=%s", sides[number == SERVER]);
    else if (field->type == U64 && number != 0)
        fprintf(file, " %s=%" PRIu64, field->name, (uint64_t)number);
    else if (number != 0)
        fprintf(file, " %s=%" PRId64, field->name, number);
}

static void put_event(FILE *file, const struct event *event)
{
    fputs(kinds[event->kind], file);
    for (int i = 0; i < EVENT_FIELDS; i++) {
        if (event_fields[i].type != BYTES)
            put_field(file, &event_fields[i], (const char *)event);
    }
    if (event->snip_len > 0) {
        fputs(" data=", file);
        put_quoted(file, event->snip, (size_t)event->snip_len);
    }
    fputc('\n', file);
}

int events_save(const struct recording *recording, FILE *file)
{
    fprintf(file, "%s\nrun", magic);
    for (int i = 0; i < HEAD_FIELDS; i++)
        put_field(file, &head_fields[i], (const char *)recording);
    fputc('\n', file);
    for (int i = 0; i < recording->n_missing; i++) {
        fputs("missing why=", file);
        put_quoted(file, recording->missing[i], strlen(recording->missing[i]));
        fputc('\n', file);
    }
    for (size_t i = 0; i < recording->n; i++)
        put_event(file, &recording->events[i]);
    fputs("end\n", file);
    return fflush(file) == 0 && !ferror(file) ? 0 : -1;
}

/* ---- loading ---- */

/* Takes the next word off *line: up to a space or '='. NULL at the end. */
static char *take_word(char **line)
{
    char *p = *line;

    while (*p == ' ')
        p++;
    if (*p == '\0')
        return NULL;
    char *word = p;
    while (*p && *p != ' ' && *p != '=')
        p++;
    *line = p;
    return word;
}

static int hex(int c)
{
    if (!isxdigit(c))
        return -1;
    return isdigit(c) ? c - '0' : tolower(c) - 'a' + 10;
}

/* Takes a quoted string off *line. Returns its length, or -1. */
static int take_quoted(char **line, char *out, size_t size)
{
    char *p = *line;
    size_t n = 0;

    if (*p++ != '"')
        return -1;
    while (*p && *p != '"' && n < size) {
        int c = (unsigned char)*p++;
        if (c == '\\' && *p == 'x') {
            int high = hex((unsigned char)p[1]);
            int low = high < 0 ? -1 : hex((unsigned char)p[2]);
            if (low < 0)
                return -1;
            c = high << 4 | low;
            p += 3;
        } else if (c == '\\') {
            c = (unsigned char)*p++;
            if (c != '"' && c != '\\')
                return -1;
        }
        out[n++] = (char)c;
    }
    if (*p != '"')
        return -1;
    *line = p + 1;
    return (int)n;
}

static int set_text(const struct field *field, char *at, char **line)
{
    char text[LINE];
    int n = take_quoted(line, text, sizeof text);

    if (n < 0 || (size_t)n >= field->size || memchr(text, '\0', (size_t)n))
        return -1;
    memcpy(at, text, (size_t)n);
    at[n] = '\0';
    return 0;
}

static int set_number(const struct field *field, char *at, int64_t number)
{
    switch (field->type) {
    case I64:
        *(int64_t *)at = number;
        return 0;
    case U32:
        *(uint32_t *)at = (uint32_t)number;
        return number >= 0 && number <= UINT32_MAX ? 0 : -1;
    case U16:
        *(uint16_t *)at = (uint16_t)number;
        return number >= 0 && number <= UINT16_MAX ? 0 : -1;
    case BOOL:
        *(bool *)at = number == 1;
        return number == 0 || number == 1 ? 0 : -1;
    default:
        *(int *)at = (int)number;
        return number >= INT32_MIN && number <= INT32_MAX ? 0 : -1;
    }
}

/* A value that is a word: the name of a call or a side. */
static int set_word(const struct field *field, char *at, const char *word)
{
    if (field->type == WHICH_CALL) {
        enum call_id id = call_by_name(word);
        *(enum call_id *)at = id;
        return id == CALL_NONE ? -1 : 0;
    }
    *(enum side *)at = strcmp(word, sides[SERVER]) == 0 ? SERVER : CLIENT;
    return strcmp(word, sides[*(enum side *)at]) == 0 ? 0 : -1;
}

static int set_field(const struct field *field, char *base, char **line)
{
    char *at = base + field->offset;
    char *end = NULL;

    if (field->type == TEXT)
        return set_text(field, at, line);
    if (field->type == BYTES) {
        struct event *event = (struct event *)base;
        event->snip_len = take_quoted(line, (char *)event->snip, SNIP);
        return event->snip_len < 0 ? -1 : 0;
    }
    char *word = take_word(line);
    if (!word)
        return -1;
    char after = **line;
    **line = '\0';
    int result = 0;
    errno = 0;
    if (field->type == WHICH_CALL || field->type == WHICH_SIDE)
        result = set_word(field, at, word);
    else if (field->type == U64)
        *(uint64_t *)at = strtoull(word, &end, 10);
    else
        result = set_number(field, at, strtoll(word, &end, 10));
    if (field->type != WHICH_CALL && field->type != WHICH_SIDE &&
        (!end || *end != '\0' || errno != 0))
        result = -1;
    **line = after;
    return result;
}

/* Reads "name=value name=value" into base. Returns NULL, or what is wrong. */
static const char *set_fields(const struct field *fields, int n, char *base,
                              char *line)
{
    char *name;

    while ((name = take_word(&line))) {
        int i = 0;
        if (*line != '=')
            return "a field without a value";
        *line++ = '\0';
        while (i < n && strcmp(fields[i].name, name) != 0)
            i++;
        if (i == n)
            return "an unknown field";
        if (set_field(&fields[i], base, &line) == -1)
            return "a value that cannot be";
        if (*line != ' ' && *line != '\0')
            return "something behind a value";
    }
    return NULL;
}

/* What the rest of the program relies on. */
static const char *check_event(const struct event *event)
{
    static const int states = 12; /* enum tcp_state, ST_NEW_SYN_RECV */

    if (event->kind == EV_CALL && event->call == CALL_NONE)
        return "a call without a name";
    if (event->in.state < 0 || event->in.state > states ||
        event->out.state < 0 || event->out.state > states)
        return "an unknown TCP state";
    if (event->len < 0 || event->in.unread < 0 || event->out.unread < 0)
        return "a negative length";
    if (event->t1 != 0 && event->t1 < event->t0)
        return "an end before its begin";
    return NULL;
}

static const char *load_event(struct recording *recording, enum event_kind kind,
                              char *line)
{
    size_t before = recording->n;
    struct event *event = recording_add(recording, kind);

    if (recording->n == before)
        return "more events than can be kept";
    event->fd = 0;
    const char *wrong =
        set_fields(event_fields, EVENT_FIELDS, (char *)event, line);
    return wrong ? wrong : check_event(event);
}

static const char *load_missing(struct recording *recording, char *line)
{
    static const struct field why = {"why", TEXT, 0, SENTENCE};
    char sentence[SENTENCE] = "";
    const char *wrong = set_fields(&why, 1, sentence, line);

    if (!wrong)
        recording_miss(recording, "%s", sentence);
    return wrong;
}

/* One line. Returns NULL, or what is wrong; sets *end at the last one. */
static const char *load_line(struct recording *recording, char *line, bool *end)
{
    char *word = take_word(&line);

    if (!word)
        return NULL;
    if (*line)
        *line++ = '\0';
    *end = strcmp(word, "end") == 0;
    if (*end)
        return NULL;
    if (strcmp(word, "run") == 0)
        return set_fields(head_fields, HEAD_FIELDS, (char *)recording, line);
    if (strcmp(word, "missing") == 0)
        return load_missing(recording, line);
    for (int kind = 0; kind < EVENT_KINDS; kind++) {
        if (strcmp(word, kinds[kind]) == 0)
            return load_event(recording, (enum event_kind)kind, line);
    }
    return "an unknown word";
}

/* One line without its '\n'. Returns false at the end of the file; *wrong is
 * set when the line is not text or too long. */
static bool next_line(FILE *file, char *line, const char **wrong)
{
    if (!fgets(line, LINE, file))
        return false;
    size_t n = strlen(line);
    if (n == 0 || line[n - 1] != '\n')
        *wrong = "a line that is cut off, too long, or not text";
    else
        line[n - 1] = '\0';
    return true;
}

int events_load(struct recording *recording, FILE *file, char *why, size_t size)
{
    char line[LINE];
    const char *wrong = NULL;
    int number = 1;
    bool end = false;

    if (!next_line(file, line, &wrong) || wrong || strcmp(line, magic) != 0)
        wrong = "not a file of events";
    while (!wrong && !end && next_line(file, line, &wrong)) {
        number++;
        if (!wrong)
            wrong = load_line(recording, line, &end);
    }
    if (!wrong && !end)
        wrong = "the end is missing";
    if (wrong) {
        snprintf(why, size, "line %d: %s", number, wrong);
        return -1;
    }
    recording_sort(recording);
    return 0;
}
