/* The model: what it says is true of a run, and what it notices if not. */
#define _GNU_SOURCE
#include "events.h"
#include "model.h"
#include "unit.h"
#include "words.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static void load(struct recording *recording, const char *name)
{
    char path[256], why[256];

    snprintf(path, sizeof path, "tests/unit/xray/%s.events", name);
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "cannot open %s", path);
    recording_init(recording, 0);
    ck_assert_int_eq(events_load(recording, file, why, sizeof why), 0);
    fclose(file);
}

/* The one event of that kind, and of that call, on that side. */
static struct event *find(struct recording *recording, enum event_kind kind,
                          enum call_id call, enum side side)
{
    for (size_t i = 0; i < recording->n; i++) {
        struct event *event = &recording->events[i];
        if (event->kind == kind && event->call == call &&
            (kind == EV_PACKET ? event->len > 0 : event->side == side))
            return event;
    }
    ck_abort_msg("no such event");
    return NULL;
}

/* ---- truth ---- */

START_TEST(every_saved_run_is_true)
{
    static const char *const names[] = {
        "reset", "half-close", "many", "fork", "queue", "self", "vanished"};
    struct recording recording;
    struct model model;

    load(&recording, names[_i]);
    ck_assert_int_eq(model_build(&model, &recording), 0);
    ck_assert_int_gt(model.checks, 0);
    ck_assert_int_eq(model.agree, model.checks);
    ck_assert_int_gt(model.emitted, 0);
    ck_assert_int_eq(model.misplaced, 0);
    model_free(&model);
    recording_free(&recording);
}
END_TEST

static void rebuild(struct model *model, struct recording *recording)
{
    recording_sort(recording);
    ck_assert_int_eq(model_build(model, recording), 0);
}

START_TEST(a_segment_before_its_call_is_noticed)
{
    struct recording recording;
    struct model model;

    load(&recording, "reset");
    find(&recording, EV_PACKET, CALL_NONE, CLIENT)->t0 =
        find(&recording, EV_CALL, CALL_SEND, CLIENT)->t0 - 1;
    rebuild(&model, &recording);
    ck_assert_int_gt(model.misplaced, 0);
    model_free(&model);
    recording_free(&recording);
}
END_TEST

START_TEST(a_segment_after_its_call_is_noticed)
{
    struct recording recording;
    struct model model;

    load(&recording, "reset");
    find(&recording, EV_CALL, CALL_SEND, CLIENT)->t1 =
        find(&recording, EV_PACKET, CALL_NONE, CLIENT)->t0 - 1;
    rebuild(&model, &recording);
    ck_assert_int_eq(model.misplaced, 1);
    model_free(&model);
    recording_free(&recording);
}
END_TEST

START_TEST(a_recv_before_its_segment_is_noticed)
{
    struct recording recording;
    struct model model;

    load(&recording, "reset");
    struct event *recv = find(&recording, EV_CALL, CALL_RECV, SERVER);
    recv->t1 = find(&recording, EV_PACKET, CALL_NONE, CLIENT)->t0 - 1;
    rebuild(&model, &recording);
    ck_assert_int_eq(model.misplaced, 1);
    model_free(&model);
    recording_free(&recording);
}
END_TEST

START_TEST(an_end_of_stream_without_a_fin_is_noticed)
{
    struct recording recording;
    struct model model;

    load(&recording, "deadlock");
    struct event *recv = find(&recording, EV_CALL, CALL_RECV, CLIENT);
    recv->unfinished = false;
    recv->t1 = recording.end - 1;
    recv->ret = 0;
    rebuild(&model, &recording);
    ck_assert_int_eq(model.misplaced, 1);
    model_free(&model);
    recording_free(&recording);
}
END_TEST

START_TEST(a_state_that_differs_from_the_kernels_is_noticed)
{
    struct recording recording;
    struct model model;

    load(&recording, "reset");
    find(&recording, EV_CALL, CALL_SEND, CLIENT)->out.state = ST_CLOSE_WAIT;
    rebuild(&model, &recording);
    ck_assert_int_eq(model.agree, model.checks - 1);
    model_free(&model);
    recording_free(&recording);
}
END_TEST

static void expect_foot(const struct model *model, const char *words,
                        enum tone tone)
{
    struct phrase lines[FOOT_LINES];
    int n = words_foot(model, lines);

