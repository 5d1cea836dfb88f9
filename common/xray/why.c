#include "why.h"
#include "why_story.h"
#include "words.h"

#include <stdlib.h>
#include <string.h>

/* What can be said where no rule fits: how both ended, and what was not seen.
 */
static void note_ends(struct scene *scene)
{
    for (int side = 0; side < 2; side++) {
        const struct event *end = scene->end[side];
        const char *who = side_name((enum side)side);
        if (end && end->signal)
            scene_note(scene, "the %s was killed by %s %s", who,
                       signal_name(end->signal), scene_when(scene, end));
        else if (end)
            scene_note(scene, "the %s ended %s, with exit status %d", who,
                       scene_when(scene, end), end->status);
        else if (scene->recording->stopped[side])
            scene_note(scene, "the %s was still running when the run ended",
                       who);
    }
    if (scene->recording->time_up)
        scene_note(scene, "the time limit of %g s ended the run",
                   scene->recording->time_up / 1000.0);
    if (scene->recording->deadlock)
        scene_note(scene, "everybody waited, nothing was on its way, and no "
                          "clock ran");
}

static void note_conns(struct scene *scene)
{
    if (scene->n == 0)
        scene_note(scene, "no connection was tried");
    for (int i = 0; i < scene->n; i++) {
        const struct story *story = &scene->stories[i];
        if (!story->rst || (scene->why->verdict == WHY_UNKNOWN && !story->hurt))
            continue;
        if (!story->syn_ack) {
            scene_note(scene, "%s: refused %s, nobody listened there",
                       scene_conn(scene, i), scene_when(scene, story->rst));
            continue;
        }
        scene_note(scene,
                   "%s: the %s's kernel sent an RST %s, after %s had closed",
                   scene_conn(scene, i), side_name(story->rst_by),
                   scene_when(scene, story->rst),
                   story->fin[CLIENT] && story->fin[SERVER] ? "both"
                   : story->fin[CLIENT]                     ? "the client"
                   : story->fin[SERVER]                     ? "the server"
                                                            : "neither");
        const struct event *error = story->error[SERVER];
        if (error)
            scene_note(scene, "the server learnt of it %s: %s",
                       scene_when(scene, error), scene_call(error));
    }
}

/* What the server said last may tell what no rule can. */
static void note_last_words(struct scene *scene)
{
    for (int i = scene->n - 1; i >= 0 && i >= scene->n - 2; i--) {
        const struct event *said = scene->stories[i].said[SERVER];
        if (said)
            scene_note(scene, "the server's last words on %s, %s: \"%s\"",
                       scene_conn(scene, i), scene_when(scene, said),
                       scene_bytes(said));
    }
}

static void note_missing(struct scene *scene)
{
    for (int i = 0; i < scene->recording->n_missing; i++)
        scene_note(scene, "not seen: %s", scene->recording->missing[i]);
    if (scene->recording->packets_lost > 0 || scene->recording->left_out > 0)
        scene_note(scene, "not all that happened could be recorded");
}

static int by_time(const void *a, const void *b)
{
    const struct why_cause *one = a, *two = b;

    return one->t < two->t ? -1 : one->t > two->t;
}

int why_find(struct why *why, const struct model *model)
{
    struct scene scene = {.why = why};

    *why = (struct why){.verdict = WHY_IN_ORDER};
    if (scene_read(&scene, model) == -1)
        return -1;
    if (scene.trouble) {
        for (int i = 0; why_rules[i]; i++)
            why_rules[i](&scene);
        why->verdict = why->n_causes > 0 ? WHY_CAUSE : WHY_UNKNOWN;
    } else if (scene.n == 0) {
        why->verdict = WHY_UNKNOWN;
    }
    qsort(why->causes, (size_t)why->n_causes, sizeof *why->causes, by_time);
    if (why->verdict != WHY_CAUSE) {
        note_ends(&scene);
        note_conns(&scene);
        if (why->verdict == WHY_UNKNOWN)
            note_last_words(&scene);
    }
    note_missing(&scene);
    free(scene.stories);
    return 0;
}
