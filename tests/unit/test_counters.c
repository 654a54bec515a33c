/* SPDX-License-Identifier: MIT */
/* What l072_get_counters() counts, and the events of l072_log_signals(). */
#include "core_board.h"

#define GPIOA_MODER 0x50000000u
#define GPIOA_BSRR  0x50000018u
#define IOPENR      0x4002102Cu
#define FLASH_PECR  0x40022004u
#define FLASH_PEKEY 0x4002200Cu

static struct l072_counters counters(struct board *b)
{
    struct l072_counters k;

    l072_get_counters(handle(b), &k);
    return k;
}

static void test_instructions(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    PUT(b, CODE, OP_NOP, OP_NOP, 0xF000, 0xF800, 0xE7FE); /* bl next; b . */
    uint64_t cycles = counters(b).cycles;
    steps(b, 4);
    assert_int_equal(counters(b).instructions, 4);
    assert_int_equal(counters(b).cycles - cycles, 1 + 1 + 3 + 2);
    core_end(b);
}

/* What one instruction, or two, do to the depth of the main stack, from SP = STACK. */
static const struct {
    const char *text;
    uint16_t code[3];
    uint32_t r0, depth;
} stacks[] = {
    {"push {r0, r1}",        {0xB403, OP_NOP, OP_NOP}, 0,            8   },
    {"push; pop",            {0xB403, 0xBC03, OP_NOP}, 0,            8   },
    {"push; push; pop",      {0xB403, 0xB401, 0xBC03}, 0,            12  },
    {"sub sp, #508",         {0xB0FF, OP_NOP, OP_NOP}, 0,            508 },
    {"svc",                  {0xDF00, OP_NOP, OP_NOP}, 0,            32  },
    {"push; add sp, r0",     {0xB401, 0x4485, OP_NOP}, -1000u,       1004},
    {"mov sp, r0: start-up", {0x4685, 0xB401, OP_NOP}, STACK - 4096, 4   },
    {"push; mov sp: higher", {0xB403, 0x4685, 0xB401}, STACK + 4096, 8   },
    {"push; msr msp, r0",    {0xB403, 0xF380, 0x8808}, STACK - 4096, 8   },
};

static void test_stack(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT(stacks); i++) {
        struct board *b = core_start(false);

        put_code(b, CODE, stacks[i].code, 3);
        PUT(b, CODE + 6, OP_NOP, OP_NOP);
        b->cpu.r[0] = stacks[i].r0;
        steps(b, 3);
        CHECK(&stacks[i], counters(b).stack_depth == stacks[i].depth);
        core_end(b);
    }
}

static void test_process_stack(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    PUT(b, CODE, 0xF380, 0x8814, 0xB403, 0xDF00); /* msr control, r0; push; svc */
    b->cpu.banked_sp = STACK - 0x800;
    b->cpu.r[0] = 2;
    steps(b, 3);
    assert_int_equal(b->cpu.ipsr, EXC_SVCALL);
    assert_int_equal(counters(b).stack_depth, 0);
    core_end(b);
}

/* ---- Signals --------------------------------------------------------------------------------- */

/* The next event, which is `kind` with this value. Returns its detail. */
static uint32_t expect(struct board *b, enum l072_event_kind kind, uint32_t value)
{
    struct l072_event event;

    assert_true(l072_next_event(handle(b), &event));
    assert_int_equal(event.kind, kind);
    assert_int_equal(event.value, value);
    assert_true(event.time <= l072_now(handle(b)));
    return event.detail;
}

static void expect_none(struct board *b)
{
    struct l072_event event;

    assert_false(l072_next_event(handle(b), &event));
}

static struct board *start_logged(void)
{
    struct board *b = core_start(false);

    l072_log_signals(handle(b), true);
    expect(b, L072_EVENT_POWER, 1);
    assert_int_equal(expect(b, L072_EVENT_PINS, 0), 1 << 13); /* SWDIO has a pull-up */
    expect_none(b);
    return b;
}

static void test_signals_off(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    assert_int_equal(l072_drive_pin(handle(b), "PA13", false), 0);
    expect_none(b);
    core_end(b);
}

static void test_pins(void **state)
{
    struct board *b = start_logged();

    (void)state;
    store(b, IOPENR, 1);
    store(b, GPIOA_MODER, 0xEBFFFC01); /* PA0 output */
    expect_none(b);
    store(b, GPIOA_BSRR, 1);
    assert_int_equal(expect(b, L072_EVENT_PINS, 0), 1 << 13 | 1);
    store(b, GPIOA_BSRR, 1);
    expect_none(b);
    assert_int_equal(l072_drive_pin(handle(b), "PA13", false), 0);
    assert_int_equal(expect(b, L072_EVENT_PINS, 0), 1);
    core_end(b);
}

static void test_sleep(void **state)
{
    struct board *b = start_logged();

    (void)state;
    PUT(b, CODE, 0xBF30, OP_NOP); /* wfi */
    step(b);
    expect(b, L072_EVENT_SLEEP, 1);
    b->nvic.enabled = 1;
    nvic_drive(b, (enum irq)0, 0, true);
    step(b);
    assert_int_equal(b->cpu.sleep, CPU_AWAKE);
    expect(b, L072_EVENT_SLEEP, 0);
    core_end(b);
}

static void test_flash_and_power(void **state)
{
    struct board *b = start_logged();

    (void)state;
    store(b, FLASH_PEKEY, 0x89ABCDEF);
    store(b, FLASH_PEKEY, 0x02030405);
    store(b, 0x08080000, 1);
    expect(b, L072_EVENT_FLASH, 1);
    assert_int_equal(counters(b).flash_operations, 1);
    assert_int_equal(counters(b).flash_busy_ps, 3200 * L072_PS_PER_US);
    l072_power(handle(b), false);
    expect(b, L072_EVENT_FLASH, 0);
    expect(b, L072_EVENT_POWER, 0);
    assert_int_equal(expect(b, L072_EVENT_PINS, 0), 0);
    core_end(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_instructions),
        cmocka_unit_test(test_stack),
        cmocka_unit_test(test_process_stack),
        cmocka_unit_test(test_signals_off),
        cmocka_unit_test(test_pins),
        cmocka_unit_test(test_sleep),
        cmocka_unit_test(test_flash_and_power),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
