/* SPDX-License-Identifier: MIT */
/*
 * An application that asks for DFU as people do, right but for one mistake: FIXTURE says which.
 * For tests/cli/doctor.sh. The first ones reset and jump after it, the others jump at once.
 */
#include <stdbool.h>
#include <stdint.h>

#include "stm32l0/clock.h"
#include "stm32l0/core.h"
#include "stm32l0/flash.h"
#include "stm32l0/regs.h"
#include "usb/usbd.h"

enum fixture {
    HEALTHY_RESET,
    TOKEN_CLEARED,
    TOKEN_ON_STACK,
    TOKEN_NEVER_CHECKED,
    WRONG_RESET, /* bit 0 */
    WRONG_KEY,
    NEVER_JUMPS, /* the token is compared with another number */
    TOKEN_CHECKED_LATE,
    TOKEN_KEPT,       /* is true after a dip of the supply */
    TOKEN_IS_A_FLAG,  /* is true when SRAM holds anything */
    TOKEN_IS_A_BYTE,  /* ... that happens to be right */
    RESET_CAUSE,      /* the same, but only after a reset by software: works */
    UART_ASKED,       /* works: by '!' on USART2 */
    IWDG_RESETS,      /* works */
    TOKEN_NOT_STORED, /* in a backup register that takes no store */
    HEALTHY_JUMP,
    POPULAR, /* what many answers tell one to do: several mistakes */
    WRONG_ADDRESS,
    READ_TWICE,
    NO_THUMB_BIT,
    WRONG_ENTRY, /* the address of the vector, for what it says */
    STACK_SWITCHED,
    FIRST_PAGE_ERASED,
    SYSCFG_CLOCK_OFF,
    NO_REMAP,
    MSP_FROM_ZERO,
    JUMP_FROM_HANDLER,
    PRIMASK_SET,
    VTOR_LEFT,
    SYSTICK_LEFT_ON,
    INTERRUPT_LEFT_ON,
    USB_PULLUP_LEFT,
    PLL_LEFT_ON,
    DMA_LEFT_ON,
    IWDG_RUNNING, /* the ROM copes with that, */
    IWDG_SHORT,   /* but not in this time */
    WWDG_RUNNING,
    PSP_IN_USE,
    LOAD_FROM_ZERO,
    FLOATING_BUTTON, /* these work: PB2 low asks, which no resistor of the chip keeps high, */
    LONG_PRESS,      /* for a second, */
    HELD_BUTTON,     /* or at power-on; */
    ASKED_IN_STOP,   /* by a call, in Stop; */
    SLEEPDEEP_LEFT,  /* (this does not) */
    AFTER_A_SECOND,  /* nobody asks */
    ROM_SILENT,      /* USB is held in reset */
    AT_POWER_ON,     /* nobody asks: works */
    CRASH,
};

#define WORD(at) (*(volatile uint32_t *)(at))

/* RM0376: TIM2, DMA1 channel 2, GPIOB, WWDG; SCR of the core. */
#define TIM2_CR1    WORD(0x40000000u)
#define TIM2_DIER   WORD(0x4000000Cu)
#define TIM2_SR     WORD(0x40000010u)
#define TIM2_ARR    WORD(0x4000002Cu)
#define DMA_CCR2    WORD(0x4002001Cu)
#define DMA_CNDTR2  WORD(0x40020020u)
#define DMA_CPAR2   WORD(0x40020024u)
#define DMA_CMAR2   WORD(0x40020028u)
#define DMA_CSELR   WORD(0x400200A8u)
#define GPIOB_MODER WORD(0x50000400u)
#define GPIOB_PUPDR WORD(0x5000040Cu)
#define GPIOB_IDR   WORD(0x50000410u)
#define SCR         WORD(0xE000ED10u)
#define WWDG_CR     WORD(0x40002C00u)
#define WWDG_CFR    WORD(0x40002C04u)

#define RESETS (FIXTURE < HEALTHY_JUMP)
#ifndef MAGIC
#define MAGIC 0xB00710ADu
#endif
#define STACK_END   0x20004FFCu /* the last word of SRAM, and of the stack */
#define FREE_RAM    0x20002000u /* of neither the stack nor the ROM */
#define ICSR        WORD(0xE000ED04u)
#define PENDSVSET   (1u << 28)
#define ROM_START   WORD(0x1FF00004u)
#define OTHER_START WORD(0x1FFFC804u) /* of the STM32F0 */

