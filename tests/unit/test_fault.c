/* SPDX-License-Identifier: MIT */
/* What the core refuses: where a strict board stops, what a lenient one does. */
#include "core_board.h"

/* r1 = DATA + 2, r2 = NOWHERE, r3 = DATA + 1, r4 = 0x40000001, SP = STACK. */
struct fault_row {
    const char *text;
    uint16_t op[2];
    enum l072_stop_kind kind;
    uint32_t address;
};

static const struct fault_row fault_rows[] = {
    {"ldr r0, [r1]",       {0x6808},         L072_STOP_MISALIGNED, DATA + 2},
    {"str r0, [r1]",       {0x6008},         L072_STOP_MISALIGNED, DATA + 2},
    {"ldrh r0, [r3]",      {0x8818},         L072_STOP_MISALIGNED, DATA + 1},
    {"strh r0, [r3]",      {0x8018},         L072_STOP_MISALIGNED, DATA + 1},
    {"ldm r1!, {r0, r5}",  {0xC921},         L072_STOP_MISALIGNED, DATA + 2},
    {"stm r1!, {r0, r5}",  {0xC121},         L072_STOP_MISALIGNED, DATA + 2},
    {"ldr r0, [r2]",       {0x6810},         L072_STOP_UNMAPPED,   NOWHERE },
    {"ldrsb r0, [r2, r5]", {0x5750},         L072_STOP_UNMAPPED,   NOWHERE },
    {"str r0, [r2]",       {0x6010},         L072_STOP_UNMAPPED,   NOWHERE },
    {"ldm r2!, {r0, r5}",  {0xCA21},         L072_STOP_UNMAPPED,   NOWHERE },
    {"stm r2!, {r0, r5}",  {0xC221},         L072_STOP_UNMAPPED,   NOWHERE },
    {"bx r1",              {0x4708},         L072_STOP_STATE,      DATA + 2},
    {"blx r1",             {0x4788},         L072_STOP_STATE,      DATA + 2},
    {"pop {r0, pc}",       {0xBD01},         L072_STOP_STATE,      0       },
    {"bkpt",               {0xBE00},         L072_STOP_UNDEFINED,  CODE    },
    {"udf",                {0xDE00},         L072_STOP_UNDEFINED,  CODE    },
    {"it eq",              {0xBF08},         L072_STOP_UNDEFINED,  CODE    },
    {"cpsid f",            {0xB671},         L072_STOP_UNDEFINED,  CODE    },
    {"cbz r0, .",          {0xB108},         L072_STOP_UNDEFINED,  CODE    },
    {"stm r1!, {}",        {0xC100},         L072_STOP_UNDEFINED,  CODE    },
    {"push {}",            {0xB400},         L072_STOP_UNDEFINED,  CODE    },
    {"udf.w",              {0xF7F0, 0xA000}, L072_STOP_UNDEFINED,  CODE    },
    {"b.w .",              {0xF000, 0x9000}, L072_STOP_UNDEFINED,  CODE    },
    {"ldr.w r0, [r1]",     {0xF8D1, 0x0000}, L072_STOP_UNDEFINED,  CODE    },
    {"blx .",              {0xF000, 0xE800}, L072_STOP_UNDEFINED,  CODE    },
};

static void start_fault(struct board *b, const struct fault_row *row)
{
    memcpy(b->cpu.r, (uint32_t[]){9, DATA + 2, NOWHERE, DATA + 1, 0x40000001, 0}, 24);
    preset(b, STACK, 7);
    preset(b, STACK + 4, 0);
    PUT(b, CODE, row->op[0], row->op[1]);
}

static void test_a_strict_board_stops_with_registers_unchanged(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(fault_rows); i++) {
        const struct fault_row *row = &fault_rows[i];
        struct board *b = core_start(false);
        uint32_t before[16];

        start_fault(b, row);
        memcpy(before, b->cpu.r, sizeof before);
        step(b);
        CHECK(row, b->stop.kind == row->kind);
        CHECK(row, b->stop.pc == CODE);
        CHECK(row, b->stop.address == row->address);
        CHECK(row, !memcmp(b->cpu.r, before, sizeof before));
        core_end(b);
    }
}

/* The return address is the faulting instruction, or where a branch without Thumb bit went. */
static void test_a_lenient_board_takes_a_hardfault(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(fault_rows); i++) {
        const struct fault_row *row = &fault_rows[i];
        bool branched = row->kind == L072_STOP_STATE;
        struct board *b = core_start(true);

        start_fault(b, row);
        step(b);
        b->log.count = 0;
        if (branched)
            step(b);
        CHECK(row, b->cpu.ipsr == EXC_HARDFAULT);
        CHECK(row, b->cpu.r[PC] == HANDLER(EXC_HARDFAULT));
        CHECK(row, peek(b, b->cpu.r[SP] + 24) == (branched ? row->address : CODE));
        CHECK(row, (peek(b, b->cpu.r[SP] + 28) >> 24 & 1) == !branched);
        core_end(b);
    }
}

