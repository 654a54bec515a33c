/* SPDX-License-Identifier: MIT */
/*
 * The entry library, called step by step by tests/firmware/whynot.c: its reasons, what it changes
 * and leaves alone, its time and its stack, as include/dfuse.h tells them.
 */
#include "scenario.h"

#include <string.h>

#include "../../include/dfuse.h"
#include "../firmware/whynot.h"
#include "board.h"

#define IMAGE   "build/examples/test/whynot.elf"
#define BANK1   0x08000000u
#define OPTIONS 0x1FF80000u
#define PEKEYR  0x4002200Cu
#define OPTKEYR 0x40022014u
#define US      L072_PS_PER_US
#define SP      13
#define SP_TOP  0x20002000u
#define STACK   100 /* bytes at most, says dfuse.h */

/* A struct l072 begins with its struct board. */
static struct board *inside(struct l072 *board)
{
    return (struct board *)board;
}

static uint32_t peek(const struct l072 *board, uint32_t address)
{
    uint32_t word;

    assert_int_equal(l072_peek(board, address, &word, sizeof word), 0);
    return word;
}

static void poke(struct l072 *board, uint32_t address, uint32_t word)
{
    assert_int_equal(l072_load(board, address, &word, sizeof word), 0);
}

static uint32_t reported(const struct l072 *board, size_t offset)
{
    return peek(board, WHYNOT_REPORT + (uint32_t)offset);
}

#define REPORTED(board, member) reported(board, offsetof(struct whynot_report, member))

static struct l072 *make(const struct l072_config *config)
{
    struct scenario s;

    scenario_begin(&s, config, IMAGE);
    return s.board;
}

/* One instruction. True when an event of this kind came of it. */
static bool step(struct l072 *board, enum l072_event_kind kind)
{
    struct l072_event event;
    bool seen = false;

    if (l072_step(board) == L072_STOPPED)
        fail_msg("stopped: %s", l072_stop(board)->reason);
    while (l072_next_event(board, &event))
        seen |= event.kind == kind;
    return seen;
}

static void run_to(struct l072 *board, enum whynot_phase phase)
{
    for (unsigned steps = 0; REPORTED(board, phase) != (uint32_t)phase; steps++) {
        assert_true(steps < 100000);
        step(board, L072_EVENT_RESET);
    }
}

static void run_to_event(struct l072 *board, enum l072_event_kind kind)
{
    for (unsigned steps = 0; !step(board, kind); steps++)
        assert_true(steps < 100000);
}

static void wish(struct l072 *board, enum whynot_wish wish)
{
    poke(board, WHYNOT_REPORT + offsetof(struct whynot_report, wish), wish);
}

/* ---- Reasons --------------------------------------------------------------------------------- */

#define V41 L072_ROM_V41
#define V40 L072_ROM_V40

static const struct row {
    const char *part;
    enum l072_rom rom;
    uint32_t address, word; /* put into flash, if the address is not 0 */
    uint32_t rdp;           /* if not 0 */
    enum dfuse_Reason reason, refusal;
} rows[] = {
    {"l072xz", V41, 0,          0,          0,    DFUSE_READY,         DFUSE_READY        },
    {"l072xz", V41, 0x08000000, 0x20000000, 0,    DFUSE_BANK1_VISIBLE, DFUSE_BANK1_VISIBLE},
    {"l072xz", V41, 0x08000000, 0x20005000, 0,    DFUSE_BANK1_VISIBLE, DFUSE_BANK1_VISIBLE},
    {"l072xz", V41, 0x08000000, 0x2000FFFC, 0,    DFUSE_BANK1_VISIBLE, DFUSE_BANK1_VISIBLE},
    {"l072xz", V41, 0x08000000, 0x20010000, 0,    DFUSE_READY,         DFUSE_READY        },
    {"l072xz", V41, 0x08000000, 0x1FFFFFFC, 0,    DFUSE_READY,         DFUSE_READY        },
    {"l072xz", V41, 0x08018000, 0x20000000, 0,    DFUSE_BANK2_VISIBLE, DFUSE_BANK2_VISIBLE},
    {"l072xz", V41, 0x08018000, 0xBE00BE00, 0,    DFUSE_READY,         DFUSE_READY        },
    {"l072xz", V41, 0x08010000, 0x20005000, 0,    DFUSE_READY,         DFUSE_READY        },
    {"l072xb", V41, 0x08010000, 0x20005000, 0,    DFUSE_BANK2_VISIBLE, DFUSE_BANK2_VISIBLE},
    {"l072x8", V41, 0x08008000, 0x20005000, 0,    DFUSE_READY,         DFUSE_NO_LATCH     },
    {"l083xz", V41, 0,          0,          0,    DFUSE_READY,         DFUSE_READY        },
    {"l072xz", V40, 0x08000000, 0x20005000, 0,    DFUSE_READY,         DFUSE_READY        },
    {"l072xz", V40, 0,          0,          0xCC, DFUSE_RDP_LEVEL_2,   DFUSE_RDP_LEVEL_2  },
    {"l072xz", V41, 0,          0,          0xCC, DFUSE_RDP_LEVEL_2,   DFUSE_RDP_LEVEL_2  },
    {"l072xz", V41, 0,          0,          0xBB, DFUSE_READY,         DFUSE_READY        },
    {"l071xz", V41, 0,          0,          0,    DFUSE_NO_ROM_DFU,    DFUSE_NO_ROM_DFU   },
    {"l052x8", V41, 0,          0,          0,    DFUSE_NO_ROM_DFU,    DFUSE_NO_ROM_DFU   },
};