extern uint32_t dfuse_token[2]; /* the token of entry/dfuse.ld: kept by a reset */
static volatile uint32_t cleared;
/* With PAIR the token is a number and its complement. */
#ifndef PAIR
#define PAIR 0
#endif
static volatile uint32_t complement;
static volatile bool asked; /* by nobody: dfuse doctor calls enter_bootloader() itself */

#define TOKEN                                                                                      \
    (FIXTURE == TOKEN_CLEARED      ? &cleared                                                      \
     : FIXTURE == TOKEN_NOT_STORED ? &WORD(0x40002850u) /* RTC_BKP0R */                            \
     : FIXTURE == TOKEN_KEPT       ? (volatile uint32_t *)FREE_RAM                                 \
     : FIXTURE == TOKEN_ON_STACK   ? (volatile uint32_t *)STACK_END                                \
                                   : (volatile uint32_t *)dfuse_token)

/* ---- The jump ---------------------------------------------------------------------------------
 */

/* Address 0 through a register, or the compiler takes it for a mistake. */
static uint32_t word_at(uint32_t address)
{
    uint32_t word;
    __asm__ volatile("ldr %0, [%1]" : "=r"(word) : "r"(address) : "memory");
    return word;
}

static void remap(void)
{
    if (FIXTURE == NO_REMAP)
        return;
    if (FIXTURE != SYSCFG_CLOCK_OFF && FIXTURE != POPULAR)
        RCC->APB2ENR |= RCC_APB2ENR_SYSCFG;
    SYSCFG->CFGR1 = SYSCFG_CFGR1_MEM_MODE_SYSTEM;
}

static uint32_t target(void)
{
    switch (FIXTURE) {
    case WRONG_ADDRESS: return OTHER_START;
    case READ_TWICE: return WORD(ROM_START - 1);
    case WRONG_ENTRY: return 0x1FF00005u;
    case NO_THUMB_BIT: return ROM_START & ~1u;
    case SYSCFG_CLOCK_OFF: return word_at(4);
    case CRASH: return WORD(0xA0000000u);
    case LOAD_FROM_ZERO: __builtin_trap(); /* as GCC compiles WORD(0) */
    default: return ROM_START;
    }
}

/* As a C function that is not inlined does it. */
__attribute__((noinline)) static void set_stack(uint32_t stack)
{
    __asm__ volatile("push {r4, lr}\n\tmsr msp, %0\n\tpop {r4, pc}" : : "r"(stack) : "memory");
}

static void jump(void)
{
    uint32_t stack = word_at(FIXTURE == MSP_FROM_ZERO ? 0 : 0x1FF00000u);
    if (FIXTURE != SYSTICK_LEFT_ON)
        SYSTICK->CSR = 0;
    if (FIXTURE == PRIMASK_SET || FIXTURE == POPULAR)
        (void)core_mask_interrupts();
    if (FIXTURE != VTOR_LEFT && FIXTURE != POPULAR)
        SCB->VTOR = 0;
    remap();
    if (FIXTURE == FIRST_PAGE_ERASED)
        flash_erase_page(FLASH_BASE);
    if (FIXTURE == STACK_SWITCHED)
        set_stack(stack);
    if (FIXTURE == ASKED_IN_STOP)
        SCR = 0;
    if (FIXTURE == PSP_IN_USE)
        __asm__ volatile("mov r0, sp\n\tmsr psp, r0\n\tmovs r0, #2\n\tmsr control, r0" ::: "r0");
    core_start(stack, target());
}

void PendSV_Handler(void)
{
    jump();
}

/* ---- The request ------------------------------------------------------------------------------
 */

/* Of TOKEN_IS_A_BYTE. */
#ifndef TOKEN_MASK
#define TOKEN_MASK 0xFF
#endif

static bool asked_for(uint32_t token)
{
    switch (FIXTURE) {
    case NEVER_JUMPS: return token == MAGIC + 1;
    case TOKEN_IS_A_FLAG: return token;
    case TOKEN_IS_A_BYTE: return (token & TOKEN_MASK) == (MAGIC & TOKEN_MASK);
    case RESET_CAUSE: return token && RCC->CSR & RCC_CSR_SFTRSTF;
    default: return token == MAGIC && (!PAIR || complement == ~MAGIC);
    }
}

