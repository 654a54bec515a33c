/* SPDX-License-Identifier: MIT */
/* Exceptions: NVIC, SCB, SysTick, MPU registers: the system control space 0xE000E000. */
#ifndef SIM_NVIC_H
#define SIM_NVIC_H

#include <stdbool.h>
#include <stdint.h>

struct board;

/* Exception numbers (ARM DDI 0419 B1.5.2); external interrupt n is EXC_IRQ0 + n. */
enum exception {
    EXC_RESET = 1,
    EXC_NMI = 2,
    EXC_HARDFAULT = 3,
    EXC_SVCALL = 11,
    EXC_PENDSV = 14,
    EXC_SYSTICK = 15,
    EXC_IRQ0 = 16,
    EXC_COUNT = 48
};

/* Interrupt numbers (facts: CMSIS header of the part). */
enum irq {
    IRQ_WWDG = 0,
    IRQ_PVD = 1,
    IRQ_RTC = 2,
    IRQ_FLASH = 3,
    IRQ_RCC_CRS = 4,
    IRQ_EXTI0_1 = 5,
    IRQ_EXTI2_3 = 6,
    IRQ_EXTI4_15 = 7,
    IRQ_DMA1_1 = 9,
    IRQ_DMA1_2_3 = 10,
    IRQ_DMA1_4_7 = 11,
    IRQ_ADC_COMP = 12,
    IRQ_LPTIM1 = 13,
    IRQ_USART4_5 = 14,
    IRQ_TIM2 = 15,
    IRQ_TIM3 = 16,
    IRQ_TIM6_DAC = 17,
    IRQ_TIM7 = 18,
    IRQ_TIM21 = 20,
    IRQ_TIM22 = 22,
    IRQ_USART1 = 27,
    IRQ_USART2 = 28,
    IRQ_RNG_LPUART1 = 29,
    IRQ_USB = 31
};

/* Bits of `scr`. */
#define SCR_SLEEPONEXIT (1u << 1)
#define SCR_SLEEPDEEP   (1u << 2)
#define SCR_SEVONPEND   (1u << 4)

struct nvic {
    uint64_t pending; /* bit per exception number */
    uint64_t active;
    uint32_t enabled;            /* bit per external interrupt */
    uint8_t line[32];            /* level of each interrupt line, one bit per source */
    uint8_t priority[EXC_COUNT]; /* 0x00, 0x40, 0x80, 0xC0; fixed ones are not here */
    uint32_t vtor, scr;
    struct systick {
        uint32_t csr, rvr;
        uint32_t value; /* counter at `since` */
        uint64_t since; /* cycles */
    } systick;
    struct {
        uint32_t ctrl, rnr, rbar[8], rasr[8];
    } mpu;
};

void nvic_reset(struct board *b);
/* Sets or drops source `source` (0-7) of a level-triggered interrupt line. */
void nvic_drive(struct board *b, enum irq irq, unsigned source, bool level);
/* Pends NMI, HardFault, PendSV, SysTick or an interrupt by exception number. */
void nvic_pend(struct board *b, unsigned exception);

/* For the core. Priorities: -2 NMI, -1 HardFault, then 0x00 to 0xC0; the lower is more urgent. */
#define PRIORITY_NONE 0x100 /* Thread mode with nothing active */
int nvic_priority(const struct board *b, unsigned exception);
/* Of what is active; PRIMASK not counted. */
int nvic_active_priority(const struct board *b);
/* The most urgent exception that is pending and enabled; 0: none. */
unsigned nvic_most_urgent(const struct board *b);
void nvic_activate(struct board *b, unsigned exception);
/* A line that is still asserted pends again. */
void nvic_deactivate(struct board *b, unsigned exception);

/* 0xE000E000, word accesses. */
uint32_t scs_read(struct board *b, uint32_t offset);
void scs_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask);
uint32_t systick_read(struct board *b, uint32_t offset); /* offsets as scs_read() */
void systick_write(struct board *b, uint32_t offset, uint32_t value);
void systick_event(struct board *b);
/* The HCLK changes now: keep the counter, recompute when it reaches zero. */
void systick_rebase(struct board *b);

#endif
