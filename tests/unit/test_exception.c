/* SPDX-License-Identifier: MIT */
/* Exceptions: frames, stacks, priorities, lines that stay asserted, sleep. */
#include "core_board.h"

#define ENTRY 15u
#define EXIT  13u
#define BX    2u

#define SCS   0xE000E000u
#define ISER  (SCS + 0x100)
#define ICPR  (SCS + 0x280)
#define IPR   (SCS + 0x400)
#define ICSR  (SCS + 0xD04)
#define SCR   (SCS + 0xD10)
#define SHPR2 (SCS + 0xD1C)

static void scs(struct board *b, uint32_t address, uint32_t value)
{
    assert_true(bus_write(b, address, 4, value));
}

static uint32_t scs_get(struct board *b, uint32_t address)
{
    uint32_t value;

    assert_true(bus_read(b, address, 4, &value));
    return value;
}

static void put_nops(struct board *b)
{
    PUT(b, CODE, OP_NOP, OP_NOP, OP_NOP, OP_NOP, OP_NOP, OP_NOP);
}

/* ---- Entry and return ------------------------------------------------------------------------ */

static void test_frame(void **state)
{
    struct board *b = core_start(false);
    const uint32_t frame[8] = {0, 1, 2, 3, 12, 14, CODE + 2, 0xA1000000};

    (void)state;
    PUT(b, CODE, 0xDF00); /* svc #0 */
    for (unsigned i = 0; i < 13; i++)
        b->cpu.r[i] = i;
    b->cpu.r[LR] = 14;
    set_nzcv(b, 0xA);
    assert_int_equal(step(b), 1 + ENTRY);
    assert_int_equal(b->cpu.r[PC], HANDLER(EXC_SVCALL));
    assert_int_equal(b->cpu.r[SP], STACK - 32);
    assert_int_equal(b->cpu.r[LR], 0xFFFFFFF9);
    assert_int_equal(cpu_xpsr(b), 0xA1000000 | EXC_SVCALL);
    assert_memory_equal(bus_memory(b, STACK - 32, 32), frame, 28);
    assert_int_equal(peek(b, STACK - 4), frame[7]);

    b->cpu.r[3] = 99; /* comes back from the frame */
    set_nzcv(b, 0);
    assert_int_equal(step(b), BX + EXIT);
    assert_int_equal(b->cpu.r[PC], CODE + 2);
    assert_int_equal(b->cpu.r[SP], STACK);
    assert_int_equal(b->cpu.r[3], 3);
    assert_int_equal(cpu_xpsr(b), 0xA1000000);
    core_end(b);
}

static void test_frame_is_aligned_to_8_bytes(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    PUT(b, CODE, 0xDF00);
    b->cpu.r[SP] = STACK - 4;
    step(b);
    assert_int_equal(b->cpu.r[SP], STACK - 40);
    assert_int_equal(peek(b, STACK - 40 + 28), 0x01000200);
    step(b);
    assert_int_equal(b->cpu.r[SP], STACK - 4);
    core_end(b);
}

static void test_thread_on_the_process_stack(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    PUT(b, CODE, 0xF380, 0x8809, 0xF381, 0x8814, 0xDF00); /* msr psp, r0; msr control, r1; svc */
    b->cpu.r[0] = DATA + 0x100;
    b->cpu.r[1] = 2;
    steps(b, 3);
    assert_int_equal(b->cpu.r[LR], 0xFFFFFFFD);
    assert_int_equal(b->cpu.r[SP], STACK);
    assert_int_equal(b->cpu.banked_sp, DATA + 0x100 - 32);
    assert_int_equal(b->cpu.control, 0);
    step(b);
    assert_int_equal(b->cpu.r[SP], DATA + 0x100);
    assert_int_equal(b->cpu.banked_sp, STACK);
    assert_int_equal(b->cpu.control, 2);
    core_end(b);
}

static void test_a_handler_cannot_leave_the_main_stack(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    PUT(b, CODE, 0xDF00);
    PUT(b, HANDLER(EXC_SVCALL), 0xF381, 0x8814); /* msr control, r1 */
    b->cpu.r[1] = 2;
    steps(b, 2);
    assert_int_equal(b->cpu.control, 0);
    assert_int_equal(b->cpu.r[SP], STACK - 32);
    core_end(b);
}

