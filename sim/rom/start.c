/* SPDX-License-Identifier: MIT */
/*
 * Start of the stand-in: bank check, clocks, USB. It cleans up nothing a caller left behind: it
 * expects the chip as after reset.
 */
#include <stdbool.h>
#include <stdint.h>

#include "../../stm32l0/clock.h"
#include "../../stm32l0/core.h"
#include "../../stm32l0/ram.h"
#include "../../stm32l0/regs.h"
#include "../../usb/usbd.h"
#include "config.h"
#include "rom.h"

extern uint32_t _estack[];

void rom_start(void);

/* Not cleared at start, which would take a quarter of the start-up time: dfu_init() is enough. */
__attribute__((section(".noinit"))) struct dfu rom_dfu;

/* AN2606 requires no more of the ID than its place. */
__attribute__((section(".id"), used)) static const uint8_t bootloader_id[2] = {ROM_VERSION, 0};

/* ---- Vectors --------------------------------------------------------------------------------- */

static void unexpected(void)
{
    for (;;)
        ;
}

static void on_systick(void)
{
    IWDG->KR = IWDG_KR_RELOAD;
}

typedef void (*vector)(void);

__attribute__((section(".isr_vector"), used)) static const vector vectors[48] = {
    [0] = (vector)(uintptr_t)_estack, [1] = rom_start,
    [2 ... 14] = unexpected,          [15] = on_systick,
    [16 ... 46] = unexpected,         [16 + IRQ_USB] = usbd_poll,
};

/* ---- Bank check ------------------------------------------------------------------------------ */

static void wait(unsigned loops)
{
    while (loops--)
        __asm__ volatile("");
}

bool rom_sp_valid(uint32_t sp)
{
    return sp >= ROM_SP_FIRST && sp <= ROM_SP_LAST;
}

__attribute__((noreturn)) static void start_bank(void)
{
    const volatile uint32_t *image = (const volatile uint32_t *)FLASH_BASE;
    if (ROM_MASKS_BANK_START)
        core_mask_interrupts();
    core_start(image[0], image[1]);
}

static bool booted_by_boot0(void)
{
    RCC->APB2ENR |= RCC_APB2ENR_SYSCFG;
    return (SYSCFG->CFGR1 & SYSCFG_CFGR1_BOOT_MODE) == SYSCFG_CFGR1_BOOT_MODE_SYSTEM;
}

/* Starts the first bank whose word 0 is an SRAM address, bank 2 first; BFB2 is not asked. Returns
 * when there is none. 64 KB parts have one bank. */
static void check_banks(void)
{
    const volatile uint32_t *bank1 = (const volatile uint32_t *)FLASH_BASE;
    const volatile uint32_t *bank2 = bank1 + DEVICE->FLASH_SIZE_KB * 1024u / 2 / sizeof *bank1;
    if (DEVICE->FLASH_SIZE_KB > 64 && rom_sp_valid(*bank2)) {
        SYSCFG->CFGR1 |= SYSCFG_CFGR1_UFB;
        start_bank();
    }
    if (rom_sp_valid(*bank1))
        start_bank();
}

/* ---- DFU ------------------------------------------------------------------------------------- */

static void set_pull(unsigned pin, unsigned pupd)
{
    GPIOA->PUPDR = (GPIOA->PUPDR & ~(3u << 2 * pin)) | pupd << 2 * pin;
}

/* AN2606: pull-ups on the USART receivers PA3 and PA10; known limitation: pull-downs on PA4-PA7. */
static void set_pins(void)
{
    RCC->IOPENR |= RCC_IOPENR_IOPA;
    set_pull(3, 1);
    set_pull(10, 1);
    for (unsigned pin = 4; pin <= 7; pin++)
        set_pull(pin, 2);
}

/* AN2606, IWDG usage: not started, but slowed and refreshed in case it runs. */
static void calm_watchdog(void)
{
    IWDG->KR = IWDG_KR_UNLOCK;
    IWDG->PR = IWDG_PR_256;
    IWDG->KR = IWDG_KR_RELOAD;
    SYSTICK->RVR = 0xFFFFFF;
    SYSTICK->CVR = 0;
    SYSTICK->CSR = SYSTICK_CSR_ENABLE | SYSTICK_CSR_TICKINT | SYSTICK_CSR_CLKSOURCE;
}

/* The whole of it is one loop: interrupts serve USB, the loop does the work they leave. PRIMASK
 * stays as the caller set it. */
__attribute__((noreturn)) static void run_dfu(void)
{
    dfu_init(&rom_dfu, FLASH_BASE);
    usbd_connect();
    NVIC->ISER = 1u << IRQ_USB;
    for (;;) {
        uint32_t primask = core_mask_interrupts();
        if (!dfu_busy(&rom_dfu))
            core_wait_for_interrupt();
        core_restore_interrupts(primask);
        dfu_work(&rom_dfu);
    }
}

void rom_start(void)
{
    wait(ROM_START_LOOPS);
    if (ROM_CHECKS_BANKS && !(ROM_BOOT0_SKIPS_CHECK && booted_by_boot0()))
        check_banks();
    clock_32mhz();
    ram_prepare();
    if (ROM_SETS_VTOR)
        SCB->VTOR = SYSTEM_MEMORY_BASE;
    clock_usb();
    set_pins();
    calm_watchdog();
    run_dfu();
}
