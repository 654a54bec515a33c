/* SPDX-License-Identifier: MIT */
/*
 * Not modelled / simplified:
 * - The mass erase of RDP level 1 -> 0 takes no time and cannot be cut.
 * - Factory calibration values read as 0.
 * Unconfirmed, and how it is read here:
 * - A mismatch spoils the field it is in, not the whole word. The defaults of RDP, WPRMOD and
 *   WRPROT are those of RM0367 3.8.2; the other fields load their factory values.
 * - Software cannot shrink PCROP (RM0367 3.4.4): such a store is refused, with WRPERR.
 */
#include "board.h"

#include <string.h>

#define USER_OPTIONS 0x20 /* bytes that software can program; the factory's are behind them */
#define OPTION_WORDS 5
#define SECTOR_SIZE  4096u

#define OPTR_RDPROT     0xFFu
#define OPTR_WPRMOD     (1u << 8)
#define OPTR_WDG_SW     (1u << 20)
#define OPTR_nRST_STOP  (1u << 21)
#define OPTR_nRST_STDBY (1u << 22)
#define OPTR_BFB2       (1u << 23)
#define OPTR_NBOOT1     (1u << 31)
#define RDP_LEVEL_0     0xAAu
#define RDP_LEVEL_2     0xCCu
#define FACTORY_OPTR    0x807000AAu

/* RM0376 FLASH_OPTR; `mismatch` is what loads when a bit differs from its complement. */
static const struct field {
    char name[12];
    uint8_t shift, width;
    uint8_t mismatch;
} fields[] = {
    {"RDP",        0,  8, 0x00}, /* level 1 */
    {"WPRMOD",     8,  1, 1   }, /* PCROP */
    {"BOR_LEV",    16, 4, 0   },
    {"WDG_SW",     20, 1, 1   },
    {"nRST_STOP",  21, 1, 1   },
    {"nRST_STDBY", 22, 1, 1   },
    {"BFB2",       23, 1, 0   },
    {"nBOOT1",     31, 1, 1   },
};
#define FIELDS (sizeof fields / sizeof fields[0])

/* What is at which offset of the option area besides zeros. */
static const struct {
    uint8_t offset;
    uint32_t value;
} factory[] = {
    {0x00, 0xFF5500AA}, /* FLASH_OPTR[15:0] */
    {0x04, 0x7F8F8070}, /* FLASH_OPTR[31:16] */
    {0x08, 0xFFFF0000}, /* WRPROT, sectors 0-15 */
    {0x0C, 0xFFFF0000}, /* sectors 16-31 */
    {0x10, 0xFFFF0000}, /* sectors 32-47 */
    {0x50, 0x20343711}, /* UID: lot and wafer */
    {0x54, 0x36383356}, /* UID: lot */
    {0x58, 0x12473430}, /* no part of the UID, but ST's ROM makes its USB serial number of it */
    {0x64, 0x00230041}, /* UID: position */
};
#define FLASH_SIZE_KB 0x7C

static uint32_t get_word(const uint8_t *option, uint32_t offset)
{
    uint32_t word;

    memcpy(&word, &option[offset], sizeof word);
    return word;
}

static void put_word(uint8_t *option, uint32_t offset, uint32_t word)
{
    memcpy(&option[offset], &word, sizeof word);
}

static uint32_t with_complement(uint32_t half)
{
    return ~half << 16 | half;
}

/* Bits of the lower half that differ from what the upper half says. */
static uint32_t mismatch(uint32_t word)
{
    return ~(word >> 16 ^ word) & 0xFFFF;
}

static uint32_t field_mask(const struct field *field)
{
    return ((1u << field->width) - 1) << field->shift;
}

void options_factory(struct board *b)
{
    memset(b->option, 0, sizeof b->option);
    for (unsigned i = 0; i < sizeof factory / sizeof factory[0]; i++)
        put_word(b->option, factory[i].offset, factory[i].value);
    put_word(b->option, FLASH_SIZE_KB, b->part.flash_size / 1024);
    b->flash.optr = FACTORY_OPTR;
}

int options_set_field(uint8_t option[128], const char *name, uint32_t value)
{
    for (const struct field *field = fields; field < fields + FIELDS; field++) {
        uint32_t offset = field->shift / 16 * 4, shift = field->shift % 16;
        uint32_t half = get_word(option, offset) & 0xFFFF;

        if (strcmp(name, field->name) != 0)
            continue;
        if (value >> field->width)
            return L072_ERR_VALUE;
        half &= ~(field_mask(field) >> (field->shift - shift));
        put_word(option, offset, with_complement(half | value << shift));
        return 0;
    }
    return L072_ERR_NAME;
}

/* ---- Loading --------------------------------------------------------------------------------- */

