/* SPDX-License-Identifier: MIT */
/* SysTick, and the registers of the SCB and the MPU. */
#include "core_board.h"

#define CSR   0x010u
#define RVR   0x014u
#define CVR   0x018u
#define AIRCR 0xD0Cu

#define ENABLE    1u
#define TICKINT   2u
#define CLKSOURCE 4u
#define COUNTFLAG (1u << 16)

static uint32_t get(struct board *b, uint32_t offset)
{
    return scs_read(b, offset);
}

static void set(struct board *b, uint32_t offset, uint32_t value)
{
    scs_write(b, offset, value, UINT32_MAX);
}

/* Lets cycles pass as sleep does: whatever is due runs. */
static void pass(struct board *b, uint64_t cycles)
{
    uint64_t until = time_now(b) + cycles * b->time.period_ps;

    while (b->time.next_due <= until) {
        time_skip_to(b, b->time.next_due);
        time_run_due(b);
    }
    time_skip_to(b, until);
}

static bool pending(const struct board *b)
{
    return b->nvic.pending >> EXC_SYSTICK & 1;
}

/* Reload 9: 9, 8 ... 0, ten ticks a round. */
static void test_counter(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    set(b, RVR, 9);
    set(b, CVR, 123); /* any value clears it */
    assert_int_equal(get(b, CVR), 0);
    set(b, CSR, ENABLE | CLKSOURCE);
    pass(b, 1);
    assert_int_equal(get(b, CVR), 9);
    assert_int_equal(get(b, CSR), ENABLE | CLKSOURCE);
    pass(b, 8);
    assert_int_equal(get(b, CVR), 1);
    pass(b, 1);
    assert_int_equal(get(b, CVR), 0);
    assert_int_equal(get(b, CSR), ENABLE | CLKSOURCE | COUNTFLAG);
    assert_int_equal(get(b, CSR), ENABLE | CLKSOURCE); /* reading clears it */
    pass(b, 1003);
    assert_int_equal(get(b, CVR), 7);
    assert_false(pending(b));
    core_end(b);
}

/* A write while it counts: 0, no COUNTFLAG, no interrupt; the next tick reloads. */
static void test_a_write_clears_a_running_counter(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    set(b, RVR, 99);
    set(b, CSR, ENABLE | TICKINT | CLKSOURCE);
    pass(b, 150);
    scs_write(b, 0xD04, 1u << 25, UINT32_MAX); /* ICSR.PENDSTCLR */
    assert_int_not_equal(get(b, CVR), 0);
    set(b, CVR, 55);
    assert_int_equal(get(b, CVR), 0);
    assert_int_equal(get(b, CSR), ENABLE | TICKINT | CLKSOURCE);
    assert_false(pending(b));
    pass(b, 1);
    assert_int_equal(get(b, CVR), 99);
    core_end(b);
}

static void test_words_alone_reach_the_system_control_space(void **state)
{
    struct board *b = core_start(false);
    uint32_t value;

    (void)state;
    (void)bus_read(b, 0xE000E400, 1, &value);
    assert_int_equal(b->stop.kind, L072_STOP_WIDTH);
    b->stop.kind = L072_STOP_NONE;
    (void)bus_write(b, 0xE000ED22, 2, 0xC0);
    assert_int_equal(b->stop.kind, L072_STOP_WIDTH);
    core_end(b);
}

static void test_interrupt_each_round(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    set(b, RVR, 999);
    set(b, CVR, 0);
    set(b, CSR, ENABLE | TICKINT | CLKSOURCE);
    for (int i = 0; i < 3; i++) {
        pass(b, 999);
        assert_false(pending(b));
        pass(b, 1);
        assert_true(pending(b));
        scs_write(b, 0xD04, 1u << 25, UINT32_MAX); /* ICSR.PENDSTCLR */
    }
    set(b, CSR, 0);
    pass(b, 5000);
    assert_false(pending(b));
    core_end(b);
}

/* The event is there only while it matters. */
static void test_no_event_without_interrupt(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    set(b, RVR, 999);
    set(b, CSR, ENABLE | CLKSOURCE);
    assert_true(b->time.due[EVENT_SYSTICK] == NEVER);
    set(b, CSR, ENABLE | TICKINT | CLKSOURCE);
    assert_true(b->time.due[EVENT_SYSTICK] != NEVER);
    set(b, RVR, 0); /* the round in progress ends, then the counter stays at 0 */
    set(b, CVR, 0);
    assert_true(b->time.due[EVENT_SYSTICK] == NEVER);
    core_end(b);
}

static void test_a_stopped_counter_keeps_its_value(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    set(b, RVR, 100);
    set(b, CSR, ENABLE | CLKSOURCE);
    pass(b, 11);
    set(b, CSR, CLKSOURCE);
    pass(b, 50);
    assert_int_equal(get(b, CVR), 90);
    set(b, CSR, ENABLE | CLKSOURCE);
    pass(b, 5);
    assert_int_equal(get(b, CVR), 85);
    core_end(b);
}