    for (int i = 0; i < n; i++) {
        if (strstr(lines[i].text, words)) {
            ck_assert_int_eq(lines[i].tone, tone);
            return;
        }
    }
    ck_abort_msg("the foot does not say \"%s\"", words);
}

START_TEST(what_was_lost_or_left_out_is_said)
{
    struct recording recording;
    struct model model;

    load(&recording, "reset");
    ck_assert_int_eq(model_build(&model, &recording), 0);
    expect_foot(&model, "6 segments, 0 lost, 0 out of place", TONE_DIM);
    model_free(&model);

    recording.packets_lost = 3;
    recording.left_out = 77;
    ck_assert_int_eq(model_build(&model, &recording), 0);
    expect_foot(&model, "6 segments, 3 lost", TONE_WARN);
    expect_foot(&model, "77 more events did not fit", TONE_WARN);
    model_free(&model);
    recording_free(&recording);
}
END_TEST

/* A pure function: the same rows each time, from a recording it leaves alone.
 */
START_TEST(the_model_changes_nothing_and_repeats_itself)
{
    struct recording recording;
    struct model first, second;

    load(&recording, "many");
    size_t size = recording.n * sizeof *recording.events;
    struct event *copy = malloc(size);
    memcpy(copy, recording.events, size);
    ck_assert_int_eq(model_build(&first, &recording), 0);
    ck_assert_int_eq(model_build(&second, &recording), 0);

    ck_assert_mem_eq(copy, recording.events, size);
    ck_assert_int_eq(first.n_rows, second.n_rows);
    for (int i = 0; i < first.n_rows; i++) {
        ck_assert_int_eq(first.rows[i].kind, second.rows[i].kind);
        ck_assert_ptr_eq(first.rows[i].event, second.rows[i].event);
        ck_assert_int_eq(first.rows[i].state[0], second.rows[i].state[0]);
        ck_assert_int_eq(first.rows[i].state[1], second.rows[i].state[1]);
    }
    free(copy);
    model_free(&first);
    model_free(&second);
    recording_free(&recording);
}
END_TEST

/* ---- crowds ---- */

/* Copies of all packets and calls of one saved connection, each on a port and
 * with sockets of its own; change() may make one of them different. */
static void multiply(struct recording *crowd, const struct recording *one,
                     int n, void (*change)(struct event *event, int i))
{
    int64_t span = one->end - one->begin + 1000;

    recording_init(crowd, 0);
    crowd->wire = crowd->calls = crowd->private_net = true;
    crowd->begin = one->begin;
    crowd->end = one->begin + n * span;
    for (int i = 0; i < n; i++) {
        for (size_t j = 0; j < one->n; j++) {
            if (one->events[j].kind > EV_CALL)
                continue;
            struct event *event = recording_add(crowd, EV_PACKET);
            uint32_t number = event->number;
            *event = one->events[j];
            event->number = number;
            event->t0 += i * span;
            event->t1 += event->t1 ? i * span : 0;
            uint16_t port = (uint16_t)(10000 + i);
            struct socket_view *views[] = {&event->in, &event->out};
            for (int v = 0; v < 2; v++) {
                views[v]->cookie += views[v]->cookie ? 1000ULL * i : 0;
                if (views[v]->local_port > 7000)
                    views[v]->local_port = port;
                if (views[v]->remote_port > 7000)
                    views[v]->remote_port = port;
            }
            event->from = event->from > 7000 ? port : event->from;
            event->to = event->to > 7000 ? port : event->to;
            if (change)
                change(event, i);
        }
    }
    recording_sort(crowd);
}

static int64_t cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int count(const struct model *model, enum row_kind kind)
{
    int n = 0;

    for (int i = 0; i < model->n_rows; i++)
        n += model->rows[i].kind == kind;
    return n;
}

START_TEST(five_thousand_alike_become_one_and_a_sentence)
{
    struct recording one, crowd;
    struct model model;

    load(&one, "reset");
    multiply(&crowd, &one, 5000, NULL);
    int64_t begin = cpu_ms();
    ck_assert_int_eq(model_build(&model, &crowd), 0);
    ck_assert_int_lt(cpu_ms() - begin, 5000);

    ck_assert_int_eq(model.n_conns, 5000);
    ck_assert_int_eq(model.conns[0].n_like, 5000);
    ck_assert_int_eq(count(&model, ROW_CONN), 1);
    ck_assert_int_eq(count(&model, ROW_LIKE), 1);
    ck_assert_int_eq(model.agree, model.checks);
    ck_assert_int_eq(model.misplaced, 0);
    model_free(&model);
    recording_free(&crowd);
    recording_free(&one);
}
END_TEST