/* POP {PC} returns as BX does, after its own registers are loaded. */
static void test_return_by_pop(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    PUT(b, CODE, 0xDF00, OP_NOP);
    PUT(b, HANDLER(EXC_SVCALL), 0xB510, 0xBD10); /* push {r4, lr}; pop {r4, pc} */
    b->cpu.r[4] = 44;
    steps(b, 2);
    b->cpu.r[4] = 0;
    assert_int_equal(step(b), 5 + EXIT);
    assert_int_equal(b->cpu.r[4], 44);
    assert_int_equal(b->cpu.r[SP], STACK);
    assert_int_equal(b->cpu.r[PC], CODE + 2);
    core_end(b);
}

/* Each is refused in a handler entered from Thread mode: registers stay, PC on the BX. */
static void test_bad_exc_return(void **state)
{
    static const uint32_t bad[] = {0xFFFFFFF1, 0xFFFFFFF5, 0xFFFFFF09, 0xF0000000};

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct board *b = core_start(false);

        PUT(b, CODE, 0xDF00);
        step(b);
        b->cpu.r[LR] = bad[i];
        step(b);
        assert_int_equal(b->stop.kind, L072_STOP_STATE);
        assert_int_equal(b->cpu.here, HANDLER(EXC_SVCALL));
        assert_int_equal(b->cpu.r[SP], STACK - 32);
        core_end(b);
    }
}

/* As many exceptions are active as EXC_RETURN says, whatever the frame. */
static void test_exc_return_for_the_wrong_depth(void **state)
{
    struct board *one = core_start(false), *two = core_start(false);

    (void)state;
    PUT(one, CODE, 0xDF00);
    step(one);
    preset(one, STACK - 4, 0x01000003);
    one->cpu.r[LR] = 0xFFFFFFF1;
    step(one);
    assert_int_equal(one->stop.kind, L072_STOP_STATE);
    core_end(one);

    PUT(two, CODE, 0xDF00);
    step(two);
    nvic_pend(two, EXC_NMI);
    step(two);
    preset(two, STACK - 32 - 4, 0x01000000);
    two->cpu.r[LR] = 0xFFFFFFF9;
    step(two);
    assert_int_equal(two->stop.kind, L072_STOP_STATE);
    core_end(two);
}

/* A frame that says Handler mode where Thread mode is to come back. */
static void test_damaged_frame(void **state)
{
    struct board *b = core_start(true);

    (void)state;
    PUT(b, CODE, 0xDF00);
    step(b);
    preset(b, STACK - 4, 0x0100000B);
    step(b);
    assert_int_equal(b->log.entry[b->log.head].value, L072_STOP_STATE);
    assert_int_equal(b->cpu.ipsr, EXC_HARDFAULT);
    assert_int_equal(peek(b, b->cpu.r[SP] + 24), HANDLER(EXC_SVCALL));
    core_end(b);
}

/* ---- Priorities ------------------------------------------------------------------------------ */

static void test_the_lower_priority_value_wins_then_the_lower_number(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    put_nops(b);
    scs(b, ISER, 0x7);
    scs(b, IPR, 0x008080FF); /* IRQ0: 0xC0 is all there is of 0xFF */
    assert_int_equal(scs_get(b, IPR), 0x008080C0);
    scs(b, IPR, 0x404080);
    for (unsigned i = 0; i < 3; i++)
        nvic_pend(b, EXC_IRQ0 + i);
    step(b);
    assert_int_equal(b->cpu.ipsr, EXC_IRQ0 + 1);
    steps(b, 2); /* return, next entry */
    assert_int_equal(b->cpu.ipsr, EXC_IRQ0 + 2);
    steps(b, 2);
    assert_int_equal(b->cpu.ipsr, EXC_IRQ0);
    step(b);
    assert_int_equal(b->cpu.ipsr, 0);
    core_end(b);
}

