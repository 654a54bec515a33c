/* SPDX-License-Identifier: MIT */
#include "ask.h"

#include <string.h>

#define SAMPLE_PS  (20 * L072_PS_PER_US) /* between two looks at what is an input */
#define SETTLES_PS (20 * L072_PS_PER_MS) /* until a button has no more effect */
#define INPUTS_MAX 40

enum { HOLDS = 3, EXPANDED_MAX = INPUTS_MAX * HOLDS + 32 };

static const struct request nobody = {.how = REQUEST_POWER_ON};

static bool has_effect(const struct examination *x)
{
    const struct evidence *e = &x->now.evidence;
    return x->made && (e->jump.seen || e->reset.seen || e->watchdog.seen || e->fault.seen ||
                       e->useless_reset.seen || e->no_clock.seen || e->no_thumb_bit.seen);
}

static bool try(struct examination *x, const struct request *request)
{
    x->request = *request;
    attempt(x, x->ask_by);
    return has_effect(x);
}

/* Does anything come of this request, as far as one can see without looking at instructions? */
static bool stirs(struct examination *x, const struct request *request)
{
    struct watch *w = &x->again;
    if (request->how != REQUEST_PRESS && request->how != REQUEST_CALL)
        return true;
    if (request_is_power_on(request)) {
        attempt_power_up(x, w, request, x->ask_by | x->always);
        return watch_glance(w, REQUEST_LONG_PS);
    }
    watch_fork(w, &x->start);
    if (request->how == REQUEST_CALL) {
        watch_call(w, request->function);
        return watch_glance(w, WATCH_LONGEST_PS);
    }
    request_prepare(request, w->board);
    if (watch_glance(w, SETTLES_PS))
        return true;
    (void)l072_drive_pin(w->board, request->pin, request->level);
    if (watch_glance(w, request->hold_ps))
        return true;
    (void)l072_drive_pin(w->board, request->pin, !request->level);
    return watch_glance(w, WATCH_PATIENCE_PS);
}

/* Writes what a request stands for: presses of several pins, each short, long or from power-on on.
 */
static size_t expand(const struct examination *x, const struct request *request,
                     struct request *list, size_t most)
{
    static const uint64_t hold_ps[] = {REQUEST_SHORT_PS, REQUEST_LONG_PS, REQUEST_HELD};
    struct request pins[INPUTS_MAX] = {*request};
    size_t count = 0, inputs = 1;
    if (!most)
        return 0;
    list[0] = *request;
    if (request->how == REQUEST_INPUTS)
        inputs = request_inputs(x->start.board, false, pins, INPUTS_MAX);
    else if (request->how != REQUEST_PRESS || request->hold_ps)
        return 1;
    for (size_t hold = 0; hold < HOLDS; hold++)
        for (size_t i = 0; i < inputs && count < most; i++, count++) {
            list[count] = pins[i];
            list[count].hold_ps = hold_ps[hold];
        }
    return count;
}

/* A shorter press of the same pin has had an effect. */
static bool is_answered(const struct request *request, const struct request *pressed)
{
    return pressed && request->how == REQUEST_PRESS && strcmp(request->pin, pressed->pin) == 0;
}

/* Asks by one of the requests, of which something is seen to come: by the first that leads into the
 * ROM, else the first that has an effect. */
static bool ask(struct examination *x, const struct request *list, size_t count)
{
    const struct request *best = NULL, *pressed = NULL;
    x->patience_ps = WATCH_LONGEST_PS;
    for (size_t i = 0; i < count; i++) {
        if (list[i].inner || is_answered(&list[i], pressed) || !stirs(x, &list[i]) ||
            !try(x, &list[i]))
            continue;
        if (x->now.evidence.jump.seen)
            return true;
        best = best ? best : &list[i];
        pressed = list[i].how == REQUEST_PRESS ? &list[i] : pressed;
    }
    return best && try(x, best);
}

/* The same where nothing is seen to come of them: instructions may tell, as a store to AIRCR
 * without effect does; or where only an inner function is left to be called. */
static bool ask_closely(struct examination *x, const struct request *list, size_t count, bool inner)
{
    x->patience_ps = inner ? WATCH_LONGEST_PS : WATCH_PATIENCE_PS;
    for (size_t i = 0; i < count; i++)
        if (list[i].inner == inner && (!list[i].hold_ps || list[i].hold_ps == REQUEST_SHORT_PS) &&
            try(x, &list[i]))
            return true;
    return false;
}

