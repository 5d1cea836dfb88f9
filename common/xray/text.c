#include "text.h"
#include "words.h"

#include <string.h>

enum { TWO_COLUMNS = 72, TIME = 8, NARROW_WIRE = 6 };

/* A cell's look: a colour and two bits. */
enum look {
    PLAIN,
    RED,
    GREEN,
    YELLOW,
    BLUE,
    MAGENTA,
    CYAN,
    COLOR = 7,
    DIM = 8,
    BOLD = 16,
};

struct cell {
    uint32_t c;
    int look;
};

struct canvas {
    FILE *file;
    int width;
    bool color, unicode;
    struct cell line[TEXT_WIDEST];
};

/* Where things stand: the client's text ends at `client`, lifelines at
 * `left` and `right`, the server's text begins at `server`. */
struct layout {
    int time; /* end of the first column */
    int client, left, right, server;
    int room; /* columns for a text on either side */
    bool narrow;
};

/* ---- the canvas ---- */

static void clear(struct canvas *canvas)
{
    for (int i = 0; i < TEXT_WIDEST; i++)
        canvas->line[i] = (struct cell){' ', PLAIN};
}

/* Writes from column x on. Returns the column behind. */
static int put(struct canvas *canvas, int x, const char *text, int look)
{
    while (*text) {
        uint32_t c = text_next(&text);
        if (x >= 0 && x < canvas->width)
            canvas->line[x] = (struct cell){c, look};
        x++;
    }
    return x;
}

static void put_right(struct canvas *canvas, int end, const char *text,
                      int look)
{
    put(canvas, end - text_width(text), text, look);
}

static char plain(uint32_t c)
{
    static const struct {
        uint32_t c;
        char ascii;
    } map[] = {
        {0x2500, '-'}, {0x2501, '='},  {0x2504, '.'}, {0x2503, '|'},
        {0x2506, ':'}, {0x250a, ':'},  {0x25ba, '>'}, {0x25c4, '<'},
        {0x256e, '.'}, {0x256f, '\''}, {0x256d, '.'}, {0x2570, '`'},
        {0x254e, ':'}, {0x2026, '~'},  {0xb7, '-'},   {0x2192, '>'},
        {0x22ee, ':'}, {0x25a0, '#'},  {0xd7, 'x'},   {0x2716, 'X'},
        {0x21ba, '@'},
    };

    for (size_t i = 0; i < sizeof map / sizeof *map; i++) {
        if (map[i].c == c)
            return map[i].ascii;
    }
    return c < 0x7f ? (char)c : '?';
}

static void put_utf8(FILE *file, uint32_t c)
{
    if (c < 0x80) {
        fputc((int)c, file);
    } else if (c < 0x800) {
        fputc((int)(0xc0 | c >> 6), file);
        fputc((int)(0x80 | (c & 0x3f)), file);
    } else if (c < 0x10000) {
        fputc((int)(0xe0 | c >> 12), file);
        fputc((int)(0x80 | (c >> 6 & 0x3f)), file);
        fputc((int)(0x80 | (c & 0x3f)), file);
    } else {
        fputc((int)(0xf0 | c >> 18), file);
        fputc((int)(0x80 | (c >> 12 & 0x3f)), file);
        fputc((int)(0x80 | (c >> 6 & 0x3f)), file);
        fputc((int)(0x80 | (c & 0x3f)), file);
    }
}

static void put_look(FILE *file, int look)
{
    static const char *const colors[] = {"",    ";31", ";32", ";33",
                                         ";34", ";35", ";36", ""};

    fprintf(file, "\033[0%s%s%sm", look & BOLD ? ";1" : "",
            look & DIM ? ";2" : "", colors[look & COLOR]);
}

/* Writes the line without blanks at its end, and begins the next. */
static void end_line(struct canvas *canvas)
{
    int n = canvas->width, look = PLAIN;

    while (n > 0 && canvas->line[n - 1].c == ' ')
        n--;
    for (int i = 0; i < n; i++) {
        const struct cell *cell = &canvas->line[i];
        if (canvas->color && cell->c != ' ' && cell->look != look) {
            look = cell->look;
            put_look(canvas->file, look);
        }
        if (canvas->unicode)
            put_utf8(canvas->file, cell->c);
        else
            fputc(plain(cell->c), canvas->file);
    }
    if (look != PLAIN)
        put_look(canvas->file, PLAIN);
    fputc('\n', canvas->file);
    clear(canvas);
}

