#include "svg.h"
#include "words.h"

#include <stdlib.h>
#include <string.h>

/* Pixels. A character of the 13 px monospace font is at most CHAR wide. */
enum {
    EDGE = 24,
    TIME_END = 58,
    WIRE = 176,
    BAR = 8,
    TOP = 62,
    SIDE_LEAST = 176,
    SIDE_MOST = 264,
    CALL_CHARS = 33,
    BAND = 34,
};

static const double char_width = 7.85, note_width = 6.95, state_width = 6.65;
static const double foot_width = 5.75, title_width = 10;

static const char *const css[] = {
    "text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans "
    "Mono',monospace;fill:#1f2328;white-space:pre}",
    ".c{fill:#fff;stroke:#d0d7de}.x{fill:#f6f8fa;stroke:#d0d7de}",
    ".h,.w,.f{font-family:system-ui,-apple-system,'Segoe UI','DejaVu "
    "Sans',sans-serif}.h{font-size:16px;font-weight:600}.w{font-weight:600}",
    ".u,.f{font-size:11px;fill:#656d76}.t{font-size:11px;fill:#6e7781;"
    "text-anchor:end}.e{text-anchor:end}.m{text-anchor:middle}",
    ".dim{fill:#656d76}.warn{fill:#9a6700;font-weight:600}.bad{fill:#cf222e;"
    "font-weight:600}.note{fill:#0969da}.n{font-size:11.5px}",
    ".s{font-size:11px;font-weight:600;text-anchor:middle}.l{font-size:12px;"
    "font-weight:600;text-anchor:middle}",
    ".b-est{fill:#2da44e}.b-syn{fill:#54aeff}.b-fin{fill:#d4a72c}.b-cw{fill:"
    "#a475f9}.b-tw{fill:#1b7c83}.b-lis{fill:#b6c6d6}.b-off{fill:#d8dee4}",
    ".s-est{fill:#1a7f37}.s-syn{fill:#0969da}.s-fin{fill:#9a6700}.s-cw{fill:"
    "#8250df}.s-tw{fill:#1b7c83}.s-lis,.s-off{fill:#57606a}",
    ".p-est{fill:#dafbe1}.p-syn{fill:#ddf4ff}.p-fin{fill:#fff8c5}.p-cw{fill:"
    "#fbefff}.p-tw{fill:#d7f1f2}.p-lis,.p-off{fill:#eaeef2}",
    ".a{fill:none;stroke-width:1.6}.k-syn{stroke:#0969da}.k-data{stroke:"
    "#1a7f37}.k-fin{stroke:#9a6700}.k-ack{stroke:#afb8c1;stroke-width:1.2;"
    "stroke-dasharray:3 3}.k-rst{stroke:#cf222e;stroke-width:2.6}",
    ".f-syn{fill:#0969da}.f-data{fill:#1a7f37}.f-fin{fill:#9a6700}.f-ack{fill:"
    "#6e7781;font-weight:400}.f-rst{fill:#cf222e}",
    ".g{fill:#fff}.d{fill:#dafbe1;stroke:#1a7f37}.r{fill:#cf222e}.o{fill:#fff}",
    ".q{fill:none;stroke:#afb8c1;stroke-width:1.5;stroke-dasharray:2 3}.j{"
    "stroke:#d8dee4}.y{fill:none;stroke:#fff;stroke-width:5}.z{fill:none;"
    "stroke:#8c959f;stroke-width:1.2}.v{fill:#fff8c5;stroke:#d4a72c}",
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.c{fill:#0d1117;"
    "stroke:#30363d}.x{fill:#161b22;stroke:#30363d}.u,.f,.dim{fill:#8d96a0}"
    ".t{fill:#7d8590}.warn{fill:#d29922}.bad{fill:#ff7b72}.note{fill:#58a6ff}",
    ".b-est{fill:#2ea043}.b-syn{fill:#388bfd}.b-fin{fill:#bb8009}.b-cw{fill:"
    "#8957e5}.b-tw{fill:#1b7c83}.b-lis{fill:#424a53}.b-off{fill:#30363d}",
    ".s-est{fill:#56d364}.s-syn{fill:#79c0ff}.s-fin{fill:#e3b341}.s-cw{fill:"
    "#d2a8ff}.s-tw{fill:#56d4dd}.s-lis,.s-off{fill:#8d96a0}",
    ".p-est{fill:#12261e}.p-syn{fill:#121d2f}.p-fin{fill:#272115}.p-cw{fill:"
    "#211a33}.p-tw{fill:#0f2528}.p-lis,.p-off{fill:#1c2128}",
    ".k-syn{stroke:#58a6ff}.k-data{stroke:#3fb950}.k-fin{stroke:#d29922}"
    ".k-ack{stroke:#484f58}.k-rst{stroke:#f85149}.f-syn{fill:#58a6ff}.f-data{"
    "fill:#3fb950}.f-fin{fill:#d29922}.f-ack{fill:#8d96a0}.f-rst{fill:#f85149}",
    ".g{fill:#0d1117}.d{fill:#12261e;stroke:#3fb950}.r{fill:#da3633}.o{fill:"
    "#fff}.q{stroke:#484f58}.j{stroke:#21262d}.y{stroke:#0d1117}.z{stroke:"
    "#6e7681}.v{fill:#272115;stroke:#bb8009}}",
};

/* A row's words, measured before anything is placed. */
struct place {
    double y, height;
    struct phrase main, note;
    bool note_below;
};

struct drawing {
    FILE *file;
    const struct model *model;
    struct place *place; /* of each row */
    double width;
    double left, right;    /* left edges of the two bars */
    double client, server; /* ends of the texts that stand beside them */
    double bottom;         /* of the last row */
    struct phrase foot[FOOT_LINES];
    int n_foot;
};

/* ---- small things ---- */

/* A number as short as it can be written. */
static void number(FILE *file, double value)
{
    char text[32];

    snprintf(text, sizeof text, "%.1f", value);
    size_t n = strlen(text);
    if (n > 2 && strcmp(text + n - 2, ".0") == 0)
        text[n - 2] = '\0';
    fputs(text, file);
}

static void attribute(FILE *file, const char *name, double value)
{
    fprintf(file, " %s=\"", name);
    number(file, value);
    fputc('"', file);
}

/* Text for XML: markup escaped, and only what XML allows. */
static void escaped(FILE *file, const char *text)
{
    while (*text) {
        const char *from = text;
        uint32_t c = text_next(&text);
        if (c == '&')
            fputs("&amp;", file);
        else if (c == '<')
            fputs("&lt;", file);
        else if (c == '>')
            fputs("&gt;", file);
        else if (c == '"')
            fputs("&quot;", file);
        else if (c < 0x80)
            fputc((int)c, file);
        else
            fwrite(from, 1, (size_t)(text - from), file);
    }
}

static void open_text(FILE *file, double x, double y, const char *class)
{
    fputs("<text", file);
    attribute(file, "x", x);
    attribute(file, "y", y);
    if (*class)
        fprintf(file, " class=\"%s\"", class);
    fputc('>', file);
}

static void put_text(FILE *file, double x, double y, const char *class,
                     const char *text)
{
    open_text(file, x, y, class);
    escaped(file, text);
    fputs("</text>\n", file);
}

static void put_box(FILE *file, double x, double y, double width, double height,
                    double radius, const char *class)
{
    fputs("<rect", file);
    attribute(file, "x", x);
    attribute(file, "y", y);
    attribute(file, "width", width);
    attribute(file, "height", height);
    if (radius > 0)
        attribute(file, "rx", radius);
    fprintf(file, " class=\"%s\"/>\n", class);
}

static const char *state_class(int state)
{
    switch (state) {
    case ST_ESTABLISHED:
        return "est";
    case ST_SYN_SENT:
    case ST_SYN_RECV:
    case ST_NEW_SYN_RECV:
        return "syn";
    case ST_FIN_WAIT1:
    case ST_FIN_WAIT2:
    case ST_CLOSING:
        return "fin";
    case ST_CLOSE_WAIT:
    case ST_LAST_ACK:
        return "cw";
    case ST_TIME_WAIT:
        return "tw";
    case ST_LISTEN:
        return "lis";
    default:
        return "off";
    }
}

static const char *tone_class(enum tone tone)
{
    static const char *const names[] = {"", "dim", "warn", "bad", "note"};

    return names[tone];
}

static const char *packet_class(const struct event *event)
{
    if (event->flags & FLAG_RST)
        return "rst";
    if (event->flags & FLAG_SYN)
        return "syn";
    if (event->len > 0)
        return "data";
    return event->flags & FLAG_FIN ? "fin" : "ack";
}

/* A pill with a state's name, centred on (x, y). */
static void put_pill(FILE *file, double x, double y, int state)
{
    const char *name = state_name(state), *class = state_class(state);
    char text_class[16], pill_class[16];
    double width = (double)strlen(name) * state_width + 16;

    snprintf(pill_class, sizeof pill_class, "p-%s", class);
    snprintf(text_class, sizeof text_class, "s s-%s", class);
    put_box(file, x - width / 2, y - 9, width, 18, 9, pill_class);
    put_text(file, x, y + 4, text_class, name);
}

static double pill_width(int state)
{
    return text_width(state_name(state)) * state_width + 16;
}

static bool calls(const struct row *row)
{
    return row->kind <= ROW_LEAVE || row->kind == ROW_SIGNAL ||
           row->kind == ROW_EXIT;
}

/* ---- measuring ---- */

static double height_of(const struct row *row, const struct place *place)
{
    switch (row->kind) {
    case ROW_PACKET:
        if (row->event->len > 0 ||
            row->event->flags & (FLAG_SYN | FLAG_FIN | FLAG_RST))
            return 31;
        return row->become[0] || row->become[1] ? 29 : 24;
    case ROW_GAP:
        return 34;
    case ROW_CONN:
        return 44;
    case ROW_LIKE:
    case ROW_FOLD:
        return 36;
    default:
        return place->note_below ? 40 : 23;
    }
}

/* The state that a call's row shows beside its words, or ST_NONE. */
static int own_state(const struct row *row)
{
    return row->become[row->side];
}

/* Takes in the words of a row. Returns the room they want. */
static double measure(const struct drawing *drawing, const struct row *row,
                      struct place *place)
{
    struct phrase *main = &place->main, *note = &place->note;

    words_row(drawing->model, row, CALL_CHARS, main, note);
    size_t n = strlen(main->text);
    if (row->kind == ROW_ENTER && n + 5 < sizeof main->text)
        strcpy(main->text + n, " \342\200\246");
    else if (row->kind == ROW_EXIT && n + 5 < sizeof main->text)
        strcpy(main->text + n, " \342\226\240");
    else if (row->kind == ROW_SIGNAL && n + 5 < sizeof main->text)
        strcpy(main->text + n, " \342\234\226");
    text_fit(main->text, CALL_CHARS + 2);
    double width = text_width(main->text) * char_width;
    double more = 0;
    if (*note->text)
        more = 10 + text_width(note->text) * note_width;
    if (own_state(row))
        more += 10 + pill_width(own_state(row));
    place->note_below = *note->text && width + more > SIDE_MOST;
    return place->note_below ? width : width + more;
}

static double clamp(double value, double least, double most)
{
    return value < least ? least : value > most ? most : value;
}

static void lay_out(struct drawing *drawing)
{
    const struct model *model = drawing->model;
    double room[2] = {SIDE_LEAST, SIDE_LEAST}, y = TOP + 46;

    for (int i = 0; i < model->n_rows; i++) {
        const struct row *row = &model->rows[i];
        struct place *place = &drawing->place[i];
        if (calls(row)) {
            double wanted = measure(drawing, row, place);
            if (wanted > room[row->side])
                room[row->side] = wanted;
        }
        place->height = height_of(row, place);
        place->y = y + (place->note_below ? 11 : (int)(place->height / 2));
        y += place->height;
    }
    for (int side = 0; side < 2; side++)
        room[side] = clamp(room[side], SIDE_LEAST, SIDE_MOST + 12);
    drawing->bottom = y + 6;
    drawing->client = (int)(TIME_END + 12 + room[CLIENT]);
    drawing->left = drawing->client + 14;
    drawing->right = drawing->left + BAR + WIRE;
    drawing->server = drawing->right + BAR + 14;
    drawing->width = (int)(drawing->server + room[SERVER] + 20);
}

/* ---- lifelines and brackets ---- */

/* Where a side's line changes in a row: at the end of a slanted arrow. */
static double change_at(const struct drawing *drawing, int i, enum side side)
{
    const struct row *row = &drawing->model->rows[i];
    double y = drawing->place[i].y;

    if (row->kind != ROW_PACKET)
        return y;
    return row->side == side ? y - 4 : y + 4;
}

static void put_bar(const struct drawing *drawing, enum side side, int state,
                    double from, double to)
{
    double x = side == CLIENT ? drawing->left : drawing->right;
    char class[16];

    if (to <= from)
        return;
    snprintf(class, sizeof class, "b-%s", state_class(state));
    if (state == ST_NONE || state == ST_CLOSED)
        put_box(drawing->file, x + 3, from, 2, to - from, 0, class);
    else
        put_box(drawing->file, x, from, BAR, to - from, 2, class);
}

static void put_lifeline(const struct drawing *drawing, enum side side)
{
    const struct model *model = drawing->model;
    double from = TOP + 42;
    int state = ST_NONE;

    for (int i = 0; i < model->n_rows; i++) {
        int next = model->rows[i].state[side];
        if (model->rows[i].kind == ROW_LIKE || next == state)
            continue;
        double to = change_at(drawing, i, side);
        put_bar(drawing, side, state, from, to);
        from = to;
        state = next;
    }
    put_bar(drawing, side, state, from, drawing->bottom);
}

/* A dashed bracket beside the time that a side spends in a call. */
static void put_brackets(const struct drawing *drawing, enum side side)
{
    const struct model *model = drawing->model;
    double x = side == CLIENT ? drawing->left - 5 : drawing->right + BAR + 5;
    int tick = side == CLIENT ? -4 : 4;
    double from = -1;

    for (int i = 0; i <= model->n_rows; i++) {
        bool end = i == model->n_rows;
        bool wait = !end && model->rows[i].wait[side];
        double y = end ? drawing->bottom : drawing->place[i].y;
        if (wait && from < 0)
            from = y;
        if (wait || from < 0)
            continue;
        fprintf(drawing->file, "<path class=\"q\" d=\"M%g %gh%dV%g", x + tick,
                from, -tick, y);
        fprintf(drawing->file, end ? "\"/>\n" : "h%d\"/>\n", tick);
        from = -1;
    }
}

/* ---- rows ---- */

static void put_arrow(const struct drawing *drawing, const struct row *row,
                      double y, const char *class)
{
    double from = drawing->left + BAR + 2, to = drawing->right - 2;
    double direction = row->side == CLIENT ? 1 : -1;

    if (row->side == SERVER) {
        double other = from;
        from = to;
        to = other;
    }
    fprintf(drawing->file,
            "<path class=\"a k-%s\" d=\"M%g %gL%g %g\"/>"
            "<path class=\"f-%s\" d=\"M%g %gl%g -4.5v9z\"/>",
            class, from, y - 4, to - 8 * direction, y + 3.7, class, to, y + 4,
            -9.5 * direction);
}

/* What stands in front of a label: whose it is where connections mix. */
static void tag_of(const struct model *model, const struct row *row,
                   char text[16])
{
    *text = '\0';
    if (model->conns[row->conn].self)
        strcpy(text, "\342\206\272 ");
    else if (model->interleaved)
        snprintf(text, 16, "#%d ", row->conn + 1);
}

/* A segment that comes back to the socket that sent it. */
static void put_loop(const struct drawing *drawing, double y, const char *class)
{
    double from = drawing->left + BAR + 2;

    fprintf(drawing->file,
            "<path class=\"a k-%s\" d=\"M%g %gh%dq11 0 11 6t-11 6H%g\"/>"
            "<path class=\"f-%s\" d=\"M%g %gl9.5 -4.5v9z\"/>",
            class, from, y - 6, WIRE - 30, from + 8, class, from, y + 6);
}

static void put_packet(const struct drawing *drawing, const struct row *row,
                       double y)
{
    const char *class = packet_class(row->event);
    bool data = strcmp(class, "data") == 0, rst = strcmp(class, "rst") == 0;
    char label[PHRASE], tag[16], full[PHRASE + 16], text_class[16];
    double middle = (drawing->left + BAR + drawing->right) / 2;

    tag_of(drawing->model, row, tag);
    words_packet(row, 17 - text_width(tag), label, sizeof label);
    snprintf(full, sizeof full, "%s%s", tag, label);
    double width = text_width(full) * 7.25 + 14;
    if (drawing->model->conns[row->conn].self)
        put_loop(drawing, y, class);
    else
        put_arrow(drawing, row, y, class);
    put_box(drawing->file, middle - width / 2, y - 9.5, width, 19, 5,
            data  ? "d"
            : rst ? "r"
                  : "g");
    snprintf(text_class, sizeof text_class, "l %s%s", rst ? "o" : "f-",
             rst ? "" : class);
    put_text(drawing->file, middle, y + 4, text_class, full);
    for (int side = 0; side < 2; side++) {
        int state = row->become[side];
        double half = pill_width(state) / 2;
        if (state)
            put_pill(drawing->file,
                     side == CLIENT ? drawing->client - half
                                    : drawing->server + half,
                     (int)row->side == side ? y - 4 : y + 4, state);
    }
}

static void put_note(FILE *file, const struct phrase *note, const char *gap)
{
    fprintf(file, "<tspan%s class=\"n %s\">", gap, tone_class(note->tone));
    escaped(file, note->text);
    fputs("</tspan>", file);
}

/* The client's words end at their line, so a remark stands before them. */
static void put_call(const struct drawing *drawing, const struct row *row,
                     const struct place *place)
{
    FILE *file = drawing->file;
    bool client = row->side == CLIENT, beside = *place->note.text;
    const char *tone = tone_class(place->main.tone);
    double x = client ? drawing->client : drawing->server;
    char class[16];

    if (place->note_below)
        beside = false;
    snprintf(class, sizeof class, "%s%s%s", client ? "e" : "",
             client && *tone ? " " : "", tone);
    open_text(file, x, place->y + 4.5, class);
    if (client && beside) {
        put_note(file, &place->note, "");
        fputs("<tspan dx=\"10\">", file);
    }
    escaped(file, place->main.text);
    if (client && beside)
        fputs("</tspan>", file);
    if (!client && beside)
        put_note(file, &place->note, " dx=\"10\"");
    fputs("</text>\n", file);
    if (place->note_below) {
        snprintf(class, sizeof class, "%sn %s", client ? "e " : "",
                 tone_class(place->note.tone));
        put_text(file, x, place->y + 21, class, place->note.text);
    }
    int state = own_state(row);
    if (state) {
        double room = text_width(place->main.text) * char_width + 10 +
                      pill_width(state) / 2;
        put_pill(file, client ? x - room : x + room, place->y, state);
    }
}

/* Both lines broken by a wave, and how long nothing happened. */
static void put_gap(const struct drawing *drawing, double y, const char *text)
{
    for (int side = 0; side < 2; side++) {
        double x = (side ? drawing->right : drawing->left) + BAR / 2.0 - 8;
        fprintf(drawing->file,
                "<path class=\"y\" d=\"M%g %gq4 -6 8 0t8 0\"/>"
                "<path class=\"z\" d=\"M%g %gq4 -6 8 0t8 0M%g %gq4 -6 8 0t8 "
                "0\"/>\n",
                x, y, x, y - 2.6, x, y + 2.6);
    }
    put_text(drawing->file, (drawing->left + BAR + drawing->right) / 2, y + 4,
             "u m", text);
}

static void put_conn(const struct drawing *drawing, const struct row *row,
                     double y, const char *text)
{
    char times[PHRASE];

    words_times(drawing->model, row, times, sizeof times);
    put_box(drawing->file, 1, y - 14, drawing->width - 2, 28, 0, "x");
    open_text(drawing->file, EDGE, y + 4.5, "w");
    escaped(drawing->file, text);
    if (*times) {
        fputs("<tspan dx=\"14\" class=\"n warn\">", drawing->file);
        escaped(drawing->file, times);
        fputs("</tspan>", drawing->file);
    }
    fputs("</text>\n", drawing->file);
}

static void put_made_up(const struct drawing *drawing, const struct row *row,
                        double y)
{
    char text[PHRASE];
    double middle = (drawing->left + BAR + drawing->right) / 2;

    words_made_up(drawing->model, row, text, sizeof text);
    if (row->kind == ROW_GAP) {
        put_gap(drawing, y, text);
    } else if (row->kind == ROW_CONN) {
        put_conn(drawing, row, y, text);
    } else {
        double width = text_width(text) * state_width + 32;
        put_box(drawing->file, middle - width / 2, y - 11, width, 22, 11, "v");
        put_text(drawing->file, middle, y + 4, "u m warn", text);
    }
}

static void put_row(const struct drawing *drawing, int i)
{
    const struct row *row = &drawing->model->rows[i];
    const struct place *place = &drawing->place[i];
    char time[32];

    if (row->kind == ROW_PACKET) {
        put_packet(drawing, row, place->y);
    } else if (calls(row)) {
        put_call(drawing, row, place);
    } else {
        put_made_up(drawing, row, place->y);
        return;
    }
    words_time(drawing->model, row, time, sizeof time);
    if (*time)
        put_text(drawing->file, TIME_END, place->y + 4, "t", time);
}

/* ---- head and foot ---- */

/* Takes as many words off *text as fit. Returns false at its end. */
static bool take_line(const char **text, int columns, char *line, size_t size)
{
    const char *p = *text;
    size_t n = 0;
    int width = 0;

    if (*p == '\0')
        return false;
    while (*p) {
        size_t word = strcspn(p, " ");
        word += strspn(p + word, " ");
        char one[PHRASE];
        snprintf(one, sizeof one, "%.*s", (int)word, p);
        if ((n > 0 && width + text_width(one) > columns + 1) ||
            n + word + 1 > size)
            break;
        memcpy(line + n, p, word);
        n += word;
        width += text_width(one);
        p += word;
    }
    if (p == *text) { /* a word without end */
        n = size - 1 < strlen(p) ? size - 1 : strlen(p);
        memcpy(line, p, n);
        p += n;
    }
    line[n] = '\0';
    *text = p;
    return true;
}

static int count_lines(const char *text, int columns)
{
    char line[PHRASE];
    int n = 0;

    while (take_line(&text, columns, line, sizeof line))
        n++;
    return n;
}

static int foot_columns(const struct drawing *drawing)
{
    return (int)((drawing->width - 2 * EDGE) / foot_width);
}

static double foot_height(const struct drawing *drawing)
{
    int lines = 0;

    for (int i = 0; i < drawing->n_foot; i++)
        lines += count_lines(drawing->foot[i].text, foot_columns(drawing));
    return 24 + 17 * lines;
}

static void put_foot(const struct drawing *drawing)
{
    double y = drawing->bottom + 24;
    char line[PHRASE], class[16];

    fprintf(drawing->file, "<path class=\"j\" d=\"M%d %gH%g\"/>\n", EDGE,
            drawing->bottom + 6, drawing->width - EDGE);
    for (int i = 0; i < drawing->n_foot; i++) {
        const char *text = drawing->foot[i].text;
        enum tone tone = drawing->foot[i].tone;
        snprintf(class, sizeof class, "f%s",
                 tone == TONE_WARN || tone == TONE_BAD ? " warn" : "");
        while (take_line(&text, foot_columns(drawing), line, sizeof line)) {
            put_text(drawing->file, EDGE, y, class, line);
            y += 17;
        }
    }
}

static void put_who(const struct drawing *drawing, enum side side)
{
    static const char *const who[] = {"client", "server"};
    FILE *file = drawing->file;
    double bar = (side ? drawing->right : drawing->left) + BAR / 2.0;
    double room = side ? drawing->width - bar + 45 - EDGE : bar + 45 - EDGE;
    char command[SENTENCE + 8];

    snprintf(command, sizeof command, "%s",
             drawing->model->recording->command[side]);
    /* A program that is called what it is needs no second line. */
    bool named = strcmp(command, who[side]) != 0 && *command;
    text_fit(command, (int)((clamp(room, 90, 300) - 28) / state_width));
    double width = text_width(command) * state_width + 28;
    width = clamp(width, 90, 300);
    double x = side ? bar - 45 : bar + 45 - width;
    put_box(file, x, TOP - 14, width, 42, 7, "x");
    double end = side ? x + 14 : x + width - 14;
    if (!named) {
        put_text(file, x + width / 2, TOP + 11, "w m", who[side]);
        return;
    }
    put_text(file, end, TOP + 3, side ? "w" : "w e", who[side]);
    put_text(file, end, TOP + 19, side ? "u" : "u e", command);
}

static void put_head(const struct drawing *drawing, double height)
{
    const struct recording *recording = drawing->model->recording;
    const char *title = *recording->title ? recording->title : "x-ray";
    FILE *file = drawing->file;
    char line[SENTENCE + 8];

    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" "
            "width=\"%g\" height=\"%g\" style=\"max-width:100%%;height:auto\" "
            "role=\"img\">\n<title>",
            drawing->width, height, drawing->width, height);
    escaped(file, title);
    fputs("</title>\n<style>\n", file);
    for (size_t i = 0; i < sizeof css / sizeof *css; i++)
        fprintf(file, "%s\n", css[i]);
    fputs("</style>\n", file);
    put_box(file, .5, .5, drawing->width - 1, height - 1, 10, "c");
    snprintf(line, sizeof line, "%s", title);
    text_fit(line, (int)((drawing->width - 2 * EDGE) / title_width));
    put_text(file, EDGE, 31, "h", line);
    put_who(drawing, CLIENT);
    put_who(drawing, SERVER);
    put_text(file, (drawing->left + BAR + drawing->right) / 2, TOP + 11, "u m",
             recording->wire ? "wire" : "not seen");
    put_text(file, TIME_END, TOP + 11, "t", recording->stepped ? "step" : "ms");
}

int svg_draw(const struct model *model, FILE *file)
{
    struct drawing drawing = {.file = file, .model = model};

    drawing.place = calloc((size_t)model->n_rows + 1, sizeof *drawing.place);
    if (!drawing.place)
        return -1;
    lay_out(&drawing);
    drawing.n_foot = words_foot(model, drawing.foot);
    put_head(&drawing, drawing.bottom + foot_height(&drawing));
    for (int side = 0; side < 2; side++) {
        put_lifeline(&drawing, (enum side)side);
        put_brackets(&drawing, (enum side)side);
    }
    for (int i = 0; i < model->n_rows; i++)
        put_row(&drawing, i);
    put_foot(&drawing);
    fputs("</svg>\n", file);
    free(drawing.place);
    return fflush(file) == 0 && !ferror(file) ? 0 : -1;
}
