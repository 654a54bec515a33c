/* SPDX-License-Identifier: MIT */
/* Faults on demand: the moments around an operation, torn words, resets, bit rot, a stuck clock. */
#include "nvm_rig.h"

#define OLD  0x0F0F00FFu
#define NEW  0x00FF0F0Fu
#define WORD EEPROM /* an operation on it changes any bits at once */

static void arm(struct board *b, struct l072_fault fault)
{
    assert_int_equal(l072_fault(handle(b), &fault), 0);
}

/* Starts operation n = flash.operations + 1: OLD becomes NEW. */
static void write_word(struct board *b)
{
    preset(b, WORD, OLD);
    unlock_pe(b);
    store(b, WORD, NEW);
}

/* A fault at the operation that write_word() starts. */
static struct l072_fault at_next(struct board *b, enum l072_fault_kind kind,
                                 enum l072_moment moment)
{
    return (struct l072_fault){
        .kind = kind, .operation = b->flash.operations + 1, .moment = moment};
}

static uint32_t left_by_a_cut(struct board *b, enum l072_moment moment)
{
    arm(b, at_next(b, L072_FAULT_CUT, moment));
    write_word(b);
    run(b, 10 * L072_PS_PER_MS);
    assert_false(l072_powered(handle(b)));
    return peek(b, WORD);
}

static void a_cut_before_inside_and_after(void **state)
{
    struct board *b = *state;
    uint32_t torn;

    assert_int_equal(left_by_a_cut(b, L072_BEFORE), OLD);
    power_on(b);
    assert_int_equal(left_by_a_cut(b, L072_TORN_NONE), OLD);
    power_on(b);
    assert_int_equal(left_by_a_cut(b, L072_AFTER), NEW);
    power_on(b);
    assert_int_equal(__builtin_popcount(left_by_a_cut(b, L072_TORN_BUT_ONE) ^ NEW), 1);
    power_on(b);
    torn = left_by_a_cut(b, L072_TORN);
    assert_int_equal(torn & ~(OLD | NEW), 0);
    assert_true(torn != OLD && torn != NEW);
}

static void a_cut_before_counts_no_operation(void **state)
{
    struct board *b = *state;
    uint32_t operations = b->flash.operations;

    (void)left_by_a_cut(b, L072_BEFORE);
    assert_int_equal(b->flash.operations, operations);
    power_on(b);
    (void)left_by_a_cut(b, L072_TORN);
    assert_int_equal(b->flash.operations, operations + 1);
}

/* The bit that did not change is another one for another seed. */
static void the_bit_that_is_left_is_random(void **state)
{
    uint32_t seen = 0;

    (void)state;
    for (uint32_t seed = 0; seed < 8; seed++) {
        void *made = NULL;

        assert_int_equal(make_board(&made, &(struct l072_config){.seed = seed}), 0);
        seen |= left_by_a_cut(made, L072_TORN_BUT_ONE) ^ NEW;
        l072_destroy(made);
    }
    assert_true(__builtin_popcount(seen) > 2);
}

static void a_cut_at_a_time(void **state)
{
    struct board *b = *state;
    uint64_t time = l072_now(handle(b)) + L072_PS_PER_MS;

    arm(b, (struct l072_fault){.kind = L072_FAULT_CUT, .time = time, .moment = L072_TORN_NONE});
    write_word(b);
    run(b, L072_PS_PER_MS / 2);
    assert_true(l072_powered(handle(b)));
    run(b, L072_PS_PER_MS);
    assert_false(l072_powered(handle(b)));
    assert_int_equal(peek(b, WORD), OLD);
}

static void nrst_inside_an_operation(void **state)
{
    struct board *b = *state;

    arm(b, at_next(b, L072_FAULT_NRST, L072_TORN_BUT_ONE));
    write_word(b);
    run(b, 10 * L072_PS_PER_MS);
    assert_true(l072_powered(handle(b)));
    assert_int_equal(rcc_reset_flags(b) >> 24 & 0xC, 0xC); /* of power-on, and of the pin */
    assert_int_equal(load(b, R_PECR) & PELOCK, PELOCK);
    assert_int_equal(__builtin_popcount(peek(b, WORD) ^ NEW), 1);
}

static void nrst_before_an_operation(void **state)
{
    struct board *b = *state;

    arm(b, at_next(b, L072_FAULT_NRST, L072_BEFORE));
    write_word(b);
    run(b, 10 * L072_PS_PER_MS);
    assert_int_equal(peek(b, WORD), OLD);
    assert_int_equal(load(b, R_PECR) & PELOCK, PELOCK);
}

/* The word of BFB2 torn: its half and the complement disagree, and the chip takes BFB2 for 0. */
static void a_brown_out_while_an_option_byte_is_written(void **state)
{
    struct board *b = *state;

    preset(b, 0x20000100, 0x12345678);
    store(b, 0x40021050, 1 << 23); /* RCC_CSR.RMVF: the flags are to be those of the brown-out */
    arm(b, at_next(b, L072_FAULT_BROWN_OUT, L072_TORN));
    unlock_opt(b);
    store(b, OPTIONS + 4, 0x7F0F80F0); /* FLASH_OPTR[31:16] with BFB2 */
    run(b, 20 * L072_PS_PER_MS);
    assert_true(l072_powered(handle(b)));
    assert_int_equal(peek(b, 0x20000100), 0x12345678);
    assert_int_equal(rcc_reset_flags(b) >> 24, 0x0C);
    assert_int_equal(load(b, R_SR) & OPTVERR, OPTVERR);
    assert_int_equal(load(b, R_OPTR) & 1 << 23, 0);
}