static void rule(struct canvas *canvas, int from, int look)
{
    for (int x = from; x < canvas->width; x++)
        put(canvas, x, "\342\224\200", look);
    end_line(canvas);
}

/* ---- looks ---- */

static int state_look(int state)
{
    switch (state) {
    case ST_ESTABLISHED:
        return GREEN;
    case ST_SYN_SENT:
    case ST_SYN_RECV:
    case ST_NEW_SYN_RECV:
        return CYAN;
    case ST_CLOSE_WAIT:
    case ST_LAST_ACK:
        return MAGENTA;
    case ST_FIN_WAIT1:
    case ST_FIN_WAIT2:
    case ST_CLOSING:
        return YELLOW;
    case ST_TIME_WAIT:
    case ST_LISTEN:
        return BLUE;
    default:
        return DIM;
    }
}

static int tone_look(enum tone tone)
{
    static const int looks[] = {[TONE_PLAIN] = PLAIN,
                                [TONE_DIM] = DIM,
                                [TONE_WARN] = YELLOW,
                                [TONE_BAD] = RED | BOLD,
                                [TONE_NOTE] = CYAN};

    return looks[tone];
}

static int packet_look(const struct event *event)
{
    if (event->flags & FLAG_RST)
        return RED | BOLD;
    if (event->flags & FLAG_SYN)
        return CYAN;
    if (event->len > 0)
        return GREEN;
    return event->flags & FLAG_FIN ? YELLOW : DIM;
}

/* ---- parts of a row ---- */

static struct layout lay_out(int width)
{
    struct layout at = {.time = TIME - 1};

    if (width < TWO_COLUMNS) {
        at.narrow = true;
        at.left = TIME;
        at.right = at.left + 1 + NARROW_WIRE;
        at.server = at.right + 2;
        at.room = width - at.server;
        return at;
    }
    int rest = width - TIME, wire = rest * 28 / 100;
    if (wire > 34)
        wire = 34;
    at.room = (rest - wire - 6) / 2;
    wire = rest - 6 - 2 * at.room;
    at.client = TIME + at.room;
    at.left = at.client + 2;
    at.right = at.left + 1 + wire;
    at.server = at.right + 3;
    return at;
}

static void draw_lifelines(struct canvas *canvas, const struct layout *at,
                           const struct row *row)
{
    for (int side = 0; side < 2; side++) {
        int x = side ? at->right : at->left, state = row->state[side];
        const char *line = "\342\224\203";
        if (row->kind == ROW_GAP || row->kind == ROW_FOLD)
            line = "\342\224\206";
        else if (state == ST_NONE || state == ST_CLOSED)
            line = "\342\224\212";
        put(canvas, x, line, state_look(state));
        if (row->wait[side] && !at->narrow)
            put(canvas, side ? x + 1 : x - 1, "\342\225\216", DIM);
    }
}

/* Text beside a lifeline, cut to its room. */
static void put_beside(struct canvas *canvas, const struct layout *at,
                       enum side side, const char *text, int look)
{
    char fitted[PHRASE + 8];

    snprintf(fitted, sizeof fitted, "%s", text);
    text_fit(fitted, at->room);
    if (side == CLIENT && !at->narrow)
        put_right(canvas, at->client, fitted, look);
    else
        put(canvas, at->server, fitted, look);
}

static void put_time(struct canvas *canvas, const struct layout *at,
                     const struct model *model, const struct row *row)
{
    char text[32];

    words_time(model, row, text, sizeof text);
    put_right(canvas, at->time, text, DIM);
}

static const char *body_of(const struct event *event)
{
    if (event->flags & FLAG_RST)
        return "\342\224\201";
    if (event->len == 0 && !(event->flags & (FLAG_SYN | FLAG_FIN)))
        return "\342\224\204";
    return "\342\224\200";
}

