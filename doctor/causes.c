/* SPDX-License-Identifier: MIT */
#include "causes.h"

#include <string.h>

#define THREADS "Stack Overflow 42020893; ST community, thread 41763 (2017)"
#define AN2606  "ST AN2606, \"STM32L07xxx/08xxx\"; "

/* clang-format off */
static const struct cause causes[] = {
    {
        .id = "no-rom-dfu",
        .title = "this part has no USB DFU in its ROM",
        .why = "The ROM of these parts speaks USART, SPI and I2C at most; those with USB DFU are "
               "the L072, L073, L082 and L083.",
        .fix = "take one of these parts, or put a bootloader of your own into the flash "
               "(docs/bootloader.md)",
        .reference = AN2606 "printalyzer-densitometer issue 8; dapboot pull request 30",
        .find = no_rom_dfu,
    },
    {
        .id = "bfb2-set",
        .title = "option bit BFB2 is set: the ROM runs before the application",
        .why = "With BFB2 each reset starts the ROM. V4.0 stays there. V4.1 starts the bank that "
               "has an SRAM address in its word 0; a hidden image has none, so it never starts. A "
               "visible one finds the chip as the ROM leaves it, PRIMASK set.",
        .fix = "clear BFB2 in the option bytes, as dfuse_CheckAndRun() does at each start; set it "
               "only to ask for DFU (dfuse_RunBootloaderLatched())",
        .reference = "ST AN2606, table 2, pattern 7; STM32CubeL0 FLASH_DualBoot; ST community, "
                     "m-p/123920 (STM32L073)",
        .repair = REPAIR_BFB2,
        .always = true,
        .find = bfb2_set,
    },
    {
        .id = "wrong-reset",
        .title = "a store to AIRCR does nothing",
        .act = "stores # to AIRCR",
        .why = "A reset needs the key 0x05FA in the upper half and bit 2, SYSRESETREQ. Bit 0 "
               "is VECTRESET of the Cortex-M3, which the Cortex-M0+ does not have; with a "
               "wrong key the store is ignored.",
        .fix = "write 0x05FA0004 if you want a reset (NVIC_SystemReset()), else delete the "
               "line",
        .reference = THREADS,
        .repair = REPAIR_RESET,
        .find = wrong_reset,
    },
    {
        .id = "token-not-stored",
        .title = "the store of the token has no effect",
        .act = "stores # to @",
        .why = "Backup registers of the RTC take no store while PWR_CR.DBP is 0, nor data EEPROM "
               "one while FLASH_PECR.PELOCK is 1. After the reset the request is not there.",
        .fix = "set PWR_CR.DBP, with the clock of PWR on (HAL_PWR_EnableBkUpAccess()), or unlock "
               "the EEPROM by FLASH_PEKEYR, before the store",
        .reference = "RM0376, PWR_CR; FLASH_PECR",
        .repair = REPAIR_STORE,
        .find = token_not_stored,
    },
    {
        .id = "token-cleared",
        .title = "start-up code clears the token",
        .act = "address @ becomes #",
        .why = "The request is a variable in .bss or .data. Start-up code fills both before "
               "main() runs, so the value that was stored before the reset is gone when it is "
               "looked at.",
        .fix = "put the token outside of .bss and .data, into a section (NOLOAD) behind them "
               "as entry/dfuse.ld does, or look at it before start-up code fills them",
        .reference = THREADS,
        .repair = REPAIR_TOKEN,
        .find = token_cleared,
    },
    {
        .id = "token-on-stack",
        .title = "the stack overwrites the token",
        .act = "address @ becomes #",
        .why = "The word that holds the request lies where the stack grows: a push or a local "
               "variable of the start-up code is stored over it before it is looked at.",
        .fix = "put the token where no stack reaches, such as behind .bss (entry/dfuse.ld)",
        .repair = REPAIR_TOKEN,
        .find = token_on_stack,
    },
    {
        .id = "token-never-checked",
        .title = "nothing looks at the token after the reset",
        .act = "stores # at @, for after the reset",
        .why = "The request is stored and the chip resets, but no instruction loads that word "
               "again.",
        .fix = "test the token, first thing in Reset_Handler or SystemInit(), and jump to the "
               "ROM if it is there",
        .find = token_never_checked,
    },
    {
        .id = "token-checked-late",
        .title = "the token is looked at when the chip is no longer as after reset",
        .act = "jumps to @",
        .why = "The reset has put all peripherals off, and on the way to the check start-up code "
               "has put some on again: PLL, SysTick, an interrupt, DMA, or the pull-up on D+. The "
               "ROM wants none of them.",
        .fix = "test the token and jump first thing in Reset_Handler or SystemInit(), before "
               "clocks and peripherals",
        .reference = "ST AN2606, 4.1; ArduPilot pull request 31770",
        .repair = REPAIR_PERIPHERALS,
        .always = true,
        .find = token_checked_late,
    },
    {
        .id = "token-at-power-on",
        .title = "the token is true at power-on, when nobody asks for DFU",
        .act = "jumps to @ after a power-on",
        .why = "SRAM holds anything after a power-on, and what it held before after a short dip of "
               "the supply. A flag or a byte is true by chance; a token that is not cleared is "
               "true again. The application does not start then, and DFU does.",
        .fix = "take a 32-bit number and its complement, clear both before the jump, or look at "
               "RCC_CSR.SFTRSTF too",
        .reference = "stm32duino/Arduino_Core_STM32 pull request 710",
        .always = true,
        .find = token_at_power_on,
    },
    {
        .id = "request-refused",
        .title = "the application sees that the ROM would not stay, and drops the request",
        .act = "reads # at @",
        .why = "Word 0 of the flash is an SRAM address, which ROM V4.1 takes for an image to "
               "start. dfuse_CheckAndRun() does not jump then, as the ROM would come back.",
        .fix = "hide the image: dfuse hide IN -o OUT (docs/hidden-image.md)",
        .reference = THREADS,
        .repair = REPAIR_LOOK,
        .find = request_refused,
    },
    {
        .id = "wrong-address",
        .title = "the address is no system memory of this part",
        .act = "uses @",
        .why = "System memory of the STM32L0 is at 0x1FF00000, its first word the stack "
               "pointer and its second the address to jump to. Other families have it at "
               "0x1FFF0000 or near, where this chip has nothing: the access is a HardFault.",
        .fix = "read the address to jump to from 0x1FF00004",
        .reference = "twr-sdk (STM32L083), which reads 0x1FFFC804 of the STM32F0",
        .find = wrong_address,
    },
    {
        .id = "read-twice",
        .title = "the ROM's start address is dereferenced once too often",
        .act = "reads code of the ROM at @",
        .why = "The word at 0x1FF00004 is the address to jump to. What is read from that address "
               "is an instruction, and no address.",
        .fix = "jump to the word at 0x1FF00004 itself",
        .reference = "LibreSolar charge controller, issue 26",
        .find = read_twice,
    },
    {
        .id = "no-thumb-bit",
        .title = "a jump to an address without the Thumb bit",
        .act = "jumps to @",
        .why = "Bit 0 of the target of BX or BLX says Thumb. A Cortex-M0+ knows nothing else, "
               "and 0 is a HardFault.",
        .fix = "jump to the word at 0x1FF00004 as it is, with bit 0 set",
        .find = no_thumb_bit,
    },
    {
        .id = "wrong-entry",
        .title = "the jump does not go to the ROM's start",
        .act = "jumps to @",
        .why = "System memory begins with a vector table, which is no code. Its second word, at "
               "0x1FF00004, holds the address of the first instruction.",
        .fix = "read the word at 0x1FF00004 and jump to what it says",
        .reference = "ST community, topic 117823",
        .repair = REPAIR_ENTRY,
        .find = wrong_entry,
    },
    {
        .id = "stack-switched",
        .title = "a function sets MSP, and then uses its stack",
        .act = "reads @",
        .why = "What the function has pushed lies on the stack it began with; after the store to "
               "MSP its pops and local variables come from the new one. It returns to anywhere.",
        .fix = "set MSP and jump in one piece of assembler, with nothing in between "
               "(core_start() of stm32l0/core.h)",
        .find = stack_switched,
    },
    {
        .id = "syscfg-clock-off",
        .title = "SYSCFG has no clock, so the remap is lost",
        .act = "stores to @",
        .why = "A store to SYSCFG_CFGR1 with the clock of SYSCFG off changes nothing: address "
               "0 goes on to show the flash, and what is read from 0 and 4 is the "
               "application's own start.",
        .fix = "set RCC_APB2ENR bit 0, SYSCFGEN, before the store",
        .reference = "ST community, topic 94013 (STM32F042)",
        .repair = REPAIR_SYSCFG,
        .find = syscfg_clock_off,
    },
    {
        .id = "msp-from-zero",
        .title = "MSP is loaded from address 0 before the remap",
        .act = "loads MSP with #",
        .why = "Address 0 still shows the flash there: MSP becomes word 0 of the application, "
               "and not the ROM's.",
        .fix = "read MSP from 0x1FF00000, or after SYSCFG_CFGR1.MEM_MODE is 1",
        .repair = REPAIR_MSP,
        .find = msp_from_zero,
    },
    {
        .id = "jump-from-handler",
        .title = "the jump is made inside an exception handler",
        .act = "jumps to @",
        .why = "The exception stays active, so interrupts of its priority and below never "
               "reach the ROM: its USB is not served. A callback on received bytes or on a button "
               "is such a handler.",
        .fix = "set a flag in the handler and jump from the main loop, or better reset first",
        .reference = "ST community, topic 50521: a jump in CDC_Receive_FS()",
        .repair = REPAIR_HANDLER,
        .always = true,
        .find = jump_from_handler,
    },
    {
        .id = "psp-in-use",
        .title = "the jump is made with the stack of a task, PSP",
        .act = "jumps to @",
        .why = "With CONTROL.SPSEL 1 the ROM runs on PSP, whatever MSP is set to. It uses the "
               "first 4 KB of SRAM, where the stack of the task may lie.",
        .fix = "write 0 to CONTROL before MSP is set, or reset first",
        .repair = REPAIR_PSP,
        .always = true,
        .find = psp_in_use,
    },
    {
        .id = "primask-set",
        .title = "interrupts are masked when the ROM starts",
        .act = "jumps to @",
        .why = "The ROM does not clear PRIMASK, and its USB needs interrupts.",
        .fix = "call __enable_irq() before the jump, after all sources are off",
        .reference = "ST AN2606, 4.1 and \"STM32L07xxx/08xxx\"; ST community, td-p/886272; mLRS "
                     "issue 96",
        .repair = REPAIR_PRIMASK,
        .find = primask_set,
    },
    {
        .id = "sleepdeep-left",
        .title = "SLEEPDEEP stays set",
        .act = "jumps to @",
        .why = "A ROM that sleeps between interrupts then goes to Stop, where USB has no clock. "
               "The stand-in for it does; whether ST's does is not published.",
        .fix = "clear SCB->SCR.SLEEPDEEP before the jump, or reset first",
        .repair = REPAIR_SLEEPDEEP,
        .find = sleepdeep_left,
    },
    {
        .id = "watchdog-resets",
        .title = "a watchdog resets the chip on the way into DFU",
        .why = "A started IWDG runs on until a reset. The ROM slows and reloads it, but only when "
               "it has started: what is left of the time at the jump must last for that. WWDG it "
               "does not know.",
        .fix = "reload IWDG right before the jump, with a period of 10 ms or more; or reset "
               "first, and jump before it is started",
        .reference = "ST AN2606, IWDG usage; ST community, thread 42473; micropython pull request "
                     "4862",
        .repair = REPAIR_WATCHDOG,
        .find = watchdog_resets,
    },
    {
        .id = "pll-left-on",
        .title = "the PLL runs on into the ROM",
        .act = "jumps to @",
        .why = "The ROM sets up a PLL of its own, whose settings cannot be changed while it runs. "
               "ST wants it off before the jump; whether the ROM copes is not published.",
        .fix = "go back to MSI and clear RCC_CR.PLLON before the jump, or reset first",
        .reference = "ST AN2606, 4.1",
        .always = true,
        .find = pll_left_on,
    },
    {
        .id = "dma-left-on",
        .title = "a DMA channel writes on into the RAM of the ROM",
        .act = "jumps to @",
        .why = "The ROM has its variables and its stack in the first 4 KB of SRAM, and leaves DMA "
               "as it is: the channel writes over them.",
        .fix = "clear EN of all DMA channels, or the clock of DMA, before the jump; or reset first",
        .reference = AN2606 "ST AN2606, 4.1",
        .repair = REPAIR_DMA,
        .always = true,
        .find = dma_left_on,
    },
    {
        .id = "systick-left-on",
        .title = "SysTick runs on into the ROM",
        .act = "jumps to @",
        .why = "SysTick interrupts the ROM, which has not asked for it, or while VTOR still points "
               "to the handlers of the application. ST wants all interrupts off before the jump.",
        .fix = "set SysTick->CTRL to 0 last before the jump, as HAL_RCC_DeInit() starts it again; "
               "or reset first",
        .reference = "ST AN2606, 4.1; ArduPilot pull request 31770",
        .repair = REPAIR_SYSTICK,
        .always = true,
        .find = systick_left_on,
    },
    {
        .id = "interrupt-left-on",
        .title = "an interrupt stays enabled in the NVIC",
        .act = "jumps to @",
        .why = "The interrupt occurs while the ROM runs, and VTOR still points to the "
               "handlers of the application.",
        .fix = "write 0xFFFFFFFF to NVIC->ICER[0] and ICPR[0] before the jump, or reset first",
        .reference = "ST AN2606, 4.1; ArduPilot pull request 31770",
        .repair = REPAIR_NVIC,
        .always = true,
        .find = interrupt_left_on,
    },
    {
        .id = "usb-pullup-left",
        .title = "the pull-up on D+ stays on",
        .act = "jumps to @",
        .why = "The host sees no device leave. It goes on with the old address, which the ROM "
               "does not know.",
        .fix = "clear USB_BCDR.DPPU, wait some milliseconds, then jump; or reset first",
        .reference = "ST community, topic 50521",
        .repair = REPAIR_PULLUP,
        .find = usb_pullup_left,
    },
    {
        .id = "no-remap",
        .title = "system memory is not mapped at address 0",
        .act = "jumps to @",
        .why = "The ROM finds its interrupt handlers through address 0. That still shows the "
               "flash, so its USB interrupt goes to the handlers of the application, unless "
               "the ROM sets VTOR, which is not published.",
        .fix = "set SYSCFG_CFGR1.MEM_MODE to 1 before the jump, with the clock of SYSCFG on",
        .reference = "ST AN2606, 4.1 and \"STM32L07xxx/08xxx\"",
        .repair = REPAIR_REMAP,
        .find = no_remap,
    },
    {
        .id = "vtor-left",
        .title = "VTOR still points to the vectors of the application",
        .act = "jumps to @",
        .why = "The interrupts of the ROM go to the handlers of the application: its USB is "
               "not served. Whether ST's ROM sets VTOR itself is not published; do not rely "
               "on it.",
        .fix = "set SCB->VTOR to 0 before the jump, or reset first and jump before it is set",
        .reference = "ST community, td-p/293423",
        .repair = REPAIR_VTOR,
        .find = vtor_left,
    },
    {
        .id = "bank2-visible",
        .title = "ROM V4.1 finds an image in bank 2 and starts it",
        .act = "jumps to @",
        .why = "Word 0 of bank 2 is an SRAM address, by chance or on purpose. ROM V4.1 takes "
               "it for the stack pointer of an image, maps the bank at 0x08000000 and jumps "
               "there, whatever BFB2 says.",
        .fix = "keep another word at the start of bank 2 (docs/hidden-image.md), or erase it",
        .reference = "ST AN2606, \"STM32L07xxx/08xxx\"",
        .repair = REPAIR_BANK2,
        .find = bank2_visible,
    },
    {
        .id = "bank1-visible",
        .title = "ROM V4.1 finds this image in bank 1 and starts it",
        .act = "jumps to @",
        .why = "Word 0 of the flash is an SRAM address, the initial stack pointer. ROM V4.1 "
               "takes that for a bootable image and jumps back to it, whatever BFB2 says.",
        .fix = "hide the image: dfuse hide IN -o OUT (docs/hidden-image.md)",
        .reference = AN2606 THREADS "; td-p/642733 (STM32L071)",
        .repair = REPAIR_BANK1,
        .find = bank1_visible,
    },
    {
        .id = "first-page-erased",
        .title = "the first page of the flash is erased before the jump",
        .act = "jumps to @",
        .why = "ROM V4.1 then finds no image and stays in DFU. But so does nothing else: after a "
               "power cut, or if nobody downloads, the chip starts no application and no DFU.",
        .fix = "hide the image instead: dfuse hide IN -o OUT (docs/hidden-image.md)",
        .reference = "ST community, td-p/241315",
        .always = true,
        .find = first_page_erased,
    },
    {
        .id = "rdp-level-1",
        .title = "readout protection level 1: DFU appears, and programs nothing",
        .act = "jumps to @",
        .why = "The ROM answers upload, erase and write with errVENDOR. Its command Read Unprotect "
               "ends that, and erases the flash.",
        .fix = "let the host send Read Unprotect first (dfu-util -s :unprotect:force), or set RDP "
               "to 0xAA; to keep it, take a bootloader of your own (docs/bootloader.md)",
        .reference = "ST AN3156, table 4 and 5.4; libwdi issue 62 (STM32F3)",
        .repair = REPAIR_RDP,
        .find = rdp_level_1,
    },
    {
        .id = "rdp-level-2",
        .title = "readout protection level 2: no DFU of the ROM, for ever",
        .act = "jumps to @",
        .why = "At level 2 the hardware starts no system memory, and after a jump from the flash "
               "the ROM does no more than tell its version. No tool takes level 2 back.",
        .fix = "take a bootloader of your own into the product before level 2 is set "
               "(docs/bootloader.md)",
        .reference = "ST AN2606, 4.1; RM0376, readout protection",
        .find = rdp_level_2,
    },
    {
        .id = "write-protected",
        .title = "the flash is write-protected: DFU reports success, and nothing changes",
        .act = "jumps to @",
        .why = "The ROM takes erase and write of a protected sector as done, and does nothing.",
        .fix = "clear the WRPROT bits in the option bytes from 0x1FF80008 on",
        .reference = "ST AN3156, 5.1 and 5.3",
        .repair = REPAIR_WRP,
        .find = write_protected,
    },
    {
        .id = "load-from-zero",
        .title = "a load from address 0 is compiled to a trap",
        .why = "To a C compiler nothing lies at address 0. For a load through a pointer that it "
               "knows to be 0, GCC puts the undefined instruction UDF #255, which is a HardFault.",
        .fix = "read the words at 0x1FF00000 and 0x1FF00004, or compile with "
               "-fno-delete-null-pointer-checks",
        .reference = "GCC, -fdelete-null-pointer-checks and -fisolate-erroneous-paths-dereference",
        .find = load_from_zero,
    },
    {
        .id = "crash",
        .title = "a HardFault on the way to DFU",
        .act = "uses @",
        .why = "The instruction does what the chip answers with HardFault, and it goes no "
               "further.",
        .fix = "see with dfuse sim --trace how it gets there",
        .find = crash,
    },
    {
        .id = "never-jumps",
        .title = "nothing jumps to system memory",
        .act = "reads # at @",
        .why = "The request was made, and no instruction went to 0x1FF00000.",
        .fix = "tell how DFU is asked for: --call FUNCTION, --press PIN, --detach or --uart "
               "TEXT",
        .find = never_jumps,
    },
    {
        .id = "not-asked",
        .title = "nothing that was tried asks for DFU",
        .why = "Of the functions whose name or code tells of DFU, and of the inputs, none has an "
               "effect, and there is no USB device that knows DFU_DETACH.",
        .fix = "tell how DFU is asked for: --call FUNCTION, --press PIN, --detach or --uart TEXT",
        .find = known_to_who_asks,
    },
    {
        .id = "only-the-jump",
        .title = "the jump is right, but nothing that leads to it was found",
        .act = "jumps to @",
        .why = "A function that goes to system memory, or resets, was called from the main loop, "
               "and DFU came. What calls it, and how the chip is then, was not seen.",
        .fix = "tell how DFU is asked for: --call FUNCTION, --press PIN, --detach or --uart TEXT",
        .always = true,
        .find = known_to_who_asks,
    },
    {
        .id = "rom-silent",
        .title = "the ROM runs, and no device appears",
        .act = "jumps to @",
        .why = "The ROM was reached, and nothing known explains why its USB does not work.",
        .fix = "reset first, and jump before clocks and peripherals are set up",
        .find = rom_silent,
    },
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
