/* SPDX-License-Identifier: MIT */
/*
 * Faults on demand: a table of {when, what}, see l072.h.
 *
 * Not modelled / simplified:
 * - Inside an operation is half-way through its time.
 * - A brown-out takes no time, keeps the SRAM whole and is the same at every BOR level.
 * - A flipped bit is not noticed by the ECC of flash and EEPROM.
 */
#include "board.h"

#include <string.h>

static bool is_torn(enum l072_moment moment)
{
    return moment <= L072_TORN_NONE;
}

static void schedule(struct board *b)
{
    const struct faults *f = &b->faults;
    uint64_t next = NEVER;

    for (uint32_t i = 0; i < f->count; i++)
        if (!f->armed[i].operation && f->armed[i].time < next)
            next = f->armed[i].time;
    event_at(b, EVENT_FAULT, next);
}

int fault_arm(struct board *b, const struct l072_fault *fault)
{
    struct faults *f = &b->faults;
    bool known = fault->kind <= L072_FAULT_BUS_RESET && fault->moment <= L072_AFTER;

    if (!known || (!fault->operation && !is_torn(fault->moment)))
        return L072_ERR_VALUE;
    if (fault->kind == L072_FAULT_FLIP && (fault->address % 4 || !bus_memory(b, fault->address, 4)))
        return L072_ERR_ADDRESS;
    if (f->count == L072_FAULTS)
        return L072_ERR_FULL;
    f->armed[f->count++] = *fault;
    schedule(b);
    return 0;
}

/* ---- What happens ---------------------------------------------------------------------------- */

static void flip(struct board *b, uint32_t address, uint32_t bits)
{
    uint8_t *memory = bus_memory(b, address, 4);

    for (unsigned i = 0; i < 4; i++)
        memory[i] ^= (uint8_t)(bits >> 8 * i);
    bus_close_window(b);
}

static void act(struct board *b, const struct l072_fault *fault)
{
    switch (fault->kind) {
    case L072_FAULT_NONE: break;
    case L072_FAULT_CUT: board_power_off(b); break;
    case L072_FAULT_BROWN_OUT: board_request_reset(b, RESET_POWER); break;
    case L072_FAULT_NRST: board_request_reset(b, RESET_PIN); break;
    case L072_FAULT_UNPLUG: host_plug(b, false); break;
    case L072_FAULT_PLUG: host_plug(b, true); break;
    case L072_FAULT_FLIP: flip(b, fault->address, fault->bits); break;
    case L072_FAULT_HSI48:
        b->faults.hsi48_stuck = true;
        rcc_hsi48_reference_changed(b);
        break;
    case L072_FAULT_SILENCE: b->host.silent = true; break;
    case L072_FAULT_RESUME: b->host.silent = false; break;
    case L072_FAULT_SUSPEND: host_suspend(b); break;
    case L072_FAULT_WAKE: host_resume(b); break;
    case L072_FAULT_TOGGLE:
    case L072_FAULT_SHORT:
    case L072_FAULT_LONG:
    case L072_FAULT_BUS_RESET: b->host.misbehave |= 1u << fault->kind; break;
    }
}

static bool needs_power(enum l072_fault_kind kind)
{
    return kind >= L072_FAULT_CUT && kind <= L072_FAULT_HSI48;
}

/* Takes entry `i` out of the table and lets it happen. */
static void fire(struct board *b, uint32_t i)
{
    struct faults *f = &b->faults;
    struct l072_fault fault = f->armed[i];

    f->count--;
    memmove(&f->armed[i], &f->armed[i + 1], (f->count - i) * sizeof f->armed[0]);
    schedule(b);
    if (needs_power(fault.kind) && !b->powered)
        return;
    if (fault.kind < L072_FAULT_TOGGLE) /* the host tells when it misbehaves */
        board_log(b, L072_EVENT_FAULT, fault.kind, b->flash.operations);
    if (needs_power(fault.kind) && is_torn(fault.moment))
        f->torn = (uint8_t)fault.moment;
    act(b, &fault);
}

/* ---- When ------------------------------------------------------------------------------------ */

void fault_event(struct board *b)
{
    const struct faults *f = &b->faults;
    uint32_t first = 0;

    for (uint32_t i = 1; i < f->count; i++)
        if (!f->armed[i].operation &&
            (f->armed[first].operation || f->armed[i].time < f->armed[first].time))
            first = i;
    fire(b, first);
}

static void fire_at(struct board *b, uint32_t operation, enum l072_moment moment)
{
    for (uint32_t i = 0; i < b->faults.count;) {
        const struct l072_fault *fault = &b->faults.armed[i];

        if (fault->operation == operation && fault->moment == moment)
            fire(b, i);
        else
            i++;
    }
}

void fault_before_operation(struct board *b)
{
    fire_at(b, b->flash.operations + 1, L072_BEFORE);
}

void fault_in_operation(struct board *b)
{
    struct faults *f = &b->faults;
    uint64_t now = time_now(b);

    for (uint32_t i = 0; i < f->count; i++) {
        struct l072_fault *fault = &f->armed[i];

        if (fault->operation != b->flash.operations || !is_torn(fault->moment))
            continue;
        fault->operation = 0;
        fault->time = now + (b->flash.end - now) / 2;
    }
    schedule(b);
}

void fault_after_operation(struct board *b)
{
    fire_at(b, b->flash.operations, L072_AFTER);
}