static void draw_arrow(struct canvas *canvas, const struct layout *at,
                       const struct model *model, const struct row *row)
{
    bool self = model->conns[row->conn].self;
    int from = at->left + 1, look = packet_look(row->event);

    for (int x = from; x < at->right; x++)
        put(canvas, x, body_of(row->event), look);
    /* What a socket sends to itself turns round on its way. */
    if (self)
        put(canvas, at->right - 1, "\342\225\257", look);
    if (row->side == CLIENT && !self)
        put(canvas, at->right - 1, "\342\226\272", look);
    else
        put(canvas, from, "\342\227\204", look);
}

/* "#3 " where the rows of several connections mix. */
static void tag_of(const struct model *model, const struct row *row,
                   char text[16])
{
    *text = '\0';
    if (model->conns[row->conn].self)
        strcpy(text, "\342\206\272 ");
    else if (model->interleaved)
        snprintf(text, 16, "#%d ", row->conn + 1);
}

static void draw_packet(struct canvas *canvas, const struct layout *at,
                        const struct model *model, const struct row *row)
{
    int wire = at->right - at->left - 1, look = packet_look(row->event);
    char label[PHRASE], tag[16];

    tag_of(model, row, tag);
    int room = wire - 6 - text_width(tag);
    words_packet(row, room, label, sizeof label);
    draw_arrow(canvas, at, model, row);
    int n = text_width(label) + text_width(tag);
    int x = at->left + 1 + (wire - n - 2) / 2;
    x = put(canvas, x, " ", PLAIN);
    x = put(canvas, x, tag, DIM);
    x = put(canvas, x, label, look == DIM ? DIM : look | BOLD);
    put(canvas, x, " ", PLAIN);
    for (int side = 0; side < 2; side++) {
        if (row->become[side])
            put_beside(canvas, at, (enum side)side,
                       state_name(row->become[side]),
                       state_look(row->become[side]));
    }
    end_line(canvas);
}

/* One column: the label and the states stand right of the lifelines, those
 * that do not fit on lines of their own. */
static void draw_packet_narrow(struct canvas *canvas, const struct layout *at,
                               const struct model *model, const struct row *row)
{
    static const char *const who[] = {"client ", "server "};
    int look = packet_look(row->event);
    char label[PHRASE], tag[16];

    tag_of(model, row, tag);
    words_packet(row, at->room - text_width(tag), label, sizeof label);
    text_fit(label, at->room - text_width(tag));
    draw_arrow(canvas, at, model, row);
    int x = put(canvas, at->server, tag, DIM);
    x = put(canvas, x, label, look == DIM ? DIM : look | BOLD) + 2;
    for (int side = 0; side < 2; side++) {
        const char *name = state_name(row->become[side]);
        if (row->become[side] == ST_NONE)
            continue;
        if (x + 7 + text_width(name) > canvas->width) {
            end_line(canvas);
            draw_lifelines(canvas, at, row);
            x = at->server + 2;
        }
        x = put(canvas, x, who[side], DIM);
        x = put(canvas, x, name, state_look(row->become[side])) + 2;
    }
    end_line(canvas);
}

/* ---- rows ---- */

/* The bracket beside a call that waited. */
static void draw_bracket(struct canvas *canvas, const struct layout *at,
                         const struct model *model, const struct row *row)
{
    bool client = row->side == CLIENT;
    int x = client ? at->left - 1 : at->right + 1;

    if (at->narrow)
        return;
    if (row->kind == ROW_ENTER && row->wait[row->side])
        put(canvas, x, client ? "\342\225\256" : "\342\225\255", DIM);
    if (row->kind == ROW_LEAVE && model->tasks[row->side] < 2)
        put(canvas, x, client ? "\342\225\257" : "\342\225\260", DIM);
}

/* Splits a call that is too long before its result. */
static void break_result(char *text, int room, char *over, size_t size)
{
    *over = '\0';
    if (text_width(text) <= room)
        return;
    char *result = strstr(text, " = ");
    if (result) {
        snprintf(over, size, "%s", result + 1);
        *result = '\0';
    }
}

