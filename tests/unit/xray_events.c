/* Files of events: what is saved loads again, and nothing else loads. */
#define _GNU_SOURCE /* open_memstream, fmemopen */
#include "events.h"
#include "unit.h"

#include <string.h>

static char *save(const struct recording *recording)
{
    char *text;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    ck_assert_int_eq(events_save(recording, file), 0);
    fclose(file);
    return text;
}

static int load(struct recording *recording, const char *text, size_t len,
                char why[256])
{
    FILE *file = fmemopen((void *)text, len, "r");

    recording_init(recording, 0);
    why[0] = '\0';
    int result = events_load(recording, file, why, 256);
    fclose(file);
    return result;
}

/* Every byte value, in every kind of event, with large and negative numbers. */
static void fill(struct recording *recording)
{
    recording_init(recording, 0);
    snprintf(recording->title, SENTENCE, "a \"title\" = \\ \n \x01 \xff");
    snprintf(recording->command[SERVER], SENTENCE, "server 7000");
    recording->stepped = recording->wire = true;
    recording->end = INT64_MAX;
    recording->pid[CLIENT] = 4321;
    recording_miss(recording, "the wire (%s)", "EPERM");
    for (int kind = 0; kind < EVENT_KINDS; kind++) {
        struct event *event = recording_add(recording, (enum event_kind)kind);
        event->side = kind % 2 ? SERVER : CLIENT;
        event->t0 = 1000 - kind;
        event->t1 = 2000;
        event->seq = 4000000000U;
        event->ret = -104;
        event->option = 1LL << 32 | 13;
        event->in.cookie = UINT64_MAX;
        event->in.state = 10;
        event->out.remote_port = 65535;
        event->snip_len = SNIP;
        for (int i = 0; i < SNIP; i++)
            event->snip[i] = (unsigned char)(i * 16 / 3 + 16 * kind);
        if (kind == EV_CALL)
            event->call = CALL_EPOLL_WAIT;
        if (kind == EV_COUNTER)
            snprintf(event->name, NAME, "TCPAbortOnClose");
    }
}

START_TEST(what_is_saved_loads_again)
{
    struct recording first, second;
    char why[256];

    fill(&first);
    char *text = save(&first);
    ck_assert_msg(load(&second, text, strlen(text), why) == 0, "%s", why);

    ck_assert_str_eq(first.title, second.title);
    ck_assert_uint_eq(first.n, second.n);
    recording_sort(&first);
    for (size_t i = 0; i < first.n; i++) {
        first.events[i].number = second.events[i].number;
        ck_assert_mem_eq(&first.events[i], &second.events[i],
                         sizeof first.events[i]);
    }
    /* Loading sorts; from then on saving and loading change nothing. */
    char *again = save(&second);
    struct recording third;
    ck_assert_int_eq(load(&third, again, strlen(again), why), 0);
    char *thrice = save(&third);
    ck_assert_str_eq(again, thrice);
    free(text);
    free(again);
    free(thrice);
    recording_free(&first);
    recording_free(&second);
    recording_free(&third);
}
END_TEST

static const struct {
    const char *text, *why;
} malformed[] = {
    {"\n", "line 1: not a file of events"},
    {"xray-events 2\nend\n", "line 1: not a file of events"},
    {"xray-events 1", "line 1: not a file of events"},
    {"xray-events 1\n", "line 1: the end is missing"},
    {"xray-events 1\nrun\n", "line 2: the end is missing"},
    {"xray-events 1\nrun", "line 2: a line that is cut off, too long, or not "
                           "text"},
    {"xray-events 1\nzebra\nend\n", "line 2: an unknown word"},
    {"xray-events 1\nrun stripes=1\nend\n", "line 2: an unknown field"},
    {"xray-events 1\nrun title\nend\n", "line 2: a field without a value"},
    {"xray-events 1\nrun title=x\nend\n", "line 2: a value that cannot be"},
    {"xray-events 1\nrun title=\"x\nend\n", "line 2: a value that cannot be"},
    {"xray-events 1\nrun title=\"\\x4\"\nend\n",
     "line 2: a value that cannot be"},
    {"xray-events 1\nrun title=\"\\x4z\"\nend\n",
     "line 2: a value that cannot be"},
    {"xray-events 1\nrun title=\"\\q\"\nend\n",
     "line 2: a value that cannot be"},
    {"xray-events 1\nrun title=\"a\\x00b\"\nend\n",
     "line 2: a value that cannot be"},
    {"xray-events 1\nrun title=\"a\"b\nend\n",
     "line 2: something behind a value"},
    {"xray-events 1\nrun wire=2\nend\n", "line 2: a value that cannot be"},
    {"xray-events 1\npacket t0=1x\nend\n", "line 2: a value that cannot be"},
    {"xray-events 1\npacket t0=\nend\n", "line 2: a value that cannot be"},
    {"xray-events 1\npacket from=65536\nend\n",
     "line 2: a value that cannot be"},
    {"xray-events 1\npacket seq=-1\nend\n", "line 2: a value that cannot be"},
    {"xray-events 1\npacket t0=99999999999999999999\nend\n",
     "line 2: a value that cannot be"},
    {"xray-events 1\npacket len=-5\nend\n", "line 2: a negative length"},
    {"xray-events 1\ncall fd=3\nend\n", "line 2: a call without a name"},
    {"xray-events 1\ncall call=fry\nend\n", "line 2: a value that cannot be"},
    {"xray-events 1\ncall call=recv side=left\nend\n",
     "line 2: a value that cannot be"},
    {"xray-events 1\ncall call=recv in.state=13\nend\n",
     "line 2: an unknown TCP state"},
    {"xray-events 1\ncall call=recv in.state=-1\nend\n",
     "line 2: an unknown TCP state"},
    {"xray-events 1\ncall call=recv t0=5 t1=4\nend\n",
     "line 2: an end before its begin"},
    {"xray-events 1\npacket data=\"12345678901234567890123456789012345678901234"
     "567890\"\nend\n",
     "line 2: a value that cannot be"},
};