static struct l072 *make_row(const struct row *row)
{
    struct l072 *board = make(&(struct l072_config){.part = row->part, .rom = row->rom, .seed = 1});

    if (row->address)
        poke(board, row->address, row->word);
    if (row->rdp)
        assert_int_equal(l072_set_option(board, "RDP", row->rdp), 0);
    l072_power(board, true);
    return board;
}

static void every_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct l072 *board = make_row(&rows[i]);

        run_to(board, WHYNOT_ASKED);
        if (REPORTED(board, reason) != rows[i].reason)
            fail_msg("row %zu: reason %u", i, (unsigned)REPORTED(board, reason));
        l072_destroy(board);
    }
}

/* ---- Nothing changes ------------------------------------------------------------------------- */

/* RAM, but for the report and what a call pushes on the stack. */
static void same_ram(struct l072 *now, const struct l072 *before)
{
    uint32_t sp = l072_register(before, SP);

    for (uint32_t at = 0x20000000; at < SP_TOP; at += 4)
        if (peek(now, at) != peek(before, at) && (at < sp - STACK || at >= sp) &&
            at - WHYNOT_REPORT >= sizeof(struct whynot_report))
            fail_msg("RAM at 0x%08X has changed", at);
}

static void same_board(struct l072 *now, struct l072 *before)
{
    const struct board *a = inside(now), *b = inside(before);
    assert_memory_equal(&a->nvic, &b->nvic, sizeof a->nvic);
    assert_memory_equal(&a->flash, &b->flash, sizeof a->flash);
    assert_memory_equal(&a->rcc, &b->rcc, sizeof a->rcc);
    assert_memory_equal(&a->pwr, &b->pwr, sizeof a->pwr);
    assert_memory_equal(&a->syscfg, &b->syscfg, sizeof a->syscfg);
    assert_memory_equal(&a->crs, &b->crs, sizeof a->crs);
    assert_memory_equal(&a->rtc, &b->rtc, sizeof a->rtc);
    assert_memory_equal(&a->iwdg, &b->iwdg, sizeof a->iwdg);
    assert_memory_equal(&a->gpio, &b->gpio, sizeof a->gpio);
    assert_memory_equal(&a->exti, &b->exti, sizeof a->exti);
    assert_memory_equal(&a->usart, &b->usart, sizeof a->usart);
    assert_memory_equal(&a->dbgmcu, &b->dbgmcu, sizeof a->dbgmcu);
    assert_memory_equal(&a->usb, &b->usb, sizeof a->usb);
    assert_memory_equal(a->flash_mem, b->flash_mem, sizeof a->flash_mem);
    assert_memory_equal(a->eeprom, b->eeprom, sizeof a->eeprom);
    assert_memory_equal(a->option, b->option, sizeof a->option);
    for (unsigned i = 17; i <= 20; i++) /* MSP, PSP, PRIMASK, CONTROL */
        assert_int_equal(l072_register(now, i), l072_register(before, i));
    same_ram(now, before);
}

static void a_refusal_changes_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct l072 *board, *before;

        if (rows[i].refusal == DFUSE_READY)
            continue;
        board = make_row(&rows[i]);
        run_to(board, WHYNOT_ASKED);
        wish(board, WISH_LATCHED);
        before = l072_clone(board);
        run_to(board, WHYNOT_REFUSED);
        assert_int_equal(REPORTED(board, refusal), rows[i].refusal);
        same_board(board, before);
        l072_destroy(before);
        l072_destroy(board);
    }
}

