/* SPDX-License-Identifier: MIT */
/* Timers TIM2, 3, 6, 7, 21, 22 (RM0376 TIMx), index 0-5. */
#ifndef SIM_TIM_H
#define SIM_TIM_H

#include <stdbool.h>
#include <stdint.h>

struct board;

#define TIM_COUNT    6
#define TIM_CHANNELS 4

/* Register offsets. */
enum tim_register {
    TIM_CR1 = 0x00,
    TIM_CR2 = 0x04,
    TIM_SMCR = 0x08,
    TIM_DIER = 0x0C,
    TIM_SR = 0x10,
    TIM_EGR = 0x14,
    TIM_CCMR1 = 0x18,
    TIM_CCMR2 = 0x1C,
    TIM_CCER = 0x20,
    TIM_CNT = 0x24,
    TIM_PSC = 0x28,
    TIM_ARR = 0x2C,
    TIM_CCR1 = 0x34,
    TIM_CCR2 = 0x38,
    TIM_CCR3 = 0x3C,
    TIM_CCR4 = 0x40,
    TIM_OR = 0x50,
    TIM_END = 0x54
};

/* Input capture: every `divider`-th edge since the one numbered `first`. */
struct tim_capture {
    uint32_t hz; /* of the input; 0: nothing is captured */
    uint32_t divider;
    uint64_t first, taken;
};

struct tim {
    uint32_t reg[TIM_END / 4]; /* by offset / 4: what software reads */
    struct {
        uint32_t psc, arr, ccr[TIM_CHANNELS];
    } active;           /* the shadow registers: what counts now */
    uint32_t prescaled; /* clocks since the last count */
    uint32_t clock;     /* HCLK cycles of one clock; 0: it stands */
    uint64_t since;     /* cycles: the clocks up to here are counted */
    bool requests_dma;  /* an update did, and the DMA has not served it yet */
    struct tim_capture capture;
};

void tim_reset(struct board *b, unsigned index);
uint32_t tim_read(struct board *b, unsigned index, uint32_t offset);
void tim_write(struct board *b, unsigned index, uint32_t offset, uint32_t value, uint32_t mask);
void tim_event(struct board *b, unsigned index);
/* An update event has requested an item of the DMA. */
bool tim_dma_request(const struct board *b, unsigned index);
/* The DMA serves it. */
void tim_dma_acknowledge(struct board *b, unsigned index);

/* HCLK or the clock of any timer may have changed. */
void tim_clock_changed(struct board *b);

/* ---- Between tim.c and tim_capture.c --------------------------------------------------------- */

/* CCMR1 asks for no input that is not modelled. */
bool tim_capture_modelled(unsigned index, uint32_t ccmr1);
/* Registers or clocks may have changed. */
void tim_capture_configure(struct board *b, unsigned index);
/* How many captures there were since the last call; *cycle: when the last one was. */
uint64_t tim_capture_take(const struct board *b, struct tim_capture *c, uint64_t *cycle);
/* The cycle of the next one, or NEVER. */
uint64_t tim_capture_next(const struct board *b, const struct tim_capture *c);

#endif