/* The bus answers, but the board has stopped: the load is not done. */
static void test_a_stop_inside_a_peripheral_leaves_registers_unchanged(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    PUT(b, CODE, 0xC903); /* ldm r1!, {r0, r1} */
    memcpy(b->cpu.r, (uint32_t[]){9, 0x40005C00}, 8);
    step(b);
    assert_int_equal(b->stop.kind, L072_STOP_NO_CLOCK);
    assert_int_equal(b->cpu.r[0], 9);
    assert_int_equal(b->cpu.r[1], 0x40005C00);
    assert_int_equal(b->cpu.r[PC], CODE);
    core_end(b);
}

/* Erases a page of bank 1; its code and data wait until that is over. */
static void start_erase(struct board *b)
{
    static const uint32_t erase[][2] = {
        {0x4002200C, 0x89ABCDEF},
        {0x4002200C, 0x02030405}, /* PEKEYR */
        {0x40022010, 0x8C9DAEBF},
        {0x40022010, 0x13141516}, /* PRGKEYR */
        {0x40022004, 0x208     },
        {0x08001000, 0         }, /* PECR: ERASE, PROG; the page */
    };

    for (size_t i = 0; i < COUNT(erase); i++)
        store(b, erase[i][0], erase[i][1]);
}

static void cut_power_after(struct board *b, uint64_t ps)
{
    struct l072_fault cut = {.kind = L072_FAULT_CUT, .time = time_now(b) + ps};

    assert_int_equal(l072_fault(handle(b), &cut), 0);
}

/* A fetch that waits for the flash when the power goes: nothing is executed, nothing stacked. */
static void test_a_fetch_cut_short_leaves_no_trace(void **state)
{
    struct board *b = core_start(false);
    uint32_t below = peek(b, STACK - 4);

    (void)state;
    start_erase(b);
    cut_power_after(b, PS_PER_MS);
    b->cpu.r[PC] = 0x08000100;
    step(b);
    assert_false(b->powered);
    assert_int_equal(b->cpu.r[PC], 0x08000100);
    assert_int_equal(peek(b, STACK - 4), below);
    core_end(b);
}

/* An exception whose frame lies in the flash: the first word waits until the power goes, and the
 * others do not start an operation of their own. */
static void test_an_entry_cut_short_stores_nothing(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    start_erase(b);
    cut_power_after(b, PS_PER_MS);
    b->cpu.r[SP] = 0x08002020;
    nvic_pend(b, EXC_PENDSV);
    step(b);
    assert_false(b->powered);
    assert_int_equal(b->cpu.ipsr, 0);
    assert_int_equal(b->flash.operations, 1);
    assert_int_equal(b->flash.state, FLASH_IDLE);
    core_end(b);
}

/* A vector that waits for the flash when the watchdog resets: it is not judged. */
static void test_a_vector_cut_short_is_not_taken(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    start_erase(b);
    b->nvic.vtor = 0x08000000;
    event_after(b, EVENT_IWDG, PS_PER_MS);
    nvic_pend(b, EXC_PENDSV);
    step(b);
    assert_int_equal(b->stop.kind, L072_STOP_NONE);
    assert_int_equal(b->reset_request, RESET_IWDG);
    assert_int_equal(b->cpu.ipsr, 0);
    core_end(b);
}

/* LDM and STM that meet a fault half-way leave their base for a second try. */
static void test_a_fault_inside_a_list_keeps_the_base(void **state)
{
    static const uint16_t op[] = {0xC90C, 0xC10C, 0xB40C}; /* ldm r1!, stm r1!, push {r2, r3} */
    const uint32_t end = 0x20005000;

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct board *b = core_start(true);

        PUT(b, CODE, op[i]);
        memcpy(b->cpu.r, (uint32_t[]){0, end - 4, 2, 3}, 16);
        if (i == 2)
            b->cpu.r[SP] = end + 4; /* its upper word is outside */
        step(b);
        assert_int_equal(b->cpu.r[1], end - 4);
        assert_int_equal(b->cpu.r[2], 2);
        assert_int_equal(b->cpu.r[3], 3);
        core_end(b);
    }
}

static void test_execution_stays_out_of_peripherals(void **state)
{
    static const uint32_t target[] = {0x40000000, 0x50000000, 0xE000E000, 0xFFFFFFFE};

    (void)state;
    for (size_t i = 0; i < COUNT(target); i++) {
        struct board *b = core_start(false);

        PUT(b, CODE, 0x4708); /* bx r1 */
        b->cpu.r[1] = target[i] | 1;
        steps(b, 2);
        assert_int_equal(b->stop.kind, L072_STOP_EXECUTE);
        assert_int_equal(b->stop.pc, target[i]);
        core_end(b);
    }
}

/* Erased flash reads 0: the reset vector of an empty part has no Thumb bit. */
static void test_an_empty_part_stops_at_reset(void **state)
{
    const struct l072_config config = {0};
    struct l072 *board = l072_create(&config);

    (void)state;
    assert_non_null(board);
    l072_power(board, true);
    assert_int_equal(l072_stop(board)->kind, L072_STOP_STATE);
    l072_destroy(board);
}