static void every_fifth_fails(struct event *event, int i)
{
    if (event->kind == EV_CALL && event->call == CALL_RECV &&
        event->side == CLIENT && i % 5 == 0)
        event->ret = -ETIMEDOUT;
}

START_TEST(two_ways_to_go_are_two_ladders)
{
    struct recording one, crowd;
    struct model model;
    char text[PHRASE];

    load(&one, "reset");
    multiply(&crowd, &one, 200, every_fifth_fails);
    ck_assert_int_eq(model_build(&model, &crowd), 0);
    ck_assert_int_eq(count(&model, ROW_CONN), 2);
    ck_assert_int_eq(model.conns[0].n_like, 40);
    ck_assert_int_eq(model.conns[1].n_like, 160);
    for (int i = 0; i < model.n_rows; i++) {
        if (model.rows[i].kind == ROW_CONN && model.rows[i].conn == 1) {
            words_times(&model, &model.rows[i], text, sizeof text);
            ck_assert_str_eq(text, "160 connections went this way");
        }
    }
    model_free(&model);
    recording_free(&crowd);
    recording_free(&one);
}
END_TEST

static void each_is_different(struct event *event, int i)
{
    if (event->kind == EV_CALL && event->call == CALL_CLOSE)
        event->in.unread = i;
}

START_TEST(a_thousand_different_ones_end_somewhere)
{
    struct recording one, crowd;
    struct model model;

    load(&one, "reset");
    multiply(&crowd, &one, 1000, each_is_different);
    ck_assert_int_eq(model_build(&model, &crowd), 0);
    ck_assert_int_eq(count(&model, ROW_CONN), 6);
    ck_assert_int_le(model.n_rows, 520);
    int hidden = 0;
    for (int i = 0; i < model.n_rows; i++)
        hidden += model.rows[i].kind == ROW_LIKE ? model.rows[i].fold.n : 0;
    ck_assert_int_eq(hidden, 994);
    model_free(&model);
    recording_free(&crowd);
    recording_free(&one);
}
END_TEST

/* One connection on which data flows for long. */
static void pour(struct recording *recording, int segments)
{
    struct event *last = NULL;
    uint32_t seq = 0;

    load(recording, "wire-only");
    for (size_t i = 0; i < recording->n; i++) {
        struct event *event = &recording->events[i];
        if (event->kind == EV_PACKET && event->len > 0 && !last) {
            last = event;
            seq = event->seq + (uint32_t)event->len;
        }
    }
    ck_assert_ptr_nonnull(last);
    struct event data = *last;
    for (int i = 0; i < segments; i++) {
        struct event *event = recording_add(recording, EV_PACKET);
        uint32_t number = event->number;
        *event = data;
        event->number = number;
        event->t0 = event->t1 = data.t0 + 1 + i;
        event->seq = seq;
        seq += (uint32_t)event->len;
    }
    recording_sort(recording);
}

START_TEST(long_data_folds_and_is_counted)
{
    struct recording recording;
    struct model model;
    char text[PHRASE] = "";

    pour(&recording, 1000);
    ck_assert_int_eq(model_build(&model, &recording), 0);
    ck_assert_int_eq(count(&model, ROW_FOLD), 1);
    ck_assert_int_lt(model.n_rows, 40);
    int drawn = count(&model, ROW_PACKET);
    for (int i = 0; i < model.n_rows; i++) {
        if (model.rows[i].kind != ROW_FOLD)
            continue;
        ck_assert_int_eq(model.rows[i].fold.segments + drawn, model.packets);
        words_made_up(&model, &model.rows[i], text, sizeof text);
    }
    ck_assert_msg(strstr(text, " segments, ") != NULL, "%s", text);
    model_free(&model);
    recording_free(&recording);
}
END_TEST