static void check(void)
{
    if (FIXTURE == AT_POWER_ON)
        jump();
    if (!RESETS || FIXTURE == TOKEN_NEVER_CHECKED)
        return;
    if (!asked_for(*TOKEN))
        return;
    if (FIXTURE != TOKEN_KEPT)
        *TOKEN = 0;
    jump();
}

/* MSP becomes what it is: nothing is wrong with that. */
__attribute__((noinline)) static void keep_stack(void)
{
    __asm__ volatile("push {r4, lr}\n\tmrs r0, msp\n\tmsr msp, r0\n\tpop {r4, pc}" ::: "r0");
}

void SystemInit(void)
{
    keep_stack();
    if (FIXTURE != TOKEN_CLEARED && FIXTURE != TOKEN_ON_STACK && FIXTURE != TOKEN_CHECKED_LATE)
        check();
}

/* Stores a number and resets too, and does not lead to DFU. */
#ifndef PANIC
#define PANIC 0
#endif
static volatile uint32_t panics;

__attribute__((noinline)) static void a_panic(void)
{
    panics = 0xDEADBEEF;
    SCB->AIRCR = SCB_AIRCR_SYSRESETREQ;
}

/* How many other words are stored before the reset, after the token, and what. */
#ifndef LAST_STORES
#define LAST_STORES 0
#endif
#ifndef LAST_VALUE
#define LAST_VALUE 0
#endif
static volatile uint32_t last_stores[LAST_STORES + 1];

/* A variable of .data gets its first value again after the token. */
#ifndef IN_DATA
#define IN_DATA 0
#endif
static volatile uint32_t in_data = 0xC0FFEE00;

/* Milliseconds before the reset, or the jump. */
#ifndef DELAY
#define DELAY 0
#endif

/* The name that dfuse doctor looks for. */
void enter_bootloader(void);

__attribute__((noinline)) void enter_bootloader(void)
{
    if (FIXTURE == JUMP_FROM_HANDLER) {
        ICSR = PENDSVSET;
        return;
    }
    for (volatile unsigned loops = DELAY * 200; loops; loops--)
        ;
    if (!RESETS)
        jump();
    *TOKEN = MAGIC;
    if (PAIR)
        complement = ~MAGIC;
    if (IN_DATA)
        in_data = 0xC0FFEE00;
    for (unsigned i = LAST_STORES; i; i--)
        last_stores[i] = LAST_VALUE + i;
    switch (FIXTURE) {
    case WRONG_RESET: SCB->AIRCR = 0x05FA0001; break;
    case WRONG_KEY: SCB->AIRCR = 0x05AF0004; break;
    case IWDG_RESETS: IWDG->KR = 0xCCCC; break; /* in half a second */
    default: SCB->AIRCR = SCB_AIRCR_SYSRESETREQ; break;
    }
}

/* ---- The application --------------------------------------------------------------------------
 */

/* Milliseconds. */
static volatile uint32_t ticks;

void SysTick_Handler(void)
{
    ticks++;
}

void TIM2_IRQHandler(void)
{
    TIM2_SR = 0;
}

/* What examples/app/usb.c asks of an application. */
void app_detach(void);

void app_detach(void)
{
}

#ifndef FLOATING
#define FLOATING 0
#endif

static bool button(void)
{
    return FIXTURE >= FLOATING_BUTTON && FIXTURE <= HELD_BUTTON && !(GPIOB_IDR & 1u << 2);
}

static bool button_asks(void)
{
    static uint32_t since;
    if (FIXTURE == AFTER_A_SECOND)
        return ticks > 1000;
    if (!button())
        since = ticks;
    return FIXTURE == LONG_PRESS ? ticks - since > 1000 : FIXTURE == FLOATING_BUTTON && button();
}

static uint32_t samples[FIXTURE == DMA_LEFT_ON ? 896 : 1]; /* begins where the ROM's RAM does */

/* TIM2, an update every `counts`. */
static void count_time(uint32_t counts, uint32_t dier)
{
    RCC->APB1ENR |= 1u << 0; /* TIM2EN */
    TIM2_ARR = counts;
    TIM2_DIER = dier;
    TIM2_CR1 = 1;
}