START_TEST(what_is_malformed_is_refused_with_its_line)
{
    struct recording recording;
    char why[256];
    const char *text = malformed[_i].text;

    ck_assert_int_eq(load(&recording, text, strlen(text), why), -1);
    ck_assert_str_eq(why, malformed[_i].why);
    recording_free(&recording);
}
END_TEST

/* A file cut off anywhere is an error, never a shorter run. */
START_TEST(a_file_cut_off_anywhere_is_refused)
{
    struct recording recording, cut;
    char why[256];

    fill(&recording);
    char *text = save(&recording);
    for (size_t n = 1; n < strlen(text) - 1; n++) {
        ck_assert_int_eq(load(&cut, text, n, why), -1);
        recording_free(&cut);
    }
    free(text);
    recording_free(&recording);
}
END_TEST

/* Whatever one byte becomes, loading ends with an answer. */
START_TEST(no_single_byte_breaks_the_loader)
{
    static const char bytes[] = {'\0', '\n', '"', '\\', ' ',
                                 '=',  '9',  '-', 'x',  '\xff'};
    struct recording recording, changed;
    char why[256];

    fill(&recording);
    char *text = save(&recording);
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        char old = text[i];
        for (size_t b = 0; b < sizeof bytes; b++) {
            text[i] = bytes[b];
            int result = load(&changed, text, len, why);
            ck_assert(result == 0 || why[0] != '\0');
            recording_free(&changed);
        }
        text[i] = old;
    }
    free(text);
    recording_free(&recording);
}
END_TEST

START_TEST(a_full_recording_counts_what_it_leaves_out)
{
    struct recording recording;

    recording_init(&recording, 3);
    for (int i = 0; i < 10; i++)
        recording_add(&recording, EV_PACKET)->t0 = i;

    ck_assert_uint_eq(recording.n, 3);
    ck_assert_int_eq(recording.left_out, 7);
    ck_assert_int_eq(recording.events[2].t0, 2);
    recording_free(&recording);
}
END_TEST

START_TEST(a_sentence_is_missed_once)
{
    struct recording recording;

    recording_init(&recording, 0);
    for (int i = 0; i < 100; i++)
        recording_miss(&recording, "thing %d", i % 3);
    ck_assert_int_eq(recording.n_missing, 3);
    for (int i = 0; i < 100; i++)
        recording_miss(&recording, "thing %d", i);
    ck_assert_int_eq(recording.n_missing, MISSING);
}
END_TEST

START_TEST(events_of_one_time_keep_their_order)
{
    struct recording recording;

    recording_init(&recording, 0);
    for (int i = 0; i < 1000; i++) {
        struct event *event = recording_add(&recording, EV_PACKET);
        event->t0 = i % 2;
        event->len = i;
    }
    recording_sort(&recording);
    for (size_t i = 1; i < recording.n; i++) {
        const struct event *a = &recording.events[i - 1], *b = a + 1;
        ck_assert(a->t0 < b->t0 || (a->t0 == b->t0 && a->len < b->len));
    }
    recording_free(&recording);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("events");

    tcase_add_test(tests, what_is_saved_loads_again);
    tcase_add_loop_test(tests, what_is_malformed_is_refused_with_its_line, 0,
                        sizeof malformed / sizeof *malformed);
    tcase_add_test(tests, a_file_cut_off_anywhere_is_refused);
    tcase_add_test(tests, no_single_byte_breaks_the_loader);
    tcase_add_test(tests, a_full_recording_counts_what_it_leaves_out);
    tcase_add_test(tests, a_sentence_is_missed_once);
    tcase_add_test(tests, events_of_one_time_keep_their_order);
    return unit_run("xray-events", tests);
}
