/* SPDX-License-Identifier: MIT */
/*
 * The bus: what answers at which address, with which access widths, behind which clock enable.
 *
 * Peripherals are one file each, with the same four functions:
 *   void     X_reset(struct board *b);                  system reset
 *   uint32_t X_read(struct board *b, uint32_t offset);  offset is a multiple of 4
 *   void     X_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask);
 *   void     X_event(struct board *b);                  when its event is due
 * A narrow write arrives with value and mask shifted into its byte lanes: keep the bits outside
 * `mask` unless the register says otherwise. A narrow read takes its lanes from X_read's word.
 * Offsets with no register: call bus_no_register() and read as 0.
 */
#ifndef SIM_BUS_H
#define SIM_BUS_H

#include <stdbool.h>
#include <stdint.h>

struct board;

/* Aligned accesses by the CPU, `size` 1, 2 or 4 bytes. They add their wait states and stalls to
 * time.cycles. False: bus fault (the caller raises HardFault). */
bool bus_read(struct board *b, uint32_t address, unsigned size, uint32_t *value);
bool bus_write(struct board *b, uint32_t address, unsigned size, uint32_t value);

/*
 * Instruction fetch. The CPU reads opcodes straight from the window while the address is inside
 * it; bus_open_window() moves the window to `address`, or returns false: bus fault, or the wait for
 * the flash was abandoned.
 * Whatever changes what a fetch sees (boot alias, bank swap, a flash operation that starts or
 * ends, ACR) calls bus_close_window().
 */
struct fetch_window {
    uint32_t base;   /* first address */
    uint32_t size;   /* bytes; 0: closed */
    uint32_t memory; /* offset of its bytes in struct board */
    uint32_t wait;   /* extra cycles for a word that was not prefetched */
    bool prefetch;   /* the next word in sequence costs nothing extra */
    uint8_t region;  /* enum bus_region */
    bool in_rom;     /* execution last entered flash or system memory: the latter */
};
enum bus_region {
    REGION_NONE,
    REGION_FLASH,
    REGION_EEPROM,
    REGION_ROM,
    REGION_SRAM,
    REGION_OPTION
};
bool bus_open_window(struct board *b, uint32_t address);
void bus_close_window(struct board *b);

/* Host access to memory without time or side effects; false outside memory. */
uint8_t *bus_memory(struct board *b, uint32_t address, uint32_t size);

/* Aligned accesses by DMA1, without time. False: transfer error. Simplified: it writes the SRAM and
 * peripherals only, and reads the flash whatever runs there. */
bool bus_dma_read(struct board *b, uint32_t address, unsigned size, uint32_t *value);
bool bus_dma_write(struct board *b, uint32_t address, unsigned size, uint32_t value);

/* The access of a debugger: as the CPU's, without time, and false where that would be a complaint,
 * which is not made. */
bool bus_debug_read(struct board *b, uint32_t address, unsigned size, uint32_t *value);
bool bus_debug_write(struct board *b, uint32_t address, unsigned size, uint32_t value);

/* For peripherals: the bits of `mask` in a register take those of `value`. */
static inline void bus_merge(uint32_t *reg, uint32_t value, uint32_t mask)
{
    *reg = (*reg & ~mask) | (value & mask);
}

/* For peripherals: "USB_CNTR+0x64 is not a register". Complains with L072_STOP_NOT_MODELLED. */
void bus_no_register(struct board *b, const char *peripheral, uint32_t offset);

#endif