static void test_pre_emption(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    put_nops(b);
    scs(b, ISER, 0x7);
    scs(b, IPR, 0x004080);
    nvic_pend(b, EXC_IRQ0);
    step(b);
    nvic_pend(b, EXC_IRQ0 + 1);
    step(b);
    assert_int_equal(b->cpu.ipsr, EXC_IRQ0 + 1);
    assert_int_equal(b->cpu.r[LR], 0xFFFFFFF1);
    assert_int_equal(scs_get(b, ICSR) & 0x1FF, EXC_IRQ0 + 1);
    scs(b, IPR, 0x404080);
    nvic_pend(b, EXC_IRQ0 + 2); /* of the same priority: waits */
    step(b);
    assert_int_equal(b->cpu.ipsr, EXC_IRQ0);
    assert_int_equal(b->cpu.r[PC], HANDLER(EXC_IRQ0));
    assert_int_equal(scs_get(b, ICSR), 1u << 22 | (EXC_IRQ0 + 2) << 12 | EXC_IRQ0);
    step(b);
    assert_int_equal(b->cpu.ipsr, EXC_IRQ0 + 2);
    core_end(b);
}

static void test_primask_holds_back_all_but_nmi_and_hardfault(void **state)
{
    struct board *b = core_start(true);

    (void)state;
    PUT(b, CODE, 0xB672, OP_NOP, 0xDE00); /* cpsid i; nop; udf */
    scs(b, ISER, 1);
    step(b);
    nvic_pend(b, EXC_IRQ0);
    step(b);
    assert_int_equal(b->cpu.r[PC], CODE + 4);
    step(b);
    b->log.count = 0;
    assert_int_equal(b->cpu.ipsr, EXC_HARDFAULT);
    scs(b, ICSR, 1u << 31);
    step(b);
    assert_int_equal(b->cpu.ipsr, EXC_NMI);
    core_end(b);
}

