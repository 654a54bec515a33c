/* SPDX-License-Identifier: MIT */
/*
 * Entry into ST's ROM bootloader: see dfuse.h. This file stands alone: its register names are its
 * own, so that it can be compiled beside any vendor header.
 *
 * Build options:
 *   DFUSE_TOKEN_RTC   the request lives in RTC_BKP0R and RTC_BKP1R instead of RAM
 */
#include "dfuse.h"

#include <stdbool.h>
#include <stdint.h>

/* Hides where a number comes from: the compiler then derives what depends on it (base + offset, its
 * complement) instead of loading each from memory, which is a third of the size of this file. */
static inline uint32_t opaque(uint32_t number)
{
    __asm__("" : "+r"(number));
    return number;
}

/* A register block: reg(base)[offset / 4]. */
static inline volatile uint32_t *reg(uint32_t base)
{
    return (volatile uint32_t *)opaque(base);
}

static inline volatile uint8_t *byte(uint32_t address)
{
    return (volatile uint8_t *)address;
}

/* RM0376 memory map and register maps; offsets as in the manual, by word. */
enum {
    rcc = 0x40021000,
    rcc_cr = 0x00 / 4,
    rcc_icscr = 0x04 / 4,
    rcc_crrcr = 0x08 / 4,
    rcc_cfgr = 0x0C / 4,
    rcc_cier = 0x10 / 4,
    rcc_ioprstr = 0x1C / 4,
    rcc_ahbrstr = 0x20 / 4,
    rcc_apb2rstr = 0x24 / 4,
    rcc_apb1rstr = 0x28 / 4,
    rcc_iopenr = 0x2C / 4,
    rcc_ahbenr = 0x30 / 4,
    rcc_apb2enr = 0x34 / 4,
    rcc_apb1enr = 0x38 / 4,
    rcc_ccipr = 0x4C / 4,
    rcc_apb2enr_dbg = rcc + 0x34 + 2,
    cr_msion = 1 << 8,
    icscr_at_reset = 0xB000,
    ahb_mif = 1 << 8,
    apb2_syscfg = 1,
    apb1_pwr = 1 << 28,

    flash = 0x40022000,
    flash_acr = 0x00 / 4,
    flash_pecr = 0x04 / 4,
    flash_pekeyr = 0x0C / 4,
    flash_optkeyr = 0x14 / 4,
    flash_sr = 0x18 / 4,
    flash_optr = 0x1C / 4,
    pecr_locks = 7,
    pecr_obl_launch = 1 << 18,
    optr_bfb2 = 1 << 23,
    user_bfb2 = optr_bfb2 >> 16,

    exti = 0x40010400,
    exti_emr = 0x04 / 4,
    exti_rtsr = 0x08 / 4,
    exti_ftsr = 0x0C / 4,
    exti_pr = 0x14 / 4,

    syscfg = 0x40010000,
    syscfg_system_memory = 1,
    pwr = 0x40007000,
    pwr_dbp = 1 << 8,
    rtc_bkp0r = 0x40002850,
    dbgmcu = 0x40015800,

    options = 0x1FF80000,         /* option bytes; byte 0 is RDP */
    option_user = 0x04 / 4,       /* OPTR[31:16] and its complement */
    option_flash_size = 0x7C / 4, /* kilobytes, 16 bits */
    rom_version = 0x1FF01FFE,     /* bootloader ID byte (AN2606 table 3) */
    bank1 = 0x08000000,
};
/* Arm v6-M system control space (ARM DDI 0419, B3). */
#define SYSTICK_CSR 0xE000E010u
#define NVIC_ICER   0xE000E180u
#define NVIC_IPR    0xE000E400u
#define SCB_ICSR    0xE000ED04u
#define SCB_AIRCR   0xE000ED0Cu
enum {
    nvic_icpr = (0x280 - 0x180) / 4, /* from NVIC_ICER */
    scb_vtor = (0xD08 - 0xD04) / 4,  /* from SCB_ICSR */
    scb_scr = (0xD10 - 0xD04) / 4,
    scb_shpr2 = (0xD1C - 0xD04) / 4,
    scb_shpr3 = (0xD20 - 0xD04) / 4,
    mpu_ctrl = (0xD94 - 0xD04) / 4,
    icsr_pendsvclr_pendstclr = 1 << 27 | 1 << 25,
    aircr_sysresetreq = 0x05FA0004,
};

/* ---- The request: a magic word and its complement -------------------------------------------- */

/* Any number would do; this one is at hand when the request is left. */
#define MAGIC aircr_sysresetreq

#ifdef DFUSE_TOKEN_RTC
static volatile uint32_t *token(void)
{
    return reg(rtc_bkp0r);
}

