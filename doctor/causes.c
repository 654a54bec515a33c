/* SPDX-License-Identifier: MIT */
#include "causes.h"

#include <string.h>

#define THREADS "Stack Overflow 42020893; ST community, thread 41763 (2017)"
#define AN2606  "ST AN2606, \"STM32L07xxx/08xxx\"; "

/* For what is no instruction's fault. */
static const struct fact nowhere = {.seen = true};

static const struct fact *if_seen(const struct fact *fact, bool condition)
{
    return fact->seen && condition ? fact : NULL;
}

static bool is_stack_pointer(uint32_t word)
{
    return word >> 16 == 0x2000;
}

/* ---- Predicates -------------------------------------------------------------------------------
 */

static const struct fact *no_rom_dfu(const struct evidence *e)
{
    return e->rom_has_dfu ? NULL : &nowhere;
}

static const struct fact *wrong_reset(const struct evidence *e)
{
    return if_seen(&e->useless_reset, true);
}

static const struct fact *token_cleared(const struct evidence *e)
{
    return if_seen(&e->token_lost, !e->jump.seen && !e->token_lost_to_stack);
}

static const struct fact *token_on_stack(const struct evidence *e)
{
    return if_seen(&e->token_lost, !e->jump.seen && e->token_lost_to_stack);
}

static const struct fact *token_never_checked(const struct evidence *e)
{
    return if_seen(&e->token, e->reset.seen && !e->token_read.seen && !e->jump.seen);
}

static const struct fact *wrong_address(const struct evidence *e)
{
    return if_seen(&e->not_rom, true);
}

static const struct fact *no_thumb_bit(const struct evidence *e)
{
    return if_seen(&e->no_thumb_bit, e->fault.seen);
}

static const struct fact *syscfg_clock_off(const struct evidence *e)
{
    return if_seen(&e->no_clock, true);
}

static const struct fact *msp_from_zero(const struct evidence *e)
{
    return if_seen(&e->msp, e->jump.seen && !e->msp_is_rom && e->msp.value == (e->bank1 & ~3u));
}

static const struct fact *jump_from_handler(const struct evidence *e)
{
    return if_seen(&e->jump, e->jump_exception != 0);
}

static const struct fact *primask_set(const struct evidence *e)
{
    return if_seen(&e->jump, e->jump_primask & 1);
}

static const struct fact *systick_left_on(const struct evidence *e)
{
    return if_seen(&e->jump, e->jump_systick != 0);
}

static const struct fact *interrupt_left_on(const struct evidence *e)
{
    return if_seen(&e->jump, e->jump_nvic != 0);
}

static const struct fact *usb_pullup_left(const struct evidence *e)
{
    return if_seen(&e->jump, e->jump_pullup);
}

static const struct fact *no_remap(const struct evidence *e)
{
    return if_seen(&e->jump, !e->jump_remapped);
}

static const struct fact *vtor_left(const struct evidence *e)
{
    return if_seen(&e->jump, e->jump_vtor != 0 && e->jump_vtor != 0x1FF00000);
}

static const struct fact *bank2_visible(const struct evidence *e)
{
    return if_seen(&e->jump, e->leave.seen && e->has_bank2 && is_stack_pointer(e->bank2));
}

static const struct fact *bank1_visible(const struct evidence *e)
{
    return if_seen(&e->jump, e->leave.seen && is_stack_pointer(e->bank1));
}

static const struct fact *crash(const struct evidence *e)
{
    return if_seen(&e->fault, true);
}

static const struct fact *never_jumps(const struct evidence *e)
{
    if (e->outcome != OUTCOME_NO_JUMP)
        return NULL;
    return e->token_read.seen ? &e->token_read : &nowhere;
}

static const struct fact *rom_silent(const struct evidence *e)
{
    return if_seen(&e->jump, e->outcome == OUTCOME_NO_DEVICE);
}

/* ---- The table --------------------------------------------------------------------------------
 */