/* Whatever happens often, and folds in no other way. */
START_TEST(a_ladder_ends_and_counts_what_it_folds)
{
    struct recording recording;
    struct model model;
    int folded = 0;

    load(&recording, "reset");
    for (int i = 0; i < 3000; i++) {
        struct event *event = recording_add(&recording, EV_SIGNAL);
        event->pid = event->tid = recording.pid[CLIENT];
        event->t0 = event->t1 = recording.begin + i;
        event->signal = 10 + i % 2;
    }
    rebuild(&model, &recording);
    ck_assert_int_le(model.n_rows, 501);
    for (int i = 0; i < model.n_rows; i++)
        folded += model.rows[i].kind == ROW_FOLD ? model.rows[i].fold.n : 0;
    ck_assert_int_gt(folded, 2500);
    model_free(&model);
    recording_free(&recording);
}
END_TEST

/* The kernel drops the ACK of a handshake while the accept queue is full, and
 * sends its SYN ACK once more: until then the server's end is not open. */
START_TEST(a_handshake_that_is_repeated_was_not_complete)
{
    struct recording recording;
    struct model model;
    struct event again = {0};

    load(&recording, "reset");
    int64_t data = find(&recording, EV_PACKET, CALL_NONE, CLIENT)->t0;
    for (size_t i = 0; i < recording.n; i++) {
        if (recording.events[i].flags == (FLAG_SYN | FLAG_ACK))
            again = recording.events[i];
    }
    again.t0 = again.t1 = data - 1;
    *recording_add(&recording, EV_PACKET) = again;
    rebuild(&model, &recording);
    for (size_t i = 0; i < recording.n; i++) {
        const struct event *event = &recording.events[i];
        if (event->kind != EV_PACKET || event->flags & FLAG_SYN)
            continue;
        ck_assert_int_eq(model.info[i].state[SERVER] == ST_SYN_RECV,
                         event->t0 < data);
    }
    model_free(&model);
    recording_free(&recording);
}
END_TEST

START_TEST(a_segment_sent_before_is_sent_again)
{
    struct recording recording;
    struct model model;
    int again = 0;

    load(&recording, "queue");
    ck_assert_int_eq(model_build(&model, &recording), 0);
    for (size_t i = 0; i < recording.n; i++)
        again += model.info[i].again;
    ck_assert_int_eq(again, 2);
    model_free(&model);
    recording_free(&recording);
}
END_TEST

START_TEST(sockets_left_behind_are_counted_by_end_and_state)
{
    struct recording recording;
    struct model model;

    load(&recording, "many");
    ck_assert_int_eq(model_build(&model, &recording), 0);
    ck_assert_int_eq(model.n_left, 3);
    ck_assert_int_eq(model.left[0].side, CLIENT);
    ck_assert_int_eq(model.left[0].state, ST_FIN_WAIT2);
    ck_assert_int_eq(model.left[0].n, 5);
    ck_assert_int_eq(model.left[1].state, ST_CLOSE_WAIT);
    ck_assert_int_eq(model.left[1].n, 4);
    ck_assert(!model.left[1].orphan);
    ck_assert(model.left[2].orphan);
    ck_assert_int_eq(model.left[2].unread, 7);
    expect_foot(&model, "never accepted, 7 bytes unread", TONE_PLAIN);
    model_free(&model);
    recording_free(&recording);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("model");

    tcase_add_loop_test(tests, every_saved_run_is_true, 0, 7);
    tcase_add_test(tests, a_segment_before_its_call_is_noticed);
    tcase_add_test(tests, a_segment_after_its_call_is_noticed);
    tcase_add_test(tests, a_recv_before_its_segment_is_noticed);
    tcase_add_test(tests, an_end_of_stream_without_a_fin_is_noticed);
    tcase_add_test(tests, a_state_that_differs_from_the_kernels_is_noticed);
    tcase_add_test(tests, what_was_lost_or_left_out_is_said);
    tcase_add_test(tests, the_model_changes_nothing_and_repeats_itself);
    tcase_add_test(tests, five_thousand_alike_become_one_and_a_sentence);
    tcase_add_test(tests, two_ways_to_go_are_two_ladders);
    tcase_add_test(tests, a_thousand_different_ones_end_somewhere);
    tcase_add_test(tests, long_data_folds_and_is_counted);
    tcase_add_test(tests, a_ladder_ends_and_counts_what_it_folds);
    tcase_add_test(tests, a_handshake_that_is_repeated_was_not_complete);
    tcase_add_test(tests, a_segment_sent_before_is_sent_again);
    tcase_add_test(tests, sockets_left_behind_are_counted_by_end_and_state);
    return unit_run("xray-model", tests);
}
