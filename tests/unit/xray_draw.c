/*
 * The pictures of saved runs: tests/unit/xray/NAME.events, drawn again, must be
 * the same byte for byte as NAME.txt (80 columns, UTF-8), NAME.narrow.txt,
 * NAME.ascii.txt, NAME.color.txt and NAME.svg. XRAY_GOLDEN=write writes them.
 */
#define _GNU_SOURCE /* open_memstream, memmem */
#include "events.h"
#include "model.h"
#include "svg.h"
#include "text.h"
#include "unit.h"
#include "words.h"

#include <ctype.h>
#include <string.h>

static const char *const names[] = {
    "reset",     "half-close", "many",  "fork", "calls-only",
    "wire-only", "deadlock",   "queue", "self", "awkward",
};

enum { NAMES = sizeof names / sizeof *names };

struct run {
    struct recording recording;
    struct model model;
};

static FILE *open_data(const char *name, const char *end, const char *mode)
{
    char path[256];

    snprintf(path, sizeof path, "tests/unit/xray/%s%s", name, end);
    FILE *file = fopen(path, mode);
    if (!file)
        ck_abort_msg("cannot open %s: run this from the kit's root", path);
    return file;
}

static void load(struct run *run, const char *name)
{
    char why[256] = "";
    FILE *file = open_data(name, ".events", "r");

    recording_init(&run->recording, 0);
    int result = events_load(&run->recording, file, why, sizeof why);
    fclose(file);
    ck_assert_msg(result == 0, "%s: %s", name, why);
    ck_assert_int_eq(model_build(&run->model, &run->recording), 0);
}

static void unload(struct run *run)
{
    model_free(&run->model);
    recording_free(&run->recording);
}

static char *draw_text(const struct run *run, struct text_style style)
{
    char *text;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    ck_assert_int_eq(text_draw(&run->model, &style, file), 0);
    fclose(file);
    return text;
}

static char *draw_svg(const struct run *run)
{
    char *text;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    ck_assert_int_eq(svg_draw(&run->model, file), 0);
    fclose(file);
    return text;
}

/* ---- golden files ---- */

static char *read_all(FILE *file)
{
    char *text = calloc(1, 1 << 20);

    size_t n = fread(text, 1, (1 << 20) - 1, file);
    text[n] = '\0';
    return text;
}

static void report_difference(const char *name, const char *end,
                              const char *want, const char *got)
{
    int line = 1;

    while (*want && *want == *got) {
        line += *want == '\n';
        want++;
        got++;
    }
    ck_abort_msg("%s%s differs from line %d on:\nwant: %.*s\n got: %.*s", name,
                 end, line, (int)strcspn(want, "\n"), want,
                 (int)strcspn(got, "\n"), got);
}

static void expect_golden(const char *name, const char *end, const char *got)
{
    const char *mode = getenv("XRAY_GOLDEN");

    if (mode && strcmp(mode, "write") == 0) {
        FILE *file = open_data(name, end, "w");
        fputs(got, file);
        fclose(file);
        return;
    }
    FILE *file = open_data(name, end, "r");
    char *want = read_all(file);
    fclose(file);
    if (strcmp(want, got) != 0)
        report_difference(name, end, want, got);
    free(want);
}

START_TEST(a_saved_run_draws_the_same_again)
{
    static const struct {
        const char *end;
        struct text_style style;
    } forms[] = {
        {".txt", {80, false, true}},
        {".narrow.txt", {60, false, true}},
        {".ascii.txt", {80, false, false}},
        {".color.txt", {100, true, true}},
    };
    struct run run;

    load(&run, names[_i]);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char *text = draw_text(&run, forms[i].style);
        expect_golden(names[_i], forms[i].end, text);
        free(text);
    }
    char *svg = draw_svg(&run);
    expect_golden(names[_i], ".svg", svg);
    free(svg);
    unload(&run);
}
END_TEST

/* ---- what holds for every picture ---- */

START_TEST(no_line_is_wider_than_asked)
{
    struct run run;

    load(&run, names[_i]);
    for (int width = TEXT_NARROWEST; width <= TEXT_WIDEST; width++) {
        char *text = draw_text(&run, (struct text_style){width, false, true});
        char *rest, *line = strtok_r(text, "\n", &rest);
        for (; line; line = strtok_r(NULL, "\n", &rest))
            ck_assert_msg(text_width(line) <= width, "%s at %d: %s", names[_i],
                          width, line);
        free(text);
    }
    unload(&run);
}
END_TEST

START_TEST(ascii_is_ascii_and_plain_is_plain)
{
    struct run run;

    load(&run, names[_i]);
    for (int width = 60; width <= 80; width += 20) {
        char *text = draw_text(&run, (struct text_style){width, false, false});
        for (const char *p = text; *p; p++)
            ck_assert_msg(*p == '\n' || (*p >= ' ' && *p <= '~'), "%s: byte %d",
                          names[_i], *p);
        free(text);
    }
    unload(&run);
}
END_TEST