static uint32_t load_optr(struct board *b)
{
    uint32_t low = get_word(b->option, 0), high = get_word(b->option, 4);
    uint32_t stored = (low & 0xFFFF) | high << 16;
    uint32_t wrong = mismatch(low) | mismatch(high) << 16;
    uint32_t optr = 0;

    if (wrong)
        b->flash.sr |= FLASH_SR_OPTVERR;
    for (const struct field *field = fields; field < fields + FIELDS; field++) {
        uint32_t mask = field_mask(field);

        optr |= (wrong & mask) ? (uint32_t)field->mismatch << field->shift : stored & mask;
    }
    return optr;
}

/* A mismatch protects all sectors of the word: 1 in write protection, 0 in PCROP. */
static uint32_t load_wrprot(struct board *b, unsigned word)
{
    uint32_t stored = get_word(b->option, 4 * word);

    if (mismatch(get_word(b->option, 0)) & OPTR_WPRMOD)
        return 0;
    if (!mismatch(stored))
        return stored & 0xFFFF;
    b->flash.sr |= FLASH_SR_OPTVERR;
    return (b->flash.optr & OPTR_WPRMOD) ? 0 : 0xFFFF;
}

/* Leaves the WRPROT words alone (RM0367 3.4.4). */
static void mass_erase(struct board *b)
{
    uint32_t half = get_word(b->option, 0) & 0xFFFF & ~OPTR_WPRMOD;

    memset(b->flash_mem, 0, sizeof b->flash_mem);
    memset(b->eeprom, 0, sizeof b->eeprom);
    put_word(b->option, 0, with_complement(half));
    b->flash.optr &= ~OPTR_WPRMOD;
}

void flash_load_options(struct board *b)
{
    unsigned level = flash_rdp_level(b);

    b->flash.optr = load_optr(b);
    if (level == 1 && flash_rdp_level(b) == 0)
        mass_erase(b);
    b->flash.wrprot1 = load_wrprot(b, 2) | load_wrprot(b, 3) << 16;
    b->flash.wrprot2 = load_wrprot(b, 4);
}

/* ---- What the loaded options mean ------------------------------------------------------------ */

uint32_t flash_optr(const struct board *b)
{
    return b->flash.optr;
}

bool flash_option_bfb2(const struct board *b)
{
    return b->flash.optr & OPTR_BFB2;
}

bool flash_option_nboot1(const struct board *b)
{
    return b->flash.optr & OPTR_NBOOT1;
}

bool flash_option_wdg_sw(const struct board *b)
{
    return b->flash.optr & OPTR_WDG_SW;
}

bool flash_option_low_power_reset(const struct board *b, bool standby)
{
    return !(b->flash.optr & (standby ? OPTR_nRST_STDBY : OPTR_nRST_STOP));
}

unsigned flash_rdp_level(const struct board *b)
{
    switch (b->flash.optr & OPTR_RDPROT) {
    case RDP_LEVEL_0: return 0;
    case RDP_LEVEL_2: return 2;
    default: return 1;
    }
}

/* WPRMOD turns the meaning of the bits round: 1 is write-protected, or 0 is PCROP. */
bool options_write_protected(const struct board *b, uint32_t offset)
{
    const struct flash *f = &b->flash;
    uint32_t sector = offset / SECTOR_SIZE;
    uint32_t bit = sector < 32 ? f->wrprot1 >> sector : f->wrprot2 >> (sector - 32);

    bool pcrop = f->optr & OPTR_WPRMOD;

    return (bit & 1) != pcrop;
}

bool options_read_protected(const struct board *b, uint32_t offset)
{
    return b->flash.optr & OPTR_WPRMOD && options_write_protected(b, offset);
}

/* PCROP can grow; only a mass erase, asked for by RDP level 1 -> 0, removes it. */
static bool shrinks_pcrop(const struct board *b, uint32_t offset, uint32_t value)
{
    bool unprotects = flash_rdp_level(b) == 1 && (value & OPTR_RDPROT) == RDP_LEVEL_0;

    if (!(b->flash.optr & OPTR_WPRMOD) || offset == 4 || offset >= 4 * OPTION_WORDS)
        return false;
    if (offset == 0)
        return !(value & OPTR_WPRMOD) && !unprotects;
    return value & ~get_word(b->option, offset) & 0xFFFF;
}

const char *options_refusal(const struct board *b, uint32_t offset, uint32_t value)
{
    if (offset >= USER_OPTIONS)
        return "store to the factory option bytes, which are read-only";
    if (flash_rdp_level(b) == 2)
        return "store to the option bytes, which RDP level 2 freezes for good";
    if (shrinks_pcrop(b, offset, value))
        return "store to the option bytes that would take sectors out of PCROP (WPRMOD=1)";
    return NULL;
}

bool options_word_valid(uint32_t offset, uint32_t value)
{
    return offset >= 4 * OPTION_WORDS || mismatch(value) == 0;
}