/* Their cycles include the call and the report, some 10. */
static void asking_and_checking_change_nothing(void **state)
{
    struct l072 *board = make(&(struct l072_config){.seed = 1}), *before;

    (void)state;
    l072_power(board, true);
    run_to(board, WHYNOT_STARTED);
    before = l072_clone(board);
    run_to(board, WHYNOT_CHECKED);
    same_board(board, before);
    assert_in_range(l072_cycles(board) - l072_cycles(before), 20, 60);
    l072_assign(before, board);
    run_to(board, WHYNOT_ASKED);
    inside(before)->rcc.reg[0x34 / 4] |= 1u << 22; /* APB2ENR.DBGEN, as dfuse.h says */
    same_board(board, before);
    assert_in_range(l072_cycles(board) - l072_cycles(before), 40, 80);
    l072_destroy(before);
    l072_destroy(board);
}

/* ---- The two ways in ------------------------------------------------------------------------- */

static struct l072 *asked(bool lenient, enum whynot_wish what)
{
    struct l072 *board = make(&(struct l072_config){.seed = 1, .lenient = lenient});

    l072_power(board, true);
    run_to(board, WHYNOT_ASKED);
    wish(board, what);
    return board;
}

/* Bytes below the stack pointer of `before` that have been written since. */
static uint32_t stack_used(const struct l072 *now, const struct l072 *before)
{
    uint32_t sp = l072_register(before, SP), at = sp - 0x200;

    while (at < sp && peek(now, at) == peek(before, at))
        at += 4;
    return sp - at;
}

/* Only BFB2 and its complement differ; then the ROM. */
static void the_latch_is_one_bit(void **state)
{
    struct l072 *board = asked(false, WISH_LATCHED);
    struct l072 *before = l072_clone(board);

    (void)state;
    run_to_event(board, L072_EVENT_RESET);
    assert_in_range(l072_now(board) - l072_now(before), 6400 * US, 6600 * US);
    assert_in_range(stack_used(board, before), 1, STACK);
    for (uint32_t at = 0; at < 32; at += 4)
        assert_int_equal(peek(board, OPTIONS + at) ^ peek(before, OPTIONS + at),
                         at == 4 ? 0x00800080 : 0);
    run_to_event(board, L072_EVENT_ENTER_ROM);
    l072_destroy(before);
    l072_destroy(board);
}

/* An application that writes flash may have left a lock open. */
static void an_open_lock_is_no_hindrance(void **state)
{
    struct l072 *board = asked(false, WISH_LATCHED);

    (void)state;
    assert_true(bus_write(inside(board), PEKEYR, 4, 0x89ABCDEF));
    assert_true(bus_write(inside(board), PEKEYR, 4, 0x02030405));
    run_to_event(board, L072_EVENT_RESET);
    run_to_event(board, L072_EVENT_ENTER_ROM);
    l072_destroy(board);
}

/* A wrong key shuts the lock of the option bytes until the next reset. */
static void a_latch_that_fails_is_told(void **state)
{
    struct l072 *board = asked(true, WISH_LATCHED), *before;

    (void)state;
    assert_true(bus_write(inside(board), PEKEYR, 4, 0x89ABCDEF));
    assert_true(bus_write(inside(board), PEKEYR, 4, 0x02030405));
    bus_write(inside(board), OPTKEYR, 4, 1);
    before = l072_clone(board);
    run_to(board, WHYNOT_REFUSED);
    assert_int_equal(REPORTED(board, refusal), DFUSE_LATCH_FAILED);
    assert_memory_equal(inside(board)->option, inside(before)->option, 32);
    assert_int_equal(inside(board)->flash.open, 0);
    l072_destroy(before);
    l072_destroy(board);
}

static void a_request_takes_10_ms(void **state)
{
    struct l072 *board = asked(false, WISH_ONCE), *before = l072_clone(board);

    (void)state;
    run_to_event(board, L072_EVENT_RESET);
    assert_in_range(l072_now(board) - l072_now(before), 1, 100 * US);
    run_to(board, WHYNOT_STARTED);
    l072_assign(before, board);
    run_to_event(board, L072_EVENT_ENTER_ROM);
    assert_in_range(l072_now(board) - l072_now(before), 10 * MS, 15 * MS);
    assert_in_range(stack_used(board, before), 1, STACK);
    l072_destroy(before);
    l072_destroy(board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason),
        cmocka_unit_test(a_refusal_changes_nothing),
        cmocka_unit_test(asking_and_checking_change_nothing),
        cmocka_unit_test(the_latch_is_one_bit),
        cmocka_unit_test(an_open_lock_is_no_hindrance),
        cmocka_unit_test(a_latch_that_fails_is_told),
        cmocka_unit_test(a_request_takes_10_ms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