/* SVC where it cannot pre-empt is a HardFault; an interrupt would wait. */
static void test_svc_needs_a_higher_priority(void **state)
{
    static const struct {
        const char *text;
        uint32_t svc, irq; /* priorities */
        bool primask;
        unsigned taken;
    } rows[] = {
        {"above the handler", 0x40, 0x80, false, EXC_SVCALL   },
        {"equal to it",       0x80, 0x80, false, EXC_HARDFAULT},
        {"below it",          0xC0, 0x80, false, EXC_HARDFAULT},
        {"PRIMASK",           0x00, 0x80, true,  EXC_HARDFAULT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct board *b = core_start(true);

        scs(b, ISER, 1);
        scs(b, IPR, rows[i].irq);
        scs(b, SHPR2, rows[i].svc << 24);
        PUT(b, HANDLER(EXC_IRQ0), 0xDF00); /* svc #0 */
        nvic_pend(b, EXC_IRQ0);
        step(b);
        b->cpu.primask = rows[i].primask;
        step(b);
        CHECK(&rows[i], b->cpu.ipsr == rows[i].taken);
        core_end(b);
    }
}

static void test_pendsv_from_software(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    put_nops(b);
    scs(b, ICSR, 1u << 28);
    assert_true(scs_get(b, ICSR) & 1u << 28);
    scs(b, ICSR, 1u << 27);
    step(b);
    assert_int_equal(b->cpu.ipsr, 0);
    scs(b, ICSR, 1u << 28);
    step(b);
    assert_int_equal(b->cpu.ipsr, EXC_PENDSV);
    assert_false(scs_get(b, ICSR) & 1u << 28);
    core_end(b);
}

/* ---- Lines ----------------------------------------------------------------------------------- */

static void test_an_asserted_line_interrupts_again(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    put_nops(b);
    scs(b, ISER, 1u << IRQ_USB);
    nvic_drive(b, IRQ_USB, 0, true);
    nvic_drive(b, IRQ_USB, 1, true);
    steps(b, 3); /* entry, return, entry */
    assert_int_equal(b->cpu.ipsr, EXC_IRQ0 + IRQ_USB);
    nvic_drive(b, IRQ_USB, 0, false); /* the other source still asserts it */
    steps(b, 2);
    assert_int_equal(b->cpu.ipsr, EXC_IRQ0 + IRQ_USB);
    nvic_drive(b, IRQ_USB, 0, true); /* no edge: the line was high all the time */
    nvic_drive(b, IRQ_USB, 0, false);
    nvic_drive(b, IRQ_USB, 1, false);
    steps(b, 2);
    assert_int_equal(b->cpu.ipsr, 0);
    assert_int_equal(b->cpu.r[PC], CODE + 2);
    core_end(b);
}

static void test_clearing_the_pending_bit_of_an_asserted_line(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    nvic_drive(b, IRQ_FLASH, 0, true);
    scs(b, ICPR, 1u << IRQ_FLASH);
    assert_int_equal(scs_get(b, ICPR), 1u << IRQ_FLASH);
    nvic_drive(b, IRQ_FLASH, 0, false);
    assert_int_equal(scs_get(b, ICPR), 1u << IRQ_FLASH); /* latched */
    scs(b, ICPR, 1u << IRQ_FLASH);
    assert_int_equal(scs_get(b, ICPR), 0);
    core_end(b);
}

/* ---- Sleep ----------------------------------------------------------------------------------- */

static void test_wfi(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    PUT(b, CODE, 0xB672, 0xBF30, OP_NOP, 0xB662, OP_NOP); /* cpsid i; wfi; nop; cpsie i; nop */
    step(b);
    assert_int_equal(step(b), 2);
    assert_true(cpu_idle(b));
    assert_int_equal(step(b), 0);
    nvic_pend(b, EXC_IRQ0); /* not enabled: no reason to wake */
    assert_true(cpu_idle(b));
    scs(b, ISER, 1);
    assert_false(cpu_idle(b));
    step(b); /* PRIMASK: awake, but no entry */
    assert_int_equal(b->cpu.r[PC], CODE + 6);
    steps(b, 2);
    assert_int_equal(b->cpu.ipsr, EXC_IRQ0);
    core_end(b);
}

static void test_wfe_and_sev(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    PUT(b, CODE, 0xBF40, 0xBF20, OP_NOP, 0xBF20, OP_NOP); /* sev; wfe; nop; wfe; nop */
    steps(b, 3);
    assert_int_equal(b->cpu.r[PC], CODE + 6); /* the event was there */
    step(b);
    assert_true(cpu_idle(b)); /* and is used up */
    nvic_pend(b, EXC_IRQ0);
    assert_true(cpu_idle(b));
    scs(b, ICPR, 1);
    scs(b, SCR, 1u << 4); /* SEVONPEND: even an interrupt that is not enabled */
    nvic_pend(b, EXC_IRQ0);
    assert_false(cpu_idle(b));
    step(b);
    assert_int_equal(b->cpu.r[PC], CODE + 10);
    core_end(b);
}

static void test_entry_and_return_set_the_event(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    PUT(b, CODE, 0xDF00);
    step(b);
    assert_true(b->cpu.event);
    b->cpu.event = false;
    step(b);
    assert_true(b->cpu.event);
    core_end(b);
}

static void test_sleep_on_exit(void **state)
{
    struct board *b = core_start(false);

    (void)state;
    put_nops(b);
    scs(b, SCR, 1u << 1);
    scs(b, ISER, 1);
    nvic_pend(b, EXC_IRQ0);
    steps(b, 2);
    assert_int_equal(b->cpu.ipsr, 0);
    assert_true(cpu_idle(b));
    nvic_pend(b, EXC_IRQ0);
    step(b);
    assert_int_equal(b->cpu.ipsr, EXC_IRQ0);
    scs(b, SCR, 0);
    steps(b, 2);
    assert_int_equal(b->cpu.r[PC], CODE + 2);
    core_end(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame),
        cmocka_unit_test(test_frame_is_aligned_to_8_bytes),
        cmocka_unit_test(test_thread_on_the_process_stack),
        cmocka_unit_test(test_a_handler_cannot_leave_the_main_stack),
        cmocka_unit_test(test_return_by_pop),
        cmocka_unit_test(test_bad_exc_return),
        cmocka_unit_test(test_exc_return_for_the_wrong_depth),
        cmocka_unit_test(test_damaged_frame),
        cmocka_unit_test(test_the_lower_priority_value_wins_then_the_lower_number),
        cmocka_unit_test(test_pre_emption),
        cmocka_unit_test(test_primask_holds_back_all_but_nmi_and_hardfault),
        cmocka_unit_test(test_svc_needs_a_higher_priority),
        cmocka_unit_test(test_pendsv_from_software),
        cmocka_unit_test(test_an_asserted_line_interrupts_again),
        cmocka_unit_test(test_clearing_the_pending_bit_of_an_asserted_line),
        cmocka_unit_test(test_wfi),
        cmocka_unit_test(test_wfe_and_sev),
        cmocka_unit_test(test_entry_and_return_set_the_event),
        cmocka_unit_test(test_sleep_on_exit),
    };

    return cmocka_run_group_tests_name("exception", tests, NULL, NULL);
}