static void bits_rot(void **state)
{
    struct board *b = *state;
    struct l072_fault rot = {.kind = L072_FAULT_FLIP, .address = PAGE, .bits = 0x80000001};

    preset(b, PAGE, 0x00000003);
    rot.time = l072_now(handle(b)) + L072_PS_PER_MS;
    arm(b, rot);
    run(b, L072_PS_PER_MS / 2);
    assert_int_equal(load(b, PAGE), 0x00000003);
    run(b, L072_PS_PER_MS);
    assert_int_equal(load(b, PAGE), 0x80000002);
}

static void hsi48_is_never_ready(void **state)
{
    enum { CRRCR = 0x40021008, HSI48ON = 1, HSI48RDY = 2 };
    struct board *b = *state;

    store(b, 0x40021034, 1);       /* RCC_APB2ENR: SYSCFGEN */
    store(b, 0x40010020, 1 << 13); /* SYSCFG_CFGR3: ENREF_HSI48 */
    store(b, CRRCR, HSI48ON);
    run(b, L072_PS_PER_MS);
    assert_int_equal(load(b, CRRCR) & HSI48RDY, HSI48RDY);
    arm(b, (struct l072_fault){.kind = L072_FAULT_HSI48, .time = l072_now(handle(b))});
    run(b, L072_PS_PER_MS);
    assert_int_equal(load(b, CRRCR) & HSI48RDY, 0);
    store(b, CRRCR, 0);
    store(b, CRRCR, HSI48ON);
    run(b, L072_PS_PER_MS);
    assert_int_equal(load(b, CRRCR) & HSI48RDY, 0);
}

static void the_event_tells_what_and_when(void **state)
{
    struct l072_event event;
    struct board *b = *state;

    arm(b, at_next(b, L072_FAULT_NONE, L072_BEFORE));
    write_word(b);
    assert_int_equal(l072_run(handle(b), UINT64_MAX), L072_EVENTS);
    assert_true(l072_next_event(handle(b), &event));
    assert_int_equal(event.kind, L072_EVENT_FAULT);
    assert_int_equal(event.value, L072_FAULT_NONE);
    assert_int_equal(event.detail, b->flash.operations - 1);
}

/* In the order of time, whatever the order in which they were armed; also without power. */
static void faults_come_in_order(void **state)
{
    struct board *b = *state;
    uint64_t now = l072_now(handle(b));
    struct l072_event event;

    arm(b, (struct l072_fault){.kind = L072_FAULT_UNPLUG, .time = now + 3 * L072_PS_PER_MS});
    arm(b, (struct l072_fault){.kind = L072_FAULT_CUT, .time = now + L072_PS_PER_MS});
    arm(b, (struct l072_fault){.kind = L072_FAULT_NRST, .time = now + 2 * L072_PS_PER_MS});
    assert_int_equal(l072_run(handle(b), now + 9 * L072_PS_PER_MS), L072_EVENTS);
    assert_true(l072_next_event(handle(b), &event));
    assert_int_equal(event.value, L072_FAULT_CUT);
    while (l072_next_event(handle(b), &event)) {
    }
    assert_int_equal(l072_run(handle(b), now + 9 * L072_PS_PER_MS), L072_EVENTS);
    assert_true(l072_next_event(handle(b), &event));
    assert_int_equal(event.value, L072_FAULT_UNPLUG); /* NRST needs power: it did not happen */
}

static void what_is_no_fault_is_refused(void **state)
{
    static const struct {
        struct l072_fault fault;
        int error;
    } refused[] = {
        {{.kind = (enum l072_fault_kind)99, .operation = 1},               L072_ERR_VALUE  },
        {{.kind = L072_FAULT_CUT, .time = 1, .moment = L072_AFTER},        L072_ERR_VALUE  },
        {{.kind = L072_FAULT_FLIP, .operation = 1, .address = 0x60000000}, L072_ERR_ADDRESS},
        {{.kind = L072_FAULT_FLIP, .operation = 1, .address = PAGE + 1},   L072_ERR_ADDRESS},
    };
    struct board *b = *state;

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_int_equal(l072_fault(handle(b), &refused[i].fault), refused[i].error);
    for (unsigned i = 0; i < L072_FAULTS; i++)
        arm(b, (struct l072_fault){.operation = 1000});
    assert_int_equal(l072_fault(handle(b), &(struct l072_fault){.operation = 1}), L072_ERR_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_cut_before_inside_and_after),
        TEST(a_cut_before_counts_no_operation),
        TEST(the_bit_that_is_left_is_random),
        TEST(a_cut_at_a_time),
        TEST(nrst_inside_an_operation),
        TEST(nrst_before_an_operation),
        TEST(a_brown_out_while_an_option_byte_is_written),
        TEST(bits_rot),
        TEST(hsi48_is_never_ready),
        TEST(the_event_tells_what_and_when),
        TEST(faults_come_in_order),
        TEST(what_is_no_fault_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
