/* SPDX-License-Identifier: MIT */
/* The chip as an application leaves it to the ROM: how it is, and putting that right. */
#ifndef DOCTOR_CHIP_H
#define DOCTOR_CHIP_H

#include "l072.h"

#define CHIP_BANK1         0x08000000u
#define CHIP_SYSTEM_MEMORY 0x1FF00000u
#define CHIP_SYSTEM_SIZE   0x2000u
#define CHIP_SRAM          0x20000000u
#define CHIP_SCR           0xE000ED10u
#define CHIP_SCR_SLEEPDEEP 0x00000004u
/* First word of a bank that hides it from the ROM: two BKPT instructions, as on shipped STM32L082
 * boards [ArduinoCore-stm32l0]. */
#define CHIP_HIDDEN_WORD 0xBE00BE00u

/* Numbers of l072_register(), and of an exception. */
enum { SP = 13, LR = 14, PC = 15, XPSR = 16, MSP = 17, PRIMASK = 19, CONTROL = 20 };
enum { HARD_FAULT = 3, IPSR = 0x3F };

/* What is put right, to see what comes behind it: a bit each. */
enum repair {
    /* Before power comes. */
    REPAIR_BFB2 = 1 << 0, /* BFB2 is 0 */
    REPAIR_RDP = 1 << 1,  /* readout protection is off */
    REPAIR_WRP = 1 << 2,  /* write protection is off */
    REPAIR_RAM = 1 << 3,  /* the SRAM holds zeros */
    /* On the way. */
    REPAIR_STORE = 1 << 4,    /* the backup registers take stores */
    REPAIR_TOKEN = 1 << 5,    /* the token keeps its value until it is read */
    REPAIR_RESET = 1 << 6,    /* an AIRCR write that does nothing resets */
    REPAIR_SYSCFG = 1 << 7,   /* SYSCFG has its clock */
    REPAIR_LOOK = 1 << 8,     /* word 0 of bank 1 is no SRAM address when the application looks */
    REPAIR_WATCHDOG = 1 << 9, /* the watchdogs are off, or as slow as can be */
    /* At the jump into the ROM. */
    REPAIR_ENTRY = 1 << 10,     /* its target is the ROM's start */
    REPAIR_PSP = 1 << 11,       /* MSP is the stack pointer in use */
    REPAIR_MSP = 1 << 12,       /* MSP is the ROM's */
    REPAIR_HANDLER = 1 << 13,   /* the CPU is in Thread mode */
    REPAIR_PRIMASK = 1 << 14,   /* interrupts are enabled */
    REPAIR_SLEEPDEEP = 1 << 15, /* SLEEPDEEP is 0 */
    REPAIR_SYSTICK = 1 << 16,   /* SysTick is off */
    REPAIR_NVIC = 1 << 17,      /* no interrupt is enabled */
    REPAIR_DMA = 1 << 18,       /* no DMA channel is on */
    REPAIR_PULLUP = 1 << 19,    /* the pull-up on D+ is off */
    REPAIR_VTOR = 1 << 20,      /* VTOR is 0 */
    REPAIR_REMAP = 1 << 21,     /* address 0 shows system memory */
    REPAIR_BANK1 = 1 << 22,     /* word 0 of the bank is no SRAM address */
    REPAIR_BANK2 = 1 << 23,
};
#define REPAIR_POWERS_UP   (REPAIR_BFB2 | REPAIR_RDP | REPAIR_WRP | REPAIR_RAM)
#define REPAIR_PERIPHERALS (REPAIR_SYSTICK | REPAIR_NVIC | REPAIR_DMA | REPAIR_PULLUP)

/* At the jump into the ROM. */
struct chip {
    uint32_t bank1;     /* its word 0 */
    uint32_t exception; /* number, 0: Thread mode */
    uint32_t vtor;
    uint32_t nvic; /* ISER */
    uint32_t dma;  /* where a channel writes in the RAM of the ROM; 0: none does */
    bool primask, psp, sleepdeep, systick, pullup, pll;
    bool remapped; /* address 0 shows system memory */
};

/* Of what the stack pointers of all parts look like, too. */
static inline bool chip_is_sram(uint32_t address)
{
    return address >> 16 == CHIP_SRAM >> 16;
}

/* A word of memory or of a peripheral; 0 where there is none. */
uint32_t chip_word(struct l072 *board, uint32_t address);
struct chip chip_look(struct l072 *board);
/* Option bytes as loaded: BFB2, the level of readout protection, any bit of write protection. */
bool chip_bfb2(struct l072 *board);
unsigned chip_rdp(struct l072 *board);
bool chip_write_protected(struct l072 *board);

/* Switches the power on, with what `repairs` has of REPAIR_POWERS_UP. */
void chip_power_up(struct l072 *board, unsigned repairs);
void chip_hide_bank(struct l072 *board, uint32_t bank);
void chip_clock_syscfg(struct l072 *board);
void chip_open_backup(struct l072 *board);
void chip_calm_watchdogs(struct l072 *board);
/* What `repairs` has of REPAIR_ENTRY and behind. PC is at the jump's target. */
void chip_repair_jump(struct l072 *board, unsigned repairs);

#endif