static void put_call(struct canvas *canvas, const struct layout *at,
                     const struct row *row, const struct phrase *main,
                     const struct phrase *note)
{
    int look = tone_look(main->tone), note_look = tone_look(note->tone);

    put_beside(canvas, at, row->side, main->text, look);
    if (*note->text == '\0')
        return;
    int n = text_width(main->text) + 2;
    if (row->side == CLIENT && !at->narrow)
        put_right(canvas, at->client - n, note->text, note_look);
    else
        put(canvas, at->server + n, note->text, note_look);
}

/* A state that no segment brought stands on the row of the call. */
static void put_own_state(struct canvas *canvas, const struct layout *at,
                          const struct row *row)
{
    int state = row->become[row->side];

    if (state == ST_NONE)
        return;
    if (state == ST_LISTEN && row->side == SERVER)
        put_right(canvas, at->server + at->room, "LISTEN", state_look(state));
    else if (at->narrow)
        return;
    else if (row->side == CLIENT)
        put(canvas, at->left + 2, state_name(state), state_look(state));
    else
        put_right(canvas, at->right - 1, state_name(state), state_look(state));
}

static void decorate(const struct layout *at, const struct row *row,
                     struct phrase *main)
{
    static const char *const who[] = {"client ", "server "};
    const char *sign = row->kind == ROW_EXIT     ? "\342\226\240"
                       : row->kind == ROW_SIGNAL ? "\342\234\226"
                                                 : NULL;
    char text[PHRASE];

    snprintf(text, sizeof text, "%s", main->text);
    if (sign && row->side == CLIENT && !at->narrow)
        snprintf(main->text, PHRASE, "%.*s %s", PHRASE - 6, text, sign);
    else if (sign)
        snprintf(main->text, PHRASE, "%s %.*s", sign, PHRASE - 6, text);
    else if (row->kind == ROW_ENTER)
        snprintf(main->text, PHRASE, "%.*s \342\200\246", PHRASE - 6, text);
    if (at->narrow) {
        snprintf(text, sizeof text, "%s", main->text);
        snprintf(main->text, PHRASE, "%s%.*s", who[row->side], PHRASE - 8,
                 text);
    }
}

static void draw_call(struct canvas *canvas, const struct layout *at,
                      const struct model *model, const struct row *row)
{
    struct phrase main, note, more = {"", TONE_PLAIN};
    int used = (at->narrow ? 7 : 0) + (row->kind == ROW_ENTER ? 2 : 0);

    words_row(model, row, at->room - used, &main, &note);
    decorate(at, row, &main);
    more.tone = main.tone;
    break_result(main.text, at->room, more.text, sizeof more.text);
    bool one = *note.text && !*more.text &&
               text_width(main.text) + 2 + text_width(note.text) <= at->room;
    draw_bracket(canvas, at, model, row);
    put_call(canvas, at, row, &main,
             one ? &note : &(struct phrase){"", TONE_PLAIN});
    put_own_state(canvas, at, row);
    end_line(canvas);
    if (*more.text) {
        draw_lifelines(canvas, at, row);
        put_beside(canvas, at, row->side, more.text, tone_look(more.tone));
        end_line(canvas);
    }
    if (*note.text && !one) {
        draw_lifelines(canvas, at, row);
        put_beside(canvas, at, row->side, note.text, tone_look(note.tone));
        end_line(canvas);
    }
}

static void draw_conn(struct canvas *canvas, const struct model *model,
                      const struct row *row, bool first)
{
    char text[PHRASE], times[PHRASE], line[2 * PHRASE + 16];

    clear(canvas);
    if (!first)
        end_line(canvas);
    words_made_up(model, row, text, sizeof text);
    words_times(model, row, times, sizeof times);
    snprintf(line, sizeof line, "\342\224\200\342\224\200 %s%s%s ", text,
             *times ? " \302\267 " : "", times);
    text_fit(line, canvas->width);
    int x = put(canvas, 0, line, BOLD);
    rule(canvas, x, DIM);
}

static void draw_made_up(struct canvas *canvas, const struct layout *at,
                         const struct model *model, const struct row *row)
{
    char text[PHRASE], line[PHRASE + 16];
    int look = row->kind == ROW_GAP ? DIM : YELLOW;

    if (row->kind == ROW_LIKE)
        clear(canvas);
    words_made_up(model, row, text, sizeof text);
    snprintf(line, sizeof line, " %s%s ",
             row->kind == ROW_GAP ? "" : "\342\213\256 ", text);
    put_right(canvas, at->time, "\342\213\256", DIM);
    int x = at->narrow ? at->server - 1
                       : (at->left + at->right + 1 - text_width(line)) / 2;
    if (x < TIME)
        x = TIME;
    text_fit(line, canvas->width - x);
    put(canvas, x, line, look);
    end_line(canvas);
}

