/* SPDX-License-Identifier: MIT */
/* Addresses and bits: RM0376, and ARMv6-M for the core. What is written here exists on every part,
 * or makes no difference where it does not. */
#include "chip.h"

#define VTOR            0xE000ED08u
#define SYST_CSR        0xE000E010u
#define NVIC_ISER       0xE000E100u
#define NVIC_ICER       0xE000E180u
#define SYSCFG_CFGR1    0x40010000u
#define FLASH_OPTR      0x4002201Cu
#define FLASH_WRPROT1   0x40022020u
#define FLASH_WRPROT2   0x40022080u
#define OPTR_BFB2       (UINT32_C(1) << 23)
#define RDP_LEVEL_0     0xAAu
#define RDP_LEVEL_2     0xCCu
#define OPTION_WRPROT   0x1FF80008u /* three words, each a half and its complement */
#define CONTROL_SPSEL   2u
#define PWR_CR          0x40007000u
#define PWR_CR_DBP      (UINT32_C(1) << 8)
#define RCC_CR          0x40021000u
#define RCC_CR_PLLON    (UINT32_C(1) << 24)
#define RCC_APB1RSTR    0x40021028u
#define RCC_APB1_WWDG   (UINT32_C(1) << 11)
#define RCC_APB1ENR     0x40021038u
#define RCC_APB1_PWR    (UINT32_C(1) << 28)
#define RCC_APB2ENR     0x40021034u
#define RCC_APB2_SYSCFG UINT32_C(1)
#define IWDG_KR         0x40003000u
#define IWDG_PR         0x40003004u
#define IWDG_RLR        0x40003008u
#define USB_BCDR        0x40005C58u

#define DMA_CHANNELS 7
#define DMA_CCR(i)   (0x40020008u + 20 * (i))
#define DMA_CPAR(i)  (DMA_CCR(i) + 8)
#define DMA_CMAR(i)  (DMA_CCR(i) + 12)
#define CCR_EN       UINT32_C(0x01)
#define CCR_DIR      UINT32_C(0x10) /* to CPAR */
#define ROM_RAM_END  0x20001000u    /* AN2606, STM32L07xxx/08xxx */

/* ---- Looking --------------------------------------------------------------------------------- */

uint32_t chip_word(struct l072 *board, uint32_t address)
{
    uint32_t word = 0;
    if (l072_peek(board, address, &word, sizeof word) != 0)
        (void)l072_read(board, address, 4, &word);
    return word;
}

bool chip_bfb2(struct l072 *board)
{
    return chip_word(board, FLASH_OPTR) & OPTR_BFB2;
}

unsigned chip_rdp(struct l072 *board)
{
    uint32_t byte = chip_word(board, FLASH_OPTR) & 0xFF;
    return byte == RDP_LEVEL_0 ? 0 : byte == RDP_LEVEL_2 ? 2 : 1;
}

bool chip_write_protected(struct l072 *board)
{
    return chip_word(board, FLASH_WRPROT1) || chip_word(board, FLASH_WRPROT2);
}

/* Where a channel that is on writes in the RAM of the ROM; 0: none does. */
static uint32_t dma_target(struct l072 *board)
{
    for (unsigned i = 0; i < DMA_CHANNELS; i++) {
        uint32_t ccr = chip_word(board, DMA_CCR(i));
        uint32_t target = chip_word(board, (ccr & CCR_DIR) ? DMA_CPAR(i) : DMA_CMAR(i));
        if (ccr & CCR_EN && target >= 0x20000000 && target < ROM_RAM_END)
            return target;
    }
    return 0;
}

/* What the CPU reads at 4 is what the ROM has there. */
static bool is_remapped(struct l072 *board)
{
    uint32_t word = 0;
    (void)l072_read(board, 4, 4, &word);
    return word == chip_word(board, CHIP_SYSTEM_MEMORY + 4);
}

struct chip chip_look(struct l072 *board)
{
    return (struct chip){
        .bank1 = chip_word(board, CHIP_BANK1),
        .exception = l072_register(board, XPSR) & IPSR,
        .vtor = chip_word(board, VTOR),
        .nvic = chip_word(board, NVIC_ISER),
        .dma = dma_target(board),
        .primask = l072_register(board, PRIMASK) & 1,
        .psp = l072_register(board, CONTROL) & CONTROL_SPSEL,
        .sleepdeep = chip_word(board, CHIP_SCR) & CHIP_SCR_SLEEPDEEP,
        .systick = chip_word(board, SYST_CSR) & 1,
        .pullup = l072_usb_attached(board),
        .pll = chip_word(board, RCC_CR) & RCC_CR_PLLON,
        .remapped = is_remapped(board),
    };
}

/* ---- Putting right --------------------------------------------------------------------------- */