static void test_clock_divided_by_8(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    set(b, RVR, 9);
    set(b, CSR, ENABLE);
    pass(b, 8 * 4 + 7);
    assert_int_equal(get(b, CVR), 6);
    pass(b, 1);
    assert_int_equal(get(b, CVR), 5);
    core_end(b);
}

/* The counter counts cycles: a slower HCLK makes its zero come later. */
static void test_change_of_the_clock(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    set(b, RVR, 999);
    set(b, CSR, ENABLE | TICKINT | CLKSOURCE);
    pass(b, 500);
    time_set_period(b, 8 * b->time.period_ps);
    assert_int_equal(get(b, CVR), 500);
    pass(b, 499);
    assert_false(pending(b));
    pass(b, 1);
    assert_true(pending(b));
    core_end(b);
}

/* The program waits for COUNTFLAG, as delay loops do. */
static void test_a_delay_loop(void **state)
{
    struct board *b = core_start(false);
    uint64_t start;

    (void)state;
    /* loop: ldr r0, [r1]; lsls r0, r0, #15; bpl loop */
    PUT(b, CODE, 0x6808, 0x03C0, 0xD5FC, OP_NOP);
    b->cpu.r[1] = 0xE000E010;
    set(b, RVR, 9999);
    set(b, CSR, ENABLE | CLKSOURCE);
    start = b->time.cycles;
    while (b->cpu.r[PC] != CODE + 6)
        step(b);
    assert_in_range(b->time.cycles - start, 10000, 10010);
    core_end(b);
}

/* ---- SCB and MPU ----------------------------------------------------------------------------- */

struct register_row {
    const char *text;
    uint32_t offset, reset, written, read;
};

static const struct register_row registers[] = {
    {"SYST_RVR",   0x014, 0,          0xFFFFFFFF, 0x00FFFFFF},
    {"SYST_CALIB", 0x01C, 0,          0xFFFFFFFF, 0         },
    {"ISER",       0x100, 0,          0x00000005, 5         },
    {"ICER",       0x180, 5,          0x00000004, 1         },
    {"ISPR",       0x200, 0,          0x80000006, 0x80000006},
    {"ICPR",       0x280, 0x80000006, 0xFFFFFFFF, 0         },
    {"ICSR",       0xD04, 0,          0x04000000, 0x0400F000},
    {"ICSR",       0xD04, 0x0400F000, 0x02000000, 0         },
    {"CPUID",      0xD00, 0x410CC601, 0,          0x410CC601},
    {"VTOR",       0xD08, VECTORS,    0xFFFFFFFF, 0xFFFFFF00},
    {"AIRCR",      0xD0C, 0xFA050000, 0x05FA0001, 0xFA050000},
    {"SCR",        0xD10, 0,          0xFFFFFFFF, 0x16      },
    {"CCR",        0xD14, 0x208,      0xFFFFFFFF, 0x208     },
    {"SHPR2",      0xD1C, 0,          0xFFFFFFFF, 0xC0000000},
    {"SHPR3",      0xD20, 0,          0xFFFFFFFF, 0xC0C00000},
    {"IPR7",       0x41C, 0,          0xFFFFFFFF, 0xC0C0C0C0},
    {"MPU_TYPE",   0xD90, 0x800,      0,          0x800     },
    {"MPU_CTRL",   0xD94, 0,          0xFFFFFFFE, 6         },
    {"MPU_RNR",    0xD98, 0,          3,          3         },
    {"MPU_RBAR",   0xD9C, 3,          0xFFFFFF00, 0xFFFFFF03},
    {"MPU_RBAR",   0xD9C, 0xFFFFFF03, 0x20000015, 0x20000005},
    {"MPU_RASR",   0xDA0, 0,          0xFFFFFFFF, 0x1707FF3F},
};

static void test_registers(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    for (size_t i = 0; i < COUNT(registers); i++) {
        const struct register_row *row = &registers[i];

        CHECK(row, get(b, row->offset) == row->reset);
        set(b, row->offset, row->written);
        CHECK(row, get(b, row->offset) == row->read);
        CHECK(row, !b->stop.kind && !b->reset_request);
    }
    core_end(b);
}

static void test_aircr(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    set(b, AIRCR, 0x05FA0001); /* VECTRESET is not in ARMv6-M */
    assert_int_equal(b->reset_request, 0);
    set(b, AIRCR, 0x05FA0004);
    assert_int_equal(b->reset_request, RESET_SOFTWARE);
    b->reset_request = 0;
    set(b, AIRCR, 0x00000004);
    assert_int_equal(b->reset_request, 0);
    assert_int_equal(b->stop.kind, L072_STOP_RULE);
    core_end(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counter),
        cmocka_unit_test(test_a_write_clears_a_running_counter),
        cmocka_unit_test(test_words_alone_reach_the_system_control_space),
        cmocka_unit_test(test_interrupt_each_round),
        cmocka_unit_test(test_no_event_without_interrupt),
        cmocka_unit_test(test_a_stopped_counter_keeps_its_value),
        cmocka_unit_test(test_clock_divided_by_8),
        cmocka_unit_test(test_change_of_the_clock),
        cmocka_unit_test(test_a_delay_loop),
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_aircr),
    };

    return cmocka_run_group_tests_name("systick", tests, NULL, NULL);
}
