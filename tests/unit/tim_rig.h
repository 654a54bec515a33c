/* SPDX-License-Identifier: MIT */
/* For the tests of the timers (RM0376 TIMx). Their clock is HCLK unless a test says otherwise. */
#ifndef TIM_RIG_H
#define TIM_RIG_H

#include "board_rig.h"

enum {
    TIM2 = 0x40000000,
    TIM3 = 0x40000400,
    TIM6 = 0x40001000,
    TIM7 = 0x40001400,
    TIM21 = 0x40010800,
    TIM22 = 0x40011400
};
enum { CR1 = 0x00, SMCR = 0x08, DIER = 0x0C, SR = 0x10, EGR = 0x14, CCMR1 = 0x18, CCMR2 = 0x1C };
enum {
    CCER = 0x20,
    CNT = 0x24,
    PSC = 0x28,
    ARR = 0x2C,
    CC1 = 0x34,
    CC2 = 0x38,
    CC3 = 0x3C,
    CC4 = 0x40
};
enum { CEN = 1, UDIS = 2, URS = 4, OPM = 8, DOWN = 0x10, ARPE = 0x80 };
enum { UIF = 1, CC1IF = 2, CC2IF = 4, CC3IF = 8, CC4IF = 0x10, TIF = 0x40 };
enum { UG = 1, CC1G = 2, TG = 0x40 };

static const struct {
    uint32_t base, enable;
    unsigned bit, irq;
} timers[] = {
    {TIM2,  R_APB1ENR, 0, 15},
    {TIM3,  R_APB1ENR, 1, 16},
    {TIM6,  R_APB1ENR, 4, 17},
    {TIM7,  R_APB1ENR, 5, 18},
    {TIM21, R_APB2ENR, 2, 20},
    {TIM22, R_APB2ENR, 5, 22},
};

static inline int make_timers(void **state)
{
    if (make_board(state) != 0)
        return -1;
    set_bits(*state, R_APB1ENR, 0x33);
    set_bits(*state, R_APB2ENR, 0x24);
    return 0;
}

/* Runs for `cycles` of the CPU or a few more; tells how many. */
static inline uint64_t pass(struct board *b, uint64_t cycles)
{
    uint64_t before = b->time.cycles;

    run(b, cycles * b->time.period_ps);
    return b->time.cycles - before;
}

/* It stands at 0 and counts each cycle from now on. */
static inline void counts_cycles(struct board *b, uint32_t base)
{
    uint64_t cycles = pass(b, 100);

    assert_int_equal(load(b, base + CNT), cycles);
}

static inline void start(struct board *b, uint32_t base, uint32_t psc, uint32_t arr, uint32_t cr1)
{
    store(b, base + PSC, psc);
    store(b, base + ARR, arr);
    store(b, base + EGR, UG);
    store(b, base + SR, 0);
    store(b, base + CR1, cr1 | CEN);
}

#define TIM_TEST(function) cmocka_unit_test_setup_teardown(function, make_timers, destroy_board)

#endif
