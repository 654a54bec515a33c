/* SPDX-License-Identifier: MIT */
/* What the rigs of the simulator's tests share: a board, and the test in the place of its CPU. */
#ifndef RIG_H
#define RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "board.h"

/* struct l072 begins with its struct board: see sim/l072.c. */
static inline struct l072 *handle(struct board *b)
{
    return (struct l072 *)b;
}

static inline void store(struct board *b, uint32_t address, uint32_t value)
{
    assert_true(bus_write(b, address, 4, value));
}

static inline uint32_t load(struct board *b, uint32_t address)
{
    uint32_t value;

    assert_true(bus_read(b, address, 4, &value));
    return value;
}

/* What is in the memory, without an access. */
static inline uint32_t peek(struct board *b, uint32_t address)
{
    uint32_t value;

    assert_int_equal(l072_peek(handle(b), address, &value, sizeof value), 0);
    return value;
}

static inline void preset(struct board *b, uint32_t address, uint32_t value)
{
    assert_int_equal(l072_load(handle(b), address, &value, sizeof value), 0);
}

/* Runs to `until`, forgetting the board's events. */
static inline void run_until(struct board *b, uint64_t until)
{
    struct l072_event event;

    while (l072_run(handle(b), until) == L072_EVENTS)
        while (l072_next_event(handle(b), &event)) {
        }
}

static inline void run(struct board *b, uint64_t ps)
{
    run_until(b, l072_now(handle(b)) + ps);
}

static inline void assert_no_stop(struct board *b)
{
    assert_string_equal(b->stop.reason, "");
}

static inline int destroy_board(void **state)
{
    l072_destroy(*state);
    return 0;
}

#endif