/* Backup registers take writes only with PWR_CR.DBP set (RM0376 PWR_CR). */
__attribute__((noinline)) static void open_token(void)
{
    reg(rcc)[rcc_apb1enr] |= apb1_pwr;
    *reg(pwr) |= pwr_dbp;
}
#else
extern uint32_t dfuse_token[2]; /* placed by dfuse.ld */

static volatile uint32_t *token(void)
{
    return dfuse_token;
}

static void open_token(void)
{
}
#endif

/* Takes the request back when there is one: the next reset finds none. */
static bool take_request(void)
{
    uint32_t magic = opaque(MAGIC);

    if (token()[0] != magic || token()[1] != ~magic)
        return false;
    open_token();
    token()[0] = ~magic;
    return true;
}

static void leave_request(uint32_t magic)
{
    open_token();
    token()[0] = magic;
    token()[1] = ~magic;
}

/* ---- What the ROM will find ------------------------------------------------------------------ */

/* 0 on parts with one bank, below 128 KB. */
static uint32_t bank2_offset(const volatile uint32_t *o)
{
    uint32_t half = (o[option_flash_size] & 0xFFFF) * 512;

    return half >> 16 ? half : 0;
}

/* DBGMCU needs its clock and takes 32-bit accesses only. DBGEN is alone in its byte of APB2ENR, and
 * the RCC takes bytes (RM0376 RCC_APB2ENR). The low byte of DEV_ID tells category 5, 0x447, from
 * the other STM32L0. */
static bool is_category_5(void)
{
    *byte(rcc_apb2enr_dbg) = 0x40;
    return (uint8_t)*reg(dbgmcu) == 0x47;
}

enum dfuse_Reason dfuse_WhyNot(void)
{
    const volatile uint32_t *o = reg(options);
    const volatile uint32_t *bank1_words = reg(bank1);
    const uint32_t sram = opaque(0x20000000 >> 16);
    uint32_t version;

    if (!is_category_5())
        return DFUSE_NO_ROM_DFU;
    /* 0x4n: USART and USB; 0xBn, on the L071 and L081: no USB (AN2606 table 3). */
    version = opaque(*byte(rom_version));
    if (version >= 0x80)
        return DFUSE_NO_ROM_DFU;
    if (*(const volatile uint8_t *)o == 0xCC) /* RDP */
        return DFUSE_RDP_LEVEL_2;
    if (version == 0x40)
        return DFUSE_READY;
    /* Stricter than the ROM, whose exact bounds nobody has published: any address 0x2000xxxx. */
    if (bank1_words[0] >> 16 == sram)
        return DFUSE_BANK1_VISIBLE;
    if (bank1_words[bank2_offset(o) / 4] >> 16 == sram)
        return DFUSE_BANK2_VISIBLE;
    return DFUSE_READY;
}

/* ---- Once ------------------------------------------------------------------------------------ */

void dfuse_RunBootloader(void)
{
    uint32_t magic = opaque(MAGIC);

    leave_request(magic);
    *reg(SCB_AIRCR) = magic;
    for (;;)
        ;
}

/* MSI 2.1 MHz, everything else off: the order keeps the CPU clocked and the flash fast enough. The
 * low byte of CFGR holds SW, SWS and HPRE; the switch waits for MSI by itself (RM0376 "System clock
 * selection"). The PLL factors must wait until the PLL is off. */
static void reset_clocks(volatile uint32_t *r)
{
    volatile uint8_t *cfgr_low = (volatile uint8_t *)&r[rcc_cfgr];

    ((volatile uint8_t *)&r[rcc_cr])[1] = cr_msion >> 8;
    *cfgr_low = 0;
    while (opaque(*cfgr_low))
        ;
    r[rcc_cr] = cr_msion;
    r[rcc_cfgr] = 0;
    r[rcc_icscr] = icscr_at_reset;
    r[rcc_crrcr] = 0;
    r[rcc_cier] = 0;
    r[rcc_ccipr] = 0;
}

/* USBRST drops the pull-up on D+. The flash interface is not reset: code runs from it. */
static void reset_peripherals(volatile uint32_t *r)
{
    volatile uint32_t *e = reg(exti);
    uint32_t mif = opaque(ahb_mif);

    r[rcc_ioprstr] = UINT32_MAX;
    r[rcc_ahbrstr] = ~mif;
    r[rcc_apb2rstr] = UINT32_MAX;
    r[rcc_apb1rstr] = UINT32_MAX;
    r[rcc_ioprstr] = 0;
    r[rcc_ahbrstr] = 0;
    r[rcc_apb2rstr] = 0;
    r[rcc_apb1rstr] = 0;
    r[rcc_iopenr] = 0;
    r[rcc_ahbenr] = mif;
    r[rcc_apb1enr] = 0;
    e[exti_emr] = 0;
    e[exti_rtsr] = 0;
    e[exti_ftsr] = 0;
    e[exti_pr] = UINT32_MAX;
}

