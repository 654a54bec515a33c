/* SPDX-License-Identifier: MIT */
/*
 * A board whose core runs a few half-words from SRAM, for the tests of the core.
 *
 * The vector table is in SRAM too; the handler of exception n is a BX LR at HANDLER(n).
 */
#ifndef TESTS_CORE_BOARD_H
#define TESTS_CORE_BOARD_H

#include "rig.h"

#define VECTORS    0x20000000u
#define HANDLER(n) (0x20000100u + 4 * (n))
#define CODE       0x20000400u
#define DATA       0x20001000u
#define STACK      0x20002000u
#define NOWHERE    0x30000000u /* no memory there */

#define OP_BX_LR 0x4770
#define OP_NOP   0xBF00

enum { SP = 13, LR = 14, PC = 15 };

static inline void put_code(struct board *b, uint32_t address, const uint16_t *half, size_t count)
{
    uint8_t *memory = bus_memory(b, address, (uint32_t)(2 * count));

    assert_non_null(memory);
    memcpy(memory, half, 2 * count);
}

/* PUT(b, CODE, 0xBF00, 0x4770): instructions from an address on. */
#define PUT(b, address, ...)                                                                       \
    put_code(b, address, (const uint16_t[]){__VA_ARGS__},                                          \
             sizeof((const uint16_t[]){__VA_ARGS__}) / 2)

/* An assertion about a row of a table, with its text. */
#define CHECK(row, condition)                                                                      \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("%s: %s", (row)->text, #condition);                                           \
    } while (0)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Switched on, about to execute CODE. */
static inline struct board *core_start(bool lenient)
{
    const struct l072_config config = {.part = "l072xz", .lenient = lenient};
    const uint32_t reset_vectors[2] = {STACK, CODE | 1};
    struct l072 *board = l072_create(&config);
    struct board *b = (struct board *)board; /* its first member */

    assert_non_null(board);
    assert_int_equal(l072_load(board, 0x08000000, reset_vectors, sizeof reset_vectors), 0);
    l072_power(board, true);
    b->log.count = 0;
    b->nvic.vtor = VECTORS;
    for (unsigned i = 0; i < EXC_COUNT; i++) {
        preset(b, VECTORS + 4 * i, HANDLER(i) | 1);
        PUT(b, HANDLER(i), OP_BX_LR);
    }
    return b;
}

static inline void core_end(struct board *b)
{
    l072_destroy(handle(b));
}

/* One instruction, or one exception entry. Returns its cycles. */
static inline unsigned step(struct board *b)
{
    uint64_t before = b->time.cycles;

    b->time.target = before + 1;
    cpu_run(b);
    return (unsigned)(b->time.cycles - before);
}

static inline void steps(struct board *b, unsigned count)
{
    while (count--)
        step(b);
}

/* N Z C V as bits 3 to 0. */
static inline unsigned get_nzcv(const struct board *b)
{
    return cpu_xpsr(b) >> 28;
}

static inline void set_nzcv(struct board *b, unsigned nzcv)
{
    b->cpu.n = nzcv >> 3 & 1;
    b->cpu.z = nzcv >> 2 & 1;
    b->cpu.c = nzcv >> 1 & 1;
    b->cpu.v = nzcv & 1;
}

#endif