static void switch_on(void)
{
    SYSTICK->RVR = 2000;
    SYSTICK->CSR = SYSTICK_CSR_CLKSOURCE | SYSTICK_CSR_TICKINT | SYSTICK_CSR_ENABLE;
    if (FIXTURE == INTERRUPT_LEFT_ON || FIXTURE == TOKEN_CHECKED_LATE) {
        count_time(2000, 1); /* each millisecond, as the clock is 2.1 MHz; UIE */
        NVIC->ISER = 1u << 15;
    }
    if (FIXTURE == DMA_LEFT_ON) { /* samples of a register into a buffer, round and round */
        RCC->AHBENR |= 1u << 0;   /* DMAEN */
        DMA_CSELR = 8u << 4;
        DMA_CPAR2 = 0x40000024u; /* TIM2_CNT */
        DMA_CMAR2 = (uint32_t)(uintptr_t)samples;
        DMA_CNDTR2 = sizeof samples / sizeof samples[0];
        DMA_CCR2 = 0x0AA1;      /* words, MINC, CIRC, EN */
        count_time(20, 1 << 8); /* UDE */
    }
    if (FIXTURE == WWDG_RUNNING) {
        RCC->APB1ENR |= 1u << 11; /* WWDGEN */
        WWDG_CFR = 0x1FF;         /* divided by 8: 1 s at 2.1 MHz, 66 ms at 32 MHz */
        WWDG_CR = 0xFF;
    }
    if (FIXTURE == IWDG_SHORT) { /* half a millisecond */
        IWDG->KR = 0xCCCC;
        IWDG->KR = IWDG_KR_UNLOCK;
        IWDG->RLR = 4;
    }
    if (FIXTURE >= FLOATING_BUTTON && FIXTURE <= HELD_BUTTON) {
        RCC->IOPENR |= RCC_IOPENR_IOPB;
        if (FIXTURE != FLOATING_BUTTON && !FLOATING)
            GPIOB_PUPDR |= 1u << 4;
        GPIOB_MODER &= ~(3u << 4);
    }
    if (FIXTURE == ASKED_IN_STOP || FIXTURE == SLEEPDEEP_LEFT)
        SCR |= 1u << 2; /* SLEEPDEEP */
    if (FIXTURE == ROM_SILENT)
        RCC->APB1RSTR = RCC_APB1ENR_USB;
    if (FIXTURE == UART_ASKED) {
        RCC->APB1ENR |= RCC_APB1ENR_USART2;
        USART2->BRR = 2097000 / 9600;
        USART2->CR1 = USART_CR1_UE | USART_CR1_RE;
    }
    if (FIXTURE == PLL_LEFT_ON)
        clock_32mhz();
    if (FIXTURE == IWDG_RUNNING) { /* 64 ms */
        IWDG->KR = 0xCCCC;
        IWDG->KR = IWDG_KR_UNLOCK;
        IWDG->RLR = 600;
    }
    if (FIXTURE == USB_PULLUP_LEFT) {
        clock_16mhz();
        clock_usb();
        usbd_connect();
    }
}

#ifdef BANK2_VISIBLE
/* What happens to lie at the start of bank 2. */
__attribute__((section(".bank2"))) static const volatile uint32_t bank2[2] = {0x20001000,
                                                                              0x08000009};
#define USE_BANK2() ((void)bank2[0])
#else
#define USE_BANK2() ((void)0)
#endif

int main(void)
{
    USE_BANK2();
    if (FIXTURE == TOKEN_CHECKED_LATE)
        switch_on();
    check();
    switch_on();
    if (FIXTURE == HELD_BUTTON && button())
        enter_bootloader();
    for (;;) {
        if (IN_DATA && in_data != 0xC0FFEE00)
            in_data = 0;
        if (PANIC && panics)
            a_panic();
        if (asked || button_asks() || (FIXTURE == UART_ASKED && USART2->RDR == '!'))
            enter_bootloader();
        if (FIXTURE == IWDG_RUNNING || FIXTURE == IWDG_SHORT)
            IWDG->KR = IWDG_KR_RELOAD;
        if (FIXTURE == WWDG_RUNNING)
            WWDG_CR = 0xFF;
        if (FIXTURE == USB_PULLUP_LEFT)
            usbd_poll();
        else if (FIXTURE != IWDG_SHORT)
            core_wait_for_interrupt();
    }
}