static void draw_row(struct canvas *canvas, const struct layout *at,
                     const struct model *model, const struct row *row,
                     bool first)
{
    if (row->kind == ROW_CONN) {
        draw_conn(canvas, model, row, first);
        return;
    }
    draw_lifelines(canvas, at, row);
    if (row->kind == ROW_GAP || row->kind == ROW_LIKE ||
        row->kind == ROW_FOLD) {
        draw_made_up(canvas, at, model, row);
        return;
    }
    put_time(canvas, at, model, row);
    if (row->kind != ROW_PACKET)
        draw_call(canvas, at, model, row);
    else if (at->narrow)
        draw_packet_narrow(canvas, at, model, row);
    else
        draw_packet(canvas, at, model, row);
}

/* ---- head and foot ---- */

static void draw_head(struct canvas *canvas, const struct layout *at,
                      const struct recording *recording)
{
    const char *wire = recording->wire ? "wire" : "wire not seen";
    int middle = at->left + 1 + (at->right - at->left - 1) / 2;
    char title[SENTENCE + 8];

    if (*recording->title) {
        snprintf(title, sizeof title, "%s", recording->title);
        text_fit(title, canvas->width);
        put(canvas, 0, title, BOLD);
        end_line(canvas);
    }
    put_right(canvas, at->time, recording->stepped ? "step" : "ms", DIM);
    if (at->narrow) {
        put(canvas, at->left, "C", BOLD);
        put(canvas, at->right, "S", BOLD);
        put(canvas, at->server, recording->wire ? "" : wire, DIM);
    } else {
        put_right(canvas, at->client, "client", BOLD);
        put(canvas, at->server, "server", BOLD);
        put(canvas, middle - (int)strlen(wire) / 2, wire, DIM);
        bool named = strcmp(recording->command[CLIENT], "client") != 0 ||
                     strcmp(recording->command[SERVER], "server") != 0;
        if (named)
            end_line(canvas);
        for (int side = 0; side < 2 && named; side++)
            put_beside(canvas, at, (enum side)side, recording->command[side],
                       DIM);
    }
    end_line(canvas);
    rule(canvas, 0, DIM);
}

/* Breaks a line of the foot at a blank before the edge. */
static void draw_foot_line(struct canvas *canvas, const struct phrase *phrase)
{
    int x = 0;
    const char *word = phrase->text;

    while (*word) {
        char one[PHRASE];
        size_t n = strcspn(word, " ");
        snprintf(one, sizeof one, "%.*s", (int)n, word);
        text_fit(one, canvas->width - 2);
        if (x > 0 && x + 1 + text_width(one) > canvas->width) {
            end_line(canvas);
            x = 1;
        }
        x = put(canvas, x ? x + 1 : 0, one, tone_look(phrase->tone));
        word += n + strspn(word + n, " ");
    }
    end_line(canvas);
}

int text_draw(const struct model *model, const struct text_style *style,
              FILE *file)
{
    struct canvas canvas = {.file = file,
                            .width = style->width,
                            .color = style->color,
                            .unicode = style->unicode};
    struct phrase lines[FOOT_LINES];

    if (canvas.width < TEXT_NARROWEST)
        canvas.width = TEXT_NARROWEST;
    if (canvas.width > TEXT_WIDEST)
        canvas.width = TEXT_WIDEST;
    struct layout at = lay_out(canvas.width);
    clear(&canvas);
    draw_head(&canvas, &at, model->recording);
    for (int i = 0; i < model->n_rows; i++)
        draw_row(&canvas, &at, model, &model->rows[i], i == 0);
    rule(&canvas, 0, DIM);
    int n = words_foot(model, lines);
    for (int i = 0; i < n; i++)
        draw_foot_line(&canvas, &lines[i]);
    return fflush(file) == 0 && !ferror(file) ? 0 : -1;
}
