/* SPDX-License-Identifier: MIT */
#include "doctor.h"

#include <stdlib.h>

#include "ask.h"

static bool is_named(const struct doctor_diagnosis *d, const struct cause *cause)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->finding[i].cause == cause)
            return true;
    return false;
}

/* Adds the first cause that is not yet named. The last rows of the table are for what nothing
 * else explains: they are no cause behind others that cannot be repaired. */
static bool add_cause(struct doctor_diagnosis *d, const struct evidence *e)
{
    const struct cause *cause;
    for (size_t i = 0; (cause = cause_at(i)) && d->count < DOCTOR_FINDINGS; i++) {
        bool asked = e->outcome != OUTCOME_DFU || cause->always;
        const struct fact *place = asked && !is_named(d, cause) ? cause->find(e) : NULL;
        if (!place)
            continue;
        d->finding[d->count++] = (struct doctor_finding){cause, *place};
        return true;
    }
    return false;
}

static void drop(struct doctor_diagnosis *d, size_t i)
{
    d->count--;
    for (; i < d->count; i++)
        d->finding[i] = d->finding[i + 1];
}

/* The store to AIRCR is useless also when the way goes on behind it. */
static bool is_advice(const struct cause *cause)
{
    return cause->always || cause->repair == REPAIR_RESET;
}

/* Did the attempt come as far as with all repairs: to a device, or to what nothing repairs? */
static bool comes_as_far(const struct doctor_diagnosis *d, const struct evidence *e)
{
    if (d->repaired == OUTCOME_DFU)
        return e->outcome == OUTCOME_DFU;
    return e->outcome == d->repaired && d->finding[d->count - 1].cause->find(e);
}

/* The repairs without which it comes as far were for nothing. */
static void minimise(struct examination *x, struct doctor_diagnosis *d)
{
    for (size_t i = 0; i < d->count;) {
        const struct cause *cause = d->finding[i].cause;
        unsigned without = x->repairs & ~cause->repair;
        if (!cause->repair || is_advice(cause) || !comes_as_far(d, attempt(x, without))) {
            i++;
            continue;
        }
        x->repairs = without;
        drop(d, i);
    }
}

/* `e` is of the application as it is. */
static void diagnose(struct examination *x, struct doctor_diagnosis *d, const struct evidence *e)
{
    d->outcome = e->outcome;
    d->count = 0;
    x->repairs = 0;
    while (add_cause(d, e)) {
        const struct cause *cause = d->finding[d->count - 1].cause;
        if (!cause->repair && !cause->always)
            break; /* what comes behind it cannot be seen */
        if (!cause->repair)
            continue;
        x->repairs |= cause->repair;
        if (e->token.seen)
            x->token_address = e->token.address;
        e = attempt(x, x->repairs);
    }
    d->repaired = e->outcome;
}

/* What depends on how it was asked: all is well, but of what leads to that only the last part was
 * tried; or nothing that was tried is a request. */
static void add_how(const struct examination *x, struct doctor_diagnosis *d)
{
    if (!d->count && x->request.inner)
        d->finding[d->count++] =
            (struct doctor_finding){cause_named("only-the-jump"), x->now.evidence.jump};
    if (!d->asked && d->count == 1 && d->finding[0].cause == cause_named("never-jumps"))
        d->finding[0].cause = cause_named("not-asked");
}

static void examine(struct examination *x, struct doctor_diagnosis *d)
{
    d->asked = ask_find(x);
    d->request = x->request;
    diagnose(x, d, attempt(x, 0));
    add_how(x, d);
    if (d->count > 1) /* a cause alone is needed */
        minimise(x, d);
}

bool doctor_examine(struct doctor_diagnosis *diagnosis, const struct l072 *board, bool rom_has_dfu,
                    const struct request *requests, size_t count)
{
    struct examination *x = calloc(1, sizeof *x);
    bool ok = x && (x->start.board = l072_clone(board)) && (x->now.board = l072_clone(board)) &&
              (x->again.board = l072_clone(board));
    *diagnosis = (struct doctor_diagnosis){0};
    if (ok) {
        x->off = board;
        x->rom_has_dfu = rom_has_dfu;
        x->requests = requests;
        x->count = count;
        examine(x, diagnosis);
    }
    if (x) {
        l072_destroy(x->start.board);
        l072_destroy(x->now.board);
        l072_destroy(x->again.board);
    }
    free(x);
    return ok;
}