static void reset_core(void)
{
    volatile uint32_t *nvic = reg(NVIC_ICER);
    volatile uint32_t *scb = reg(SCB_ICSR);
    volatile uint32_t *ipr = reg(NVIC_IPR);
    uint32_t words = opaque(8);

    *reg(SYSTICK_CSR) = 0;
    nvic[0] = UINT32_MAX;
    nvic[nvic_icpr] = UINT32_MAX;
    do
        *ipr++ = 0;
    while (--words);
    scb[0] = icsr_pendsvclr_pendstclr;
    scb[scb_vtor] = 0;
    scb[scb_scr] = 0;
    scb[scb_shpr2] = 0;
    scb[scb_shpr3] = 0;
    scb[mpu_ctrl] = 0;
}

/* 10 ms at 2.1 MHz, 3 cycles a turn: hubs take a pull-up that is off for 2.5 us as a disconnect
 * (USB 2.0 7.1.7.3); hosts need longer to act on it. */
static void wait_for_disconnect(void)
{
    uint32_t turns = 28 << 8;

    __asm__ volatile(".syntax unified\n\t"
                     "1: subs %0, #1\n\t"
                     "bne 1b"
                     : "+l"(turns));
}

/* System memory is at 0 now. No stack between the new MSP and the branch; PRIMASK back to 0, as
 * after reset: the ROM does not clear it (AN2606, notes on jumping to the bootloader). */
__attribute__((noreturn)) static void start_rom(void)
{
    uint32_t zero = 0;

    __asm__ volatile("msr control, %0\n\t"
                     "isb\n\t"
                     "ldmia %0!, {r2, r3}\n\t"
                     "msr msp, r2\n\t"
                     "cpsie i\n\t"
                     "bx r3"
                     : "+l"(zero)
                     :
                     : "r2", "r3", "memory");
    __builtin_unreachable();
}

__attribute__((noreturn)) static void hand_over(volatile uint32_t *f)
{
    volatile uint32_t *r = reg(rcc);

    __asm__ volatile("cpsid i" ::: "memory");
    reset_clocks(r);
    f[flash_acr] = 0;
    f[flash_pecr] = pecr_locks;
    reset_peripherals(r);
    reset_core();
    wait_for_disconnect();
    r[rcc_apb2enr] = apb2_syscfg;
    *reg(syscfg) = syscfg_system_memory;
    r[rcc_apb2enr] = 0;
    start_rom();
}

/* ---- Latched --------------------------------------------------------------------------------- */

/* Writes OPTR[31:16] and reloads the options, which resets the chip; returns only if the word did
 * not take. A power cut anywhere in here leaves it either as it was or as it shall be. */
static void write_user_options(volatile uint32_t *f, uint32_t word)
{
    volatile uint32_t *option = reg(options) + option_user;

    word |= opaque(~word) << 16;
    f[flash_pecr] = pecr_locks; /* keys to an open lock are a bus error */
    f[flash_pekeyr] = 0x89ABCDEF;
    f[flash_pekeyr] = 0x02030405;
    f[flash_optkeyr] = 0xFBEAD9C8;
    f[flash_optkeyr] = 0x24252627;
    *option = word;
    while (f[flash_sr] << 31) /* BSY is bit 0 */
        ;
    if (*option == word)
        f[flash_pecr] = pecr_obl_launch;
    f[flash_pecr] = pecr_locks;
}

enum dfuse_Reason dfuse_RunBootloaderLatched(void)
{
    enum dfuse_Reason reason = dfuse_WhyNot();
    volatile uint32_t *f;

    if (reason != DFUSE_READY)
        return reason;
    if (!(reg(options)[option_flash_size] & 0x80)) /* 64 KB; 128 and 192 have two banks */
        return DFUSE_NO_LATCH;
    f = reg(flash);
    write_user_options(f, f[flash_optr] >> 16 | user_bfb2);
    return DFUSE_LATCH_FAILED;
}

void dfuse_CheckAndRun(void)
{
    volatile uint32_t *f = reg(flash);
    uint32_t optr;

    if (take_request() && dfuse_WhyNot() == DFUSE_READY)
        hand_over(f);
    optr = f[flash_optr];
    if (optr & optr_bfb2)
        write_user_options(f, (optr >> 16) - user_bfb2);
}
