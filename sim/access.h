/* SPDX-License-Identifier: MIT */
/*
 * How the core reaches memory: instructions through a window on what it executes from, data in
 * SRAM directly, all else over the bus. What fails has raised its fault.
 */
#ifndef SIM_ACCESS_H
#define SIM_ACCESS_H

#include <string.h>

#include "core.h"

#define SRAM_BASE 0x20000000u

static inline bool open_window(struct board *b, uint32_t address)
{
    if (bus_open_window(b, address) && !exception_abandoned(b))
        return true;
    exception_fault(b);
    return false;
}

static inline bool fetch(struct board *b, uint32_t address, uint32_t *half)
{
    struct cpu *c = &b->cpu;
    uint32_t word = address & ~3u;

    if (address - c->window.base >= c->window.size && !open_window(b, address))
        return false;
    if (word != c->last_word) {
        if (!c->window.prefetch || word != c->last_word + 4)
            b->time.cycles += c->window.wait;
        c->last_word = word;
    }
    uint16_t value;
    memcpy(&value, (const uint8_t *)b + c->window.memory + (address - c->window.base), 2);
    *half = value;
    return true;
}

/* What the core itself refuses, before the bus sees it. */
static inline bool refused(struct board *b, uint32_t address, unsigned size)
{
    if (address & (size - 1))
        board_complain(b, L072_STOP_MISALIGNED, address,
                       "%u-byte access to 0x%08X: the Cortex-M0+ has no unaligned access", size,
                       address);
    else if (core_unprivileged(&b->cpu) && address >= 0xE0000000)
        board_complain(b, L072_STOP_RULE, address,
                       "unprivileged access to 0x%08X, a system control register", address);
    else
        return false;
    return true;
}

static inline bool read_bus(struct board *b, uint32_t address, unsigned size, uint32_t *value)
{
    uint32_t read;

    if (refused(b, address, size) || !bus_read(b, address, size, &read) || exception_abandoned(b)) {
        exception_fault(b);
        return false;
    }
    *value = read;
    return true;
}

static inline bool write_bus(struct board *b, uint32_t address, unsigned size, uint32_t value)
{
    if (refused(b, address, size) || !bus_write(b, address, size, value) ||
        exception_abandoned(b)) {
        exception_fault(b);
        return false;
    }
    return true;
}

static inline bool in_sram(const struct board *b, uint32_t address, unsigned size)
{
    return address - SRAM_BASE < b->part.sram_size && !(address & (size - 1));
}

/* A word or the low part of it, as the little-endian host has it; *value is kept on a fault. */
static inline bool read_data(struct board *b, uint32_t address, unsigned size, uint32_t *value)
{
    if (!in_sram(b, address, size))
        return read_bus(b, address, size, value);
    *value = 0;
    memcpy(value, b->sram + (address - SRAM_BASE), size);
    return true;
}

static inline bool write_data(struct board *b, uint32_t address, unsigned size, uint32_t value)
{
    if (!in_sram(b, address, size))
        return write_bus(b, address, size, value);
    memcpy(b->sram + (address - SRAM_BASE), &value, size);
    return true;
}

/* The second cycle of a single load or store; the IOPORT (0x5xxxxxxx) has none. */
static inline void data_cycle(struct board *b, uint32_t address)
{
    b->time.cycles += address >> 28 != 5;
}

static inline bool load(struct board *b, uint32_t address, unsigned size, uint32_t *value)
{
    data_cycle(b, address);
    return read_data(b, address, size, value);
}

static inline void store(struct board *b, uint32_t address, unsigned size, uint32_t value)
{
    data_cycle(b, address);
    write_data(b, address, size, value);
}

#endif