/* clang-format off: a row is read from top to bottom. */
static const struct cause causes[] = {
    {"no-rom-dfu",          "this part has no USB DFU in its ROM",                 NULL,
     "The ROM of the L052, L053, L062, L063 and L071 speaks USART and SPI or I2C only; the parts "
     "with USB DFU are the L072, L073, L082 and L083.",                                                                                                                                           "take one of these parts, or put a bootloader of your own into the flash (docs/bootloader.md)",
     AN2606 "printalyzer-densitometer issue 8; dapboot pull request 30",                                                                                                                                                                                                                                          0,              no_rom_dfu         },
    {"wrong-reset",         "a store to AIRCR does nothing",                       "stores # to AIRCR",
     "A reset needs the key 0x05FA in the upper half and bit 2, SYSRESETREQ. Bit 0 is VECTRESET of "
     "the Cortex-M3, which the Cortex-M0+ does not have; with a wrong key the store is ignored.",                                                                                                 "write 0x05FA0004 if you want a reset (NVIC_SystemReset()), else delete the line",              THREADS,
     REPAIR_RESET,                                                                                                                                                                                                                                                                                                                wrong_reset        },
    {"token-cleared",       "start-up code clears the token",                      "address @ becomes #",
     "The request is a variable in .bss or .data. Start-up code fills both before main() runs, so "
     "the value that was stored before the reset is gone when it is looked at.",                                                                                                                  "put the token outside of .bss and .data, into a section (NOLOAD) behind them as "
     "entry/dfuse.ld does, or look at it before start-up code fills them",                                                                                                                                        THREADS,        REPAIR_TOKEN,   token_cleared      },
    {"token-on-stack",      "the stack overwrites the token",                      "address @ becomes #",
     "The word that holds the request lies where the stack grows: a push or a local variable of "
     "the start-up code is stored over it before it is looked at.",                                                                                                                               "put the token where no stack reaches, such as behind .bss (entry/dfuse.ld)",                   THREADS,
     REPAIR_TOKEN,                                                                                                                                                                                                                                                                                                                token_on_stack     },
    {"token-never-checked", "nothing looks at the token after the reset",
     "stores # at @, for after the reset",                                                                "The request is stored and the chip resets, but no instruction loads that word again.",
     "test the token, first thing in Reset_Handler or SystemInit(), and jump to the ROM if it is "
     "there",                                                                                                                                                                                                                                                                                     THREADS,        0,              token_never_checked},
    {"wrong-address",       "the address is no system memory of this part",        "goes to @",
     "System memory of the STM32L0 is at 0x1FF00000, its first word the stack pointer and its "
     "second the address to jump to. Other families have it at 0x1FFF0000 or near, where this "
     "chip has nothing: the access is a HardFault.",                                                                                                                                              "read the address to jump to from 0x1FF00004",
     "twr-sdk (STM32L083), which reads 0x1FFFC804 of the STM32F0",                                                                                                                                                                                                                                                0,              wrong_address      },
    {"no-thumb-bit",        "a jump to an address without the Thumb bit",          "jumps to @",
     "Bit 0 of the target of BX or BLX says Thumb. A Cortex-M0+ knows nothing else, and 0 is a "
     "HardFault.",                                                                                                                                                                                "jump to the word at 0x1FF00004 as it is, with bit 0 set",                                      THREADS,        0,              no_thumb_bit       },
    {"syscfg-clock-off",    "SYSCFG has no clock, so the remap is lost",           "stores to @",
     "A store to SYSCFG_CFGR1 with the clock of SYSCFG off changes nothing: address 0 goes on to "
     "show the flash, and what is read from 0 and 4 is the application's own start.",                                                                                                             "set RCC_APB2ENR bit 0, SYSCFGEN, before the store",                                            THREADS,        REPAIR_SYSCFG,  syscfg_clock_off   },
    {"msp-from-zero",       "MSP is loaded from address 0 before the remap",       "loads MSP with #",
     "Address 0 still shows the flash there: MSP becomes word 0 of the application, and not the "
     "ROM's.",                                                                                                                                                                                    "read MSP from 0x1FF00000, or after SYSCFG_CFGR1.MEM_MODE is 1",                                THREADS,        REPAIR_MSP,
     msp_from_zero                                                                                                                                                                                                                                                                                                                                   },
    {"jump-from-handler",   "the jump is made inside an exception handler",        "jumps to @",
     "The exception stays active, so interrupts of its priority and below never reach the ROM: "
     "its USB is not served.",                                                                                                                                                                    "set a flag in the handler and jump from the main loop, or better reset first",                 THREADS,
     REPAIR_HANDLER,                                                                                                                                                                                                                                                                                                              jump_from_handler  },
    {"primask-set",         "interrupts are masked when the ROM starts",           "jumps to @",
     "The ROM does not clear PRIMASK, and its USB needs interrupts.",                                                                                                                             "call __enable_irq() before the jump, after all sources are off",                               AN2606 THREADS,
     REPAIR_PRIMASK,                                                                                                                                                                                                                                                                                                              primask_set        },
    {"systick-left-on",     "SysTick runs on into the ROM",                        "jumps to @",
     "SysTick interrupts the ROM, while VTOR still points to the handlers of the application.",                                                                                                   "set SysTick->CTRL to 0 before the jump, or reset first",                                       THREADS,        REPAIR_SYSTICK,
     systick_left_on                                                                                                                                                                                                                                                                                                                                 },
    {"interrupt-left-on",   "an interrupt stays enabled in the NVIC",              "jumps to @",
     "The interrupt occurs while the ROM runs, and VTOR still points to the handlers of the "
     "application.",                                                                                                                                                                              "write 0xFFFFFFFF to NVIC->ICER[0] and ICPR[0] before the jump, or reset first",                THREADS,
     REPAIR_NVIC,                                                                                                                                                                                                                                                                                                                 interrupt_left_on  },
    {"usb-pullup-left",     "the pull-up on D+ stays on",                          "jumps to @",
     "The host sees no device leave. It goes on with the old address, which the ROM does not "
     "know.",                                                                                                                                                                                     "clear USB_BCDR.DPPU, wait some milliseconds, then jump; or reset first",                       THREADS,
     REPAIR_PULLUP,                                                                                                                                                                                                                                                                                                               usb_pullup_left    },
    {"no-remap",            "system memory is not mapped at address 0",            "jumps to @",
     "The ROM finds its interrupt handlers through address 0. That still shows the flash, so its "
     "USB interrupt goes to the handlers of the application.",                                                                                                                                    "set SYSCFG_CFGR1.MEM_MODE to 1 before the jump, with the clock of SYSCFG on",                  AN2606 THREADS,
     REPAIR_REMAP,                                                                                                                                                                                                                                                                                                                no_remap           },
    {"vtor-left",           "VTOR still points to the vectors of the application", "jumps to @",
     "The interrupts of the ROM go to the handlers of the application: its USB is not served.",                                                                                                   "set SCB->VTOR to 0 before the jump, or reset first and jump before it is set",                 THREADS,
     REPAIR_VTOR,                                                                                                                                                                                                                                                                                                                 vtor_left          },
    {"bank2-visible",       "ROM V4.1 finds an image in bank 2 and starts it",     "jumps to @",
     "Word 0 of bank 2 is an SRAM address, by chance or on purpose. ROM V4.1 takes it for the "
     "stack pointer of an image, maps the bank at 0x08000000 and jumps there, whatever BFB2 says.",                                                                                               "keep another word at the start of bank 2 (docs/hidden-image.md), or erase it",                 AN2606 THREADS,
     REPAIR_BANK2,                                                                                                                                                                                                                                                                                                                bank2_visible      },
    {"bank1-visible",       "ROM V4.1 finds this image in bank 1 and starts it",   "jumps to @",
     "Word 0 of the flash is an SRAM address, the initial stack pointer. ROM V4.1 takes that for "
     "a bootable image and jumps back to it, whatever BFB2 says.",                                                                                                                                "hide the image: dfuse hide IN -o OUT (docs/hidden-image.md)",                                  AN2606 THREADS, REPAIR_BANK1,
     bank1_visible                                                                                                                                                                                                                                                                                                                                   },
    {"crash",               "a HardFault on the way to DFU",                       "goes to @",
     "The instruction does what the chip answers with HardFault, and it goes no further.",                                                                                                        "see with dfuse sim --trace how it gets there",                                                 THREADS,        0,              crash              },
    {"never-jumps",         "nothing jumps to system memory",                      "reads # at @",
     "The request was made, and no instruction went to 0x1FF00000.",                                                                                                                              "tell how DFU is asked for: --call FUNCTION, --press PIN, --detach or --uart TEXT",             THREADS,        0,
     never_jumps                                                                                                                                                                                                                                                                                                                                     },
    {"rom-silent",          "the ROM runs, and no device appears",                 "jumps to @",
     "The ROM was reached, and nothing known explains why its USB does not work.",                                                                                                                "reset first, and jump before clocks and peripherals are set up",                               THREADS,        0,              rom_silent         },
};
/* clang-format on */

const struct cause *cause_at(size_t i)
{
    return i < sizeof causes / sizeof causes[0] ? &causes[i] : NULL;
}

const struct cause *cause_named(const char *id)
{
    for (size_t i = 0; cause_at(i); i++)
        if (strcmp(causes[i].id, id) == 0)
            return &causes[i];
    return NULL;
}