/* Finds the request that has an effect. False: none of several has one. */
static bool choose(struct examination *x)
{
    struct request list[EXPANDED_MAX];
    size_t count = 0;
    for (size_t i = 0; i < x->count; i++)
        count += expand(x, &x->requests[i], list + count, EXPANDED_MAX - count);
    if (ask(x, list, count) || ask_closely(x, list, count, false) ||
        ask_closely(x, list, count, true))
        return true;
    x->request = x->count == 1 ? list[0] : nobody;
    x->patience_ps = WATCH_PATIENCE_PS;
    return x->count == 1;
}

/* The application, as it was started, waits to be asked. */
static bool starts_quietly(const struct examination *x)
{
    return !x->start.evidence.unasked.seen && x->start.resets < 2;
}

/* With this request, is the application quiet until it is made? */
static bool is_quiet(struct examination *x, const struct request *request, unsigned repairs)
{
    x->request = *request;
    attempt_start(x, x->ask_by | repairs);
    return starts_quietly(x);
}

/* The inputs that nothing drives, and that look pressed. The application may have set them up
 * before it made a reset: they are looked for all the time. */
static size_t find_floating(struct examination *x, struct request inputs[INPUTS_MAX])
{
    struct request latest[INPUTS_MAX];
    size_t count = request_inputs(x->start.board, true, inputs, INPUTS_MAX);
    bool stirred = count; /* then the chip is as it was when the application went */
    attempt_power_up(x, &x->again, &nobody, x->ask_by | REPAIR_RAM);
    for (uint64_t end = l072_now(x->again.board) + ATTEMPT_STARTS_PS;
         !stirred && l072_now(x->again.board) < end;) {
        stirred = watch_glance(&x->again, SAMPLE_PS);
        size_t found = request_inputs(x->again.board, true, latest, INPUTS_MAX);
        if (found)
            memcpy(inputs, latest, sizeof latest);
        count = found ? found : count;
    }
    return count;
}

/* For what the SRAM holds the application goes into the ROM: that is put right for good. */
static void keep_ram(struct examination *x, struct fact unasked)
{
    x->power_on = unasked;
    x->always = REPAIR_RAM;
}

/* The press of an input is the request, for short, for long, or from power-on on. */
static bool press_any_way(struct examination *x, const struct request *press)
{
    struct request list[HOLDS], any = *press;
    any.hold_ps = 0;
    size_t count = expand(x, &any, list, HOLDS);
    return ask(x, list, count) || try(x, press);
}

/* The application starts, and goes into the ROM by itself, or resets again and again. That is for
 * what the SRAM holds, or for an input that floats: a press of that is then the request. Else it is
 * made so. False: it is to be asked. */
static bool goes_at_power_on(struct examination *x)
{
    struct request inputs[INPUTS_MAX];
    struct fact unasked = x->start.evidence.unasked;
    if (x->ask_by)
        attempt_start(x, x->ask_by);
    if (starts_quietly(x))
        return false;
    if (is_quiet(x, &nobody, REPAIR_RAM)) {
        keep_ram(x, unasked);
        return false;
    }
    size_t count = find_floating(x, inputs);
    for (size_t i = 0; i < count; i++)
        if (is_quiet(x, &inputs[i], REPAIR_RAM)) {
            if (!is_quiet(x, &inputs[i], 0))
                keep_ram(x, x->start.evidence.unasked);
            return press_any_way(x, &inputs[i]);
        }
    x->request = nobody;
    return unasked.seen;
}

/* ... or some time after the power-on, as it is made. */
static bool goes_later(struct examination *x)
{
    struct watch *w = &x->again;
    watch_fork(w, &x->start);
    uint64_t end = l072_now(w->board) + WATCH_LONGEST_PS;
    do
        (void)watch_glance(w, end - l072_now(w->board));
    while (!w->entered && l072_now(w->board) < end && !l072_stop(w->board)->kind);
    x->request = nobody;
    return w->entered;
}

bool ask_find(struct examination *x)
{
    x->request = nobody;
    x->patience_ps = WATCH_LONGEST_PS;
    attempt_start(x, 0);
    if (watch_crashed(&x->start))
        return true;
    x->ask_by = chip_bfb2(x->start.board) ? REPAIR_BFB2 : 0;
    return goes_at_power_on(x) || goes_later(x) || choose(x);
}