/* ---- Lockup ---------------------------------------------------------------------------------- */

static void enter_hardfault(struct board *b)
{
    PUT(b, CODE, 0xDE00); /* udf */
    PUT(b, HANDLER(EXC_HARDFAULT), 0xDE00);
    step(b);
    assert_int_equal(b->cpu.ipsr, EXC_HARDFAULT);
    b->log.count = 0;
}

static void test_a_fault_in_hardfault_locks_up(void **state)
{
    struct board *b = core_start(true);
    uint64_t cycles;

    (void)state;
    enter_hardfault(b);
    step(b);
    b->log.count = 0;
    assert_true(b->cpu.lockup);
    assert_true(cpu_idle(b));
    cycles = b->time.cycles;
    nvic_pend(b, EXC_IRQ0);
    b->time.target = cycles + 100;
    cpu_run(b); /* nothing but a reset ends it */
    assert_int_equal(b->time.cycles, cycles);
    cpu_reset(b);
    assert_false(cpu_idle(b));
    core_end(b);
}

static void test_a_fault_in_nmi_locks_up(void **state)
{
    struct board *b = core_start(true);

    (void)state;
    PUT(b, HANDLER(EXC_NMI), 0xDE00); /* udf */
    nvic_pend(b, EXC_NMI);
    step(b);
    assert_int_equal(b->cpu.ipsr, EXC_NMI);
    step(b);
    assert_true(b->cpu.lockup);
    core_end(b);
}

static void test_svc_in_hardfault_locks_up(void **state)
{
    struct board *b = core_start(true);

    (void)state;
    enter_hardfault(b);
    PUT(b, HANDLER(EXC_HARDFAULT), 0xDF00); /* svc */
    step(b);
    assert_true(b->cpu.lockup);
    core_end(b);
}

static void test_no_stack_for_hardfault_locks_up(void **state)
{
    struct board *b = core_start(true);

    (void)state;
    PUT(b, CODE, 0xDE00);
    b->cpu.r[SP] = NOWHERE;
    step(b);
    assert_true(b->cpu.lockup);
    core_end(b);
}

/* No stack for an interrupt is a HardFault; the interrupt stays pending. */
static void test_no_stack_for_an_interrupt_is_a_hardfault(void **state)
{
    struct board *b = core_start(true);

    (void)state;
    b->cpu.r[SP] = NOWHERE;
    b->nvic.enabled = 1;
    nvic_pend(b, EXC_IRQ0);
    step(b);
    assert_int_equal(b->cpu.ipsr, EXC_HARDFAULT);
    assert_true(b->nvic.pending >> EXC_IRQ0 & 1);
    core_end(b);
}

static void test_a_vector_without_thumb_bit(void **state)
{
    struct board *strict = core_start(false), *lenient = core_start(true);

    (void)state;
    preset(strict, VECTORS + 4 * EXC_SVCALL, HANDLER(EXC_SVCALL));
    PUT(strict, CODE, 0xDF00);
    step(strict);
    assert_int_equal(strict->stop.kind, L072_STOP_STATE);
    assert_int_equal(strict->cpu.r[PC], CODE);
    core_end(strict);

    preset(lenient, VECTORS + 4 * EXC_SVCALL, HANDLER(EXC_SVCALL));
    PUT(lenient, CODE, 0xDF00);
    step(lenient);
    lenient->log.count = 0;
    assert_int_equal(lenient->cpu.ipsr, EXC_SVCALL);
    step(lenient);
    assert_int_equal(lenient->cpu.ipsr, EXC_HARDFAULT);
    assert_int_equal(peek(lenient, lenient->cpu.r[SP] + 24), HANDLER(EXC_SVCALL));
    core_end(lenient);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_strict_board_stops_with_registers_unchanged),
        cmocka_unit_test(test_a_lenient_board_takes_a_hardfault),
        cmocka_unit_test(test_a_stop_inside_a_peripheral_leaves_registers_unchanged),
        cmocka_unit_test(test_a_fetch_cut_short_leaves_no_trace),
        cmocka_unit_test(test_an_entry_cut_short_stores_nothing),
        cmocka_unit_test(test_a_vector_cut_short_is_not_taken),
        cmocka_unit_test(test_a_fault_inside_a_list_keeps_the_base),
        cmocka_unit_test(test_execution_stays_out_of_peripherals),
        cmocka_unit_test(test_an_empty_part_stops_at_reset),
        cmocka_unit_test(test_a_fault_in_hardfault_locks_up),
        cmocka_unit_test(test_a_fault_in_nmi_locks_up),
        cmocka_unit_test(test_svc_in_hardfault_locks_up),
        cmocka_unit_test(test_no_stack_for_hardfault_locks_up),
        cmocka_unit_test(test_no_stack_for_an_interrupt_is_a_hardfault),
        cmocka_unit_test(test_a_vector_without_thumb_bit),
    };

    return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
