/* SPDX-License-Identifier: MIT */
/*
 * Simplified: a calculation takes no time; REV_IN reverses at most as many bits as are written.
 * Unconfirmed, and how it is read here:
 * - A word takes 4, a half-word 2, a byte 1 cycle of HCLK on the chip: none here.
 */
#include "board.h"

enum { CRC_DR = 0x00, CRC_IDR = 0x04, CRC_CR = 0x08, CRC_INIT = 0x10, CRC_POL = 0x14 };
enum { CR_RESET = 0x01, CR_WRITE = 0xF8, CR_REV_OUT = 0x80 };

static unsigned size_bits(const struct crc *c)
{
    static const uint8_t size[4] = {32, 16, 8, 7}; /* CR.POLYSIZE */

    return size[c->cr >> 3 & 3];
}

static uint32_t ones(unsigned width)
{
    return UINT32_MAX >> (32 - width);
}

/* The bits of `value`, of which `width` count, reversed within each group of `group` bits. */
static uint32_t reverse(uint32_t value, unsigned width, unsigned group)
{
    uint32_t reversed = 0;

    for (unsigned i = 0; i < width; i++)
        if (value >> i & 1)
            reversed |= UINT32_C(1) << (i - i % group + (group - 1 - i % group));
    return reversed;
}

/* Most significant bit first (RM0376 CRC functional description). */
static void feed(struct crc *c, uint32_t value, unsigned width)
{
    static const uint8_t groups[4] = {1, 8, 16, 32}; /* CR.REV_IN; 1: as it is */
    unsigned group = groups[c->cr >> 5 & 3], size = size_bits(c);

    value = reverse(value, width, group < width ? group : width);
    while (width--) {
        uint32_t top = (c->remainder >> (size - 1) ^ value >> width) & 1;

        c->remainder = (c->remainder << 1 ^ (top ? c->pol : 0)) & ones(size);
    }
}

/* DR takes right-aligned bytes and half-words (RM0376 CRC registers). */
static void write_dr(struct board *b, uint32_t value, uint32_t mask)
{
    switch (mask) {
    case 0xFF: feed(&b->crc, value, 8); break;
    case 0xFFFF: feed(&b->crc, value, 16); break;
    case UINT32_MAX: feed(&b->crc, value, 32); break;
    default:
        board_complain(b, L072_STOP_WIDTH, 0,
                       "CRC_DR is written beside its lowest byte: write to the register's address");
        break;
    }
}

/* CR.RESET, and a write of INIT too (RM0376 CRC functional description). */
static void initialise(struct crc *c)
{
    c->remainder = c->init & ones(size_bits(c));
}

static void write_cr(struct crc *c, uint32_t value, uint32_t mask)
{
    bus_merge(&c->cr, value, mask & CR_WRITE);
    c->remainder &= ones(size_bits(c));
    if (value & mask & CR_RESET)
        initialise(c);
}

static void write_pol(struct board *b, uint32_t value, uint32_t mask)
{
    bus_merge(&b->crc.pol, value, mask);
    if (!(b->crc.pol & 1))
        board_complain(b, L072_STOP_RULE, 0, "CRC_POL is even: the chip supports odd ones only");
}

void crc_reset(struct board *b)
{
    b->crc = (struct crc){.remainder = UINT32_MAX, .init = UINT32_MAX, .pol = 0x04C11DB7};
}

uint32_t crc_read(struct board *b, uint32_t offset)
{
    const struct crc *c = &b->crc;
    unsigned size = size_bits(c);

    switch (offset) {
    case CRC_DR: return c->cr & CR_REV_OUT ? reverse(c->remainder, size, size) : c->remainder;
    case CRC_IDR: return c->idr;
    case CRC_CR: return c->cr;
    case CRC_INIT: return c->init;
    case CRC_POL: return c->pol;
    default: bus_no_register(b, "CRC", offset); return 0;
    }
}

void crc_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask)
{
    struct crc *c = &b->crc;

    switch (offset) {
    case CRC_DR: write_dr(b, value, mask); break;
    case CRC_IDR: bus_merge(&c->idr, value, mask & 0xFF); break;
    case CRC_CR: write_cr(c, value, mask); break;
    case CRC_INIT:
        bus_merge(&c->init, value, mask);
        initialise(c);
        break;
    case CRC_POL: write_pol(b, value, mask); break;
    default: bus_no_register(b, "CRC", offset); break;
    }
}
