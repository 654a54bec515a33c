/* SPDX-License-Identifier: MIT */
/*
 * dfuse: USB firmware update (DFU) on the STM32L072, L073, L082 and L083, from
 * the application, through ST's ROM bootloader, without the BOOT0 pin.
 *
 * Add entry/dfuse.c to the sources and "-T dfuse.ld" to the link, before your
 * own linker script, then
 *
 *     void Reset_Handler(void)             // or SystemInit(), or main():
 *     {                                    // the earlier, the better
 *         dfuse_CheckAndRun();
 *         ...
 *     }
 *
 *     void OnUpdateButton(void)
 *     {
 *         if (dfuse_WhyNot() == DFUSE_READY)
 *             dfuse_RunBootloader();
 *     }
 *
 * THE HIDDEN IMAGE. ROM V4.1 reads word 0 (the initial stack pointer) of both
 * flash banks whenever it starts, also with option bit BFB2 = 0, and jumps
 * straight back to the first bank where that word is an SRAM address. So word
 * 0 of the vector table must be something else, 0xBE00BE00 by custom, and
 * Reset_Handler must load SP itself before it uses the stack, as ST's
 * start-up file for these parts does. In a C vector table write 0xBE00BE00 as
 * its first entry, in ST's assembler file replace ".word _estack" by
 * ".word 0xBE00BE00", or stamp the linked file: "dfuse hide app.elf -o out".
 * Word 0 of bank 2 must not look like an SRAM address either; dfuse.ld and
 * "dfuse hide" watch it. [AN2606 "STM32L07xxx/08xxx"; stackoverflow 42020893]
 *
 * For the host: the ROM enumerates as 0483:df11, and some 150 ms pass from
 * the request until a PC has enumerated it [AN2606 table 229].
 *
 * The library uses no heap, no libc and no initialised data, 512 bytes of
 * flash, at most 100 bytes of stack, and 8 bytes of RAM for the request;
 * built with -DDFUSE_TOKEN_RTC it keeps the request in RTC_BKP0R and BKP1R
 * instead, and takes 560 bytes. None of its functions is re-entrant; call
 * them in Thread mode, privileged.
 */
#ifndef DFUSE_H
#define DFUSE_H

#ifdef __cplusplus
extern "C" {
#endif

/* Word 0 of a hidden image: two BKPT instructions, not an SRAM address. */
#define DFUSE_HIDDEN 0xBE00BE00u

/* Why the ROM would not stay in DFU. */
enum dfuse_Reason {
    DFUSE_READY = 0,         /* nothing is in the way */
    DFUSE_BANK1_VISIBLE = 1, /* word 0 at 0x08000000 is an SRAM address */
    DFUSE_BANK2_VISIBLE = 2, /* word 0 of bank 2 is (192 KB: 0x08018000,
                                128 KB: 0x08010000) */
    DFUSE_NO_ROM_DFU = 3,    /* this part's ROM has no USB DFU: L052, L053,
                                L062, L063, L071, L081 ... */
    DFUSE_RDP_LEVEL_2 = 4,   /* readout protection level 2: the ROM never
                                runs again on this chip */
    DFUSE_NO_LATCH = 5,      /* latched only: a part with one bank, 64 KB */
    DFUSE_LATCH_FAILED = 6,  /* latched only: the option byte did not take
                                the new value */
    DFUSE_NO_RESIDENT = 7    /* dfuse_resident.c only: there is no resident
                                bootloader in front of the application */
};

/*
 * Leaves a request and resets the chip. The next dfuse_CheckAndRun() hands
 * over to the ROM, once: a later reset runs the application again.
 *
 * When: at any time, interrupts on or off, handlers included.
 * Changes: the request token; then everything a system reset changes.
 * Time: microseconds; it does not return.
 * Goes wrong: with a visible image on ROM V4.1, and whatever else
 * dfuse_WhyNot() names, the application starts again instead of the ROM.
 * After a power cut during the download the old application is gone and a
 * reset does not lead to DFU: where that matters use the latched variant.
 */
void dfuse_RunBootloader(void) __attribute__((noreturn));

/*
 * Latches DFU: sets option bit BFB2 and reloads the option bytes (a reset).
 * From then on the hardware itself starts the ROM after every reset and every
 * power-up, no bank is visible to it, and it stays in DFU, until a new
 * application runs and its dfuse_CheckAndRun() clears BFB2. BFB2 belongs to
 * the library then: not for products that use dual-bank boot themselves.
 * [RM0376 "Boot configuration"; AN2606 table 2, pattern 7]
 *
 * When: in Thread mode, with the flash interface idle and its PECR as after
 * reset, but for its locks; no interrupt handler may use it meanwhile.
 * Changes: option bytes at 0x1FF80004; nothing when it returns.
 * Time: two flash operations, 6.4 ms, during which the CPU mostly stalls.
 * Returns: only when it cannot be done, with the reason. The option bytes are
 * then as before; after DFUSE_LATCH_FAILED the flash interface is locked.
 * Goes wrong: a new application without dfuse_CheckAndRun() never clears the
 * latch: it runs when the host says "leave", and DFU is back at each reset.
 * A ROM that refuses to start a hidden image would reset at "leave" and be in
 * DFU again; then the host clears BFB2 (docs/hidden-image.md).
 */
enum dfuse_Reason dfuse_RunBootloaderLatched(void);

/*
 * To be called once in each start: from Reset_Handler (SP loaded; .data and
 * .bss need not exist yet), from SystemInit, or first thing in main().
 *
 * No request: returns at once, and has changed nothing.
 * Request: consumes it. If the ROM would stay (dfuse_WhyNot()), stops
 * SysTick, interrupts, MPU and PLL, resets all peripherals (the USB pull-up
 * drops, for at least 10 ms), puts the clock back to MSI 2.1 MHz, VTOR to 0,
 * maps system memory at 0, and jumps to the ROM with the ROM's stack. If the
 * ROM would bounce, returns: the application goes on.
 * Latch set: clears BFB2, which takes 6.4 ms and ends in a reset.
 *
 * Changes: on the way to the ROM everything except the RTC domain (backup
 * registers, LSE, LSI), EXTI_IMR, whose reset value ST's own files disagree
 * on (its edge selections are cleared), and a running IWDG, which nothing can
 * stop; the ROM slows and feeds it [AN2606 "IWDG"].
 * Time: some 40 cycles without a request; 10 ms with one.
 */
void dfuse_CheckAndRun(void);

/*
 * Tells why the ROM would not stay in DFU, or DFUSE_READY. Reads word 0 of
 * both banks, the option bytes, the device ID and the ROM's version byte
 * (0x1FF01FFE); ROM V4.0 checks no banks, so there a visible image is ready.
 * Not covered: a host-side cause, and readout protection level 1, under which
 * DFU appears but only accepts "read unprotect", which erases the chip.
 *
 * When: always. Changes: switches the clock of DBGMCU on, and leaves it on
 * (RCC_APB2ENR.DBGEN). Time: some 70 cycles.
 */
enum dfuse_Reason dfuse_WhyNot(void);

/*
 * A sentence for each reason, constant, without a newline; never NULL.
 * In an object of its own, entry/dfuse_text.c: link it only if you print it.
 */
const char *dfuse_ReasonText(enum dfuse_Reason reason);

#ifdef __cplusplus
}
#endif

#endif