/* Colour may only add escape sequences: the text between them is the same. */
START_TEST(colour_changes_no_word)
{
    struct run run;

    load(&run, names[_i]);
    char *plain = draw_text(&run, (struct text_style){80, false, true});
    char *color = draw_text(&run, (struct text_style){80, true, true});
    char *out = color;
    for (char *p = color; *p; p++) {
        if (*p == '\033')
            p += strcspn(p, "m");
        else
            *out++ = *p;
    }
    *out = '\0';
    ck_assert_str_eq(plain, color);
    free(plain);
    free(color);
    unload(&run);
}
END_TEST

/* ---- XML ---- */

static const char *skip_attribute(const char *p)
{
    while (isalnum((unsigned char)*p) || *p == '-' || *p == ':')
        p++;
    ck_assert_msg(p[0] == '=' && p[1] == '"', "attribute: %.40s", p);
    p += 2 + strcspn(p + 2, "\"<&");
    while (*p == '&')
        p += 1 + strcspn(p + 1, "\"<&");
    ck_assert_msg(*p == '"', "attribute value: %.40s", p);
    return p + 1;
}

static void expect_entity(const char *p)
{
    static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;"};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strncmp(p, known[i], strlen(known[i])) == 0)
            return;
    }
    ck_abort_msg("entity: %.20s", p);
}

/* Every tag is closed in its turn, every attribute quoted, text escaped. */
static void expect_well_formed(const char *p)
{
    char open[32][32];
    int depth = 0;

    while (*p) {
        if (*p == '&')
            expect_entity(p);
        if (*p == '\n') {
            p++;
            continue;
        }
        const char *next = p;
        ck_assert_msg(text_next(&next) != '?' || *p == '?', "byte %d", *p);
        if (*p != '<') {
            p = next;
            continue;
        }
        p++;
        bool closes = *p == '/';
        p += closes;
        size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyz");
        ck_assert_msg(n > 0 && n < 32, "tag: %.40s", p);
        if (closes) {
            ck_assert_int_gt(depth, 0);
            depth--;
            ck_assert_msg(strlen(open[depth]) == n &&
                              strncmp(open[depth], p, n) == 0,
                          "</%.20s closes <%s", p, open[depth]);
        } else {
            ck_assert_int_lt(depth, 32);
            snprintf(open[depth++], 32, "%.*s", (int)n, p);
        }
        p += n;
        while (*p == ' ')
            p = skip_attribute(p + 1);
        if (*p == '/') {
            depth--;
            p++;
        }
        ck_assert_msg(*p == '>', "end of tag: %.40s", p);
        p++;
    }
    ck_assert_int_eq(depth, 0);
}

START_TEST(the_svg_is_well_formed_and_small)
{
    struct run run;

    load(&run, names[_i]);
    char *svg = draw_svg(&run);
    expect_well_formed(svg);
    ck_assert_uint_lt(strlen(svg), 20000);
    ck_assert_ptr_null(strstr(svg, "<script"));
    ck_assert_ptr_null(strstr(svg, "@font-face"));
    ck_assert_ptr_null(strstr(svg, "url("));
    free(svg);
    unload(&run);
}
END_TEST

/* XML escapes undone, so that words can be looked for. */
static void unescape(char *text)
{
    static const struct {
        const char *name;
        char c;
    } entities[] = {
        {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}};
    char *out = text;

    while (*text) {
        char c = *text;
        size_t n = 1;
        for (int i = 0; i < 4 && c == '&'; i++) {
            if (strncmp(text, entities[i].name, strlen(entities[i].name)) ==
                0) {
                c = entities[i].c;
                n = strlen(entities[i].name);
                break;
            }
        }
        *out++ = c;
        text += n;
    }
    *out = '\0';
}

/* Remarks and the foot stand in both pictures, word for word. */
START_TEST(both_pictures_say_the_same)
{
    struct run run;
    struct phrase main, note, foot[FOOT_LINES];

    load(&run, names[_i]);
    char *text = draw_text(&run, (struct text_style){160, false, true});
    char *svg = draw_svg(&run);
    unescape(svg);
    for (int i = 0; i < run.model.n_rows; i++) {
        const struct row *row = &run.model.rows[i];
        if (!row->event || row->kind == ROW_PACKET)
            continue;
        words_row(&run.model, row, 33, &main, &note);
        ck_assert_msg(strstr(text, note.text) && strstr(svg, note.text),
                      "%s: %s", names[_i], note.text);
    }
    int n = words_foot(&run.model, foot);
    for (int i = 0; i < n; i++) {
        char word[64];
        snprintf(word, sizeof word, "%.24s", foot[i].text);
        ck_assert_msg(strstr(text, word) && strstr(svg, word), "%s: %s",
                      names[_i], foot[i].text);
    }
    free(text);
    free(svg);
    unload(&run);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("draw");

    tcase_add_loop_test(tests, a_saved_run_draws_the_same_again, 0, NAMES);
    tcase_add_loop_test(tests, no_line_is_wider_than_asked, 0, NAMES);
    tcase_add_loop_test(tests, ascii_is_ascii_and_plain_is_plain, 0, NAMES);
    tcase_add_loop_test(tests, colour_changes_no_word, 0, NAMES);
    tcase_add_loop_test(tests, the_svg_is_well_formed_and_small, 0, NAMES);
    tcase_add_loop_test(tests, both_pictures_say_the_same, 0, NAMES);
    return unit_run("xray-draw", tests);
}