void chip_power_up(struct l072 *board, unsigned repairs)
{
    static const uint8_t zeros[1024];
    static const uint32_t unprotected[3] = {0xFFFF0000, 0xFFFF0000, 0xFFFF0000};
    struct l072_geometry geometry;
    l072_get_geometry(board, &geometry);
    if (repairs & REPAIR_BFB2)
        (void)l072_set_option(board, "BFB2", 0);
    if (repairs & REPAIR_RDP)
        (void)l072_set_option(board, "RDP", RDP_LEVEL_0);
    if (repairs & REPAIR_WRP)
        (void)l072_load(board, OPTION_WRPROT, unprotected, sizeof unprotected);
    l072_power(board, true);
    for (uint32_t at = 0; repairs & REPAIR_RAM && at < geometry.sram_size; at += sizeof zeros)
        (void)l072_load(board, geometry.sram_base + at, zeros, sizeof zeros);
}

void chip_hide_bank(struct l072 *board, uint32_t bank)
{
    static const uint32_t word = CHIP_HIDDEN_WORD;
    (void)l072_load(board, bank, &word, sizeof word);
}

void chip_clock_syscfg(struct l072 *board)
{
    (void)l072_write(board, RCC_APB2ENR, 4, chip_word(board, RCC_APB2ENR) | RCC_APB2_SYSCFG);
}

void chip_open_backup(struct l072 *board)
{
    (void)l072_write(board, RCC_APB1ENR, 4, chip_word(board, RCC_APB1ENR) | RCC_APB1_PWR);
    (void)l072_write(board, PWR_CR, 4, chip_word(board, PWR_CR) | PWR_CR_DBP);
}

/* Only a reset stops IWDG; it gets 28 seconds. */
void chip_calm_watchdogs(struct l072 *board)
{
    (void)l072_write(board, IWDG_KR, 4, 0x5555);
    (void)l072_write(board, IWDG_PR, 4, 6);
    (void)l072_write(board, IWDG_RLR, 4, 0xFFF);
    (void)l072_write(board, IWDG_KR, 4, 0xAAAA);
    (void)l072_write(board, RCC_APB1RSTR, 4, chip_word(board, RCC_APB1RSTR) | RCC_APB1_WWDG);
    (void)l072_write(board, RCC_APB1RSTR, 4, chip_word(board, RCC_APB1RSTR) & ~RCC_APB1_WWDG);
}

/* Makes the chip return from the exception to where it is about to go: it runs BX LR on a frame
 * made for that, at the end of SRAM, which the ROM does not use. */
static void leave_handler(struct l072 *board)
{
    enum { FRAME_PC = 24, FRAME_XPSR = 28, CODE = 64 };
    static const uint32_t thread_main = 0xFFFFFFF9, bx_lr = 0x4770, thumb = UINT32_C(1) << 24;
    uint32_t pc = l072_register(board, PC), msp = l072_register(board, MSP);
    struct l072_geometry geometry;
    l072_get_geometry(board, &geometry);
    uint32_t frame = geometry.sram_base + geometry.sram_size - 0x100;
    if (!(l072_register(board, XPSR) & IPSR))
        return;
    (void)l072_write(board, frame + FRAME_PC, 4, pc);
    (void)l072_write(board, frame + FRAME_XPSR, 4, thumb);
    (void)l072_write(board, frame + CODE, 2, bx_lr);
    l072_set_register(board, SP, frame);
    l072_set_register(board, LR, thread_main);
    l072_set_register(board, PC, frame + CODE);
    (void)l072_step(board);
    l072_set_register(board, MSP, msp);
}

/* Registers that a single store puts right. */
static const struct {
    uint32_t repair, address, size, value;
} stores[] = {
    {REPAIR_SYSTICK,   SYST_CSR,     4, 0         },
    {REPAIR_NVIC,      NVIC_ICER,    4, UINT32_MAX},
    {REPAIR_PULLUP,    USB_BCDR,     2, 0         },
    {REPAIR_SLEEPDEEP, CHIP_SCR,     4, 0         },
    {REPAIR_VTOR,      VTOR,         4, 0         },
    {REPAIR_REMAP,     SYSCFG_CFGR1, 4, 1         },
};

void chip_repair_jump(struct l072 *board, unsigned repairs)
{
    struct l072_geometry geometry;
    l072_get_geometry(board, &geometry);
    if (repairs & REPAIR_HANDLER)
        leave_handler(board);
    if (repairs & REPAIR_PSP)
        l072_set_register(board, CONTROL, 0);
    if (repairs & REPAIR_ENTRY)
        l072_set_register(board, PC, chip_word(board, CHIP_SYSTEM_MEMORY + 4) & ~1u);
    if (repairs & REPAIR_MSP)
        l072_set_register(board, MSP, chip_word(board, CHIP_SYSTEM_MEMORY));
    if (repairs & REPAIR_PRIMASK)
        l072_set_register(board, PRIMASK, 0);
    if (repairs & REPAIR_REMAP)
        chip_clock_syscfg(board);
    for (size_t i = 0; i < sizeof stores / sizeof stores[0]; i++)
        if (repairs & stores[i].repair)
            (void)l072_write(board, stores[i].address, stores[i].size, stores[i].value);
    for (unsigned i = 0; repairs & REPAIR_DMA && i < DMA_CHANNELS; i++)
        (void)l072_write(board, DMA_CCR(i), 4, 0);
    if (repairs & REPAIR_BANK1)
        chip_hide_bank(board, CHIP_BANK1);
    if (repairs & REPAIR_BANK2 && geometry.bank2_base)
        chip_hide_bank(board, geometry.bank2_base);
}
