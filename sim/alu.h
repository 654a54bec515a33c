/* SPDX-License-Identifier: MIT */
/* Arithmetic with flags, as the pseudocode of ARM DDI 0419 has it. */
#ifndef SIM_ALU_H
#define SIM_ALU_H

#include "cpu.h"

static inline uint32_t nz(struct cpu *c, uint32_t value)
{
    c->n = value >> 31;
    c->z = value == 0;
    return value;
}

/* x + y + carry with all flags; a subtraction adds the complement with carry 1. */
static inline uint32_t add(struct cpu *c, uint32_t x, uint32_t y, uint32_t carry)
{
    uint64_t wide = (uint64_t)x + y + carry;
    uint32_t sum = (uint32_t)wide;

    c->c = wide >> 32;
    c->v = ((x ^ sum) & (y ^ sum)) >> 31;
    return nz(c, sum);
}

/* Shifts by 0 to 255, as the register forms do; by 0 the carry stays. */
static inline uint32_t lsl(struct cpu *c, uint32_t x, uint32_t by)
{
    uint64_t wide = by <= 32 ? (uint64_t)x << by : 0;

    if (by)
        c->c = wide >> 32 & 1;
    return nz(c, (uint32_t)wide);
}

static inline uint32_t lsr(struct cpu *c, uint32_t x, uint32_t by)
{
    if (by)
        c->c = by <= 32 && (x >> (by - 1) & 1);
    return nz(c, by < 32 ? x >> by : 0);
}

static inline uint32_t asr(struct cpu *c, uint32_t x, uint32_t by)
{
    int64_t wide = (int32_t)x;

    if (by > 32)
        by = 32;
    if (by)
        c->c = wide >> (by - 1) & 1;
    return nz(c, (uint32_t)(wide >> by));
}

static inline uint32_t ror(struct cpu *c, uint32_t x, uint32_t by)
{
    uint32_t turned = by & 31 ? x >> (by & 31) | x << (32 - (by & 31)) : x;

    if (by)
        c->c = turned >> 31;
    return nz(c, turned);
}

static inline uint32_t sign8(uint32_t x)
{
    return (uint32_t)(int8_t)x;
}

static inline uint32_t sign16(uint32_t x)
{
    return (uint32_t)(int16_t)x;
}

/* Swaps the bytes of both half-words. */
static inline uint32_t rev16(uint32_t x)
{
    return (x & 0x00FF00FF) << 8 | (x >> 8 & 0x00FF00FF);
}

static inline uint32_t rev(uint32_t x)
{
    return rev16(x << 16 | x >> 16);
}

/* Bits 11:8 of B<cond>, below 14. */
static inline bool condition(const struct cpu *c, unsigned code)
{
    bool holds = false;

    switch (code >> 1) {
    case 0: holds = c->z; break;                  /* EQ NE */
    case 1: holds = c->c; break;                  /* CS CC */
    case 2: holds = c->n; break;                  /* MI PL */
    case 3: holds = c->v; break;                  /* VS VC */
    case 4: holds = c->c && !c->z; break;         /* HI LS */
    case 5: holds = c->n == c->v; break;          /* GE LT */
    case 6: holds = c->n == c->v && !c->z; break; /* GT LE */
    }
    return holds != (code & 1);
}

#endif
