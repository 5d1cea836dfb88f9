/* Programs that try to connect again and again. */
#include "diag.h"
#include "inside.h"

#include <stdio.h>

enum { PATIENCE_MS = 1000, LOOKS = 40 };

struct trying {
    struct program *program;
    int port, tries, looks;
    struct diag_socket held;
};

static int holds_port(const struct diag_socket *socket, void *with)
{
    struct trying *t = with;

    if (socket->local_port != t->port || socket->state == ST_TIME_WAIT)
        return 0;
    t->held = *socket;
    return 1;
}

static bool has_tried(void *with)
{
    struct trying *t = with;

    return stage_reap(t->program) || net_counter("ActiveOpens") >= t->tries ||
           (diag_each(holds_port, t) == 1 && ++t->looks >= LOOKS);
}

/* For a moment, a program that tries holds a port; or it stays connected. */
static bool pauses_or_stays(void *with)
{
    struct trying *t = with;

    return stage_reap(t->program) || diag_each(holds_port, t) == 0 ||
           ++t->looks >= LOOKS;
}

void freeze_between_tries(struct program *program, int port, int tries)
{
    struct trying t = {.program = program, .port = port, .tries = tries};
    bool held = true;

    /* Neither is judged here: what follows in the test will tell. */
    wait_within(has_tried, &t, PATIENCE_MS, true);
    while (held && !stage_reap(program)) {
        t.looks = 0;
        wait_within(pauses_or_stays, &t, PATIENCE_MS, false);
        freeze(program);
        held = diag_each(holds_port, &t) == 1;
        if (t.looks >= LOOKS)
            break;
        if (held)
            thaw(program);
    }
    if (!program->running)
        story_step("%s, before there is a server", stage_end_words(program));
    else if (held)
        story_step("it holds port %d: connected from %d to %d, %s", port,
                   t.held.local_port, t.held.remote_port,
                   state_name(t.held.state));
    else
        story_step("%ld SYNs have been sent, and it holds no port now",
                   net_counter("ActiveOpens"));
}
