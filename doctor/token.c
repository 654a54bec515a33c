/* SPDX-License-Identifier: MIT */
#include "token.h"

#define RTC_BKP0R   0x40002850u
#define RTC_BKP_END 0x40002864u
#define EEPROM      0x08080000u
#define EEPROM_END  0x08081800u

bool token_is_backup(uint32_t address)
{
    return address >= RTC_BKP0R && address < RTC_BKP_END;
}

bool token_may_be(uint32_t address)
{
    return chip_is_sram(address) || (address >= EEPROM && address < EEPROM_END) ||
           token_is_backup(address);
}

/* ---- Before the reset ------------------------------------------------------------------------ */

/* A magic number is neither small, as a counter is, nor an address. */
static bool looks_magic(uint32_t value)
{
    uint32_t high = value >> 16;
    return high != 0 && high != 0x2000 && (high < 0x0800 || high > 0x0803);
}

/* The i-th candidate of a kind, the latest first; NULL past the end. */
static struct fact *candidate(struct watch *w, bool magic, unsigned i)
{
    if (i >= w->candidates[magic] || i >= WATCH_CANDIDATES)
        return NULL;
    return &w->candidate[magic][(w->candidates[magic] - 1 - i) % WATCH_CANDIDATES];
}

static void remember(struct watch *w, uint32_t pc, uint32_t address)
{
    struct fact store = {true, l072_now(w->board), pc, address, chip_word(w->board, address)}, *c;
    bool magic = looks_magic(store.value);
    for (unsigned i = 0; (c = candidate(w, magic, i)); i++)
        if (c->address == address) {
            *c = store;
            return;
        }
    w->candidate[magic][w->candidates[magic]++ % WATCH_CANDIDATES] = store;
}

static void follow_store(struct watch *w, const struct thumb *t, uint32_t pc)
{
    uint32_t first = t->address & ~3u, words = (t->address % 4 + t->size + 3) / 4;
    if (w->evidence.reset.seen || w->evidence.jump.seen || !w->asked)
        return;
    for (uint32_t i = 0; i < words; i++)
        if (token_may_be(first + 4 * i) && !t->stack)
            remember(w, pc, first + 4 * i);
    if (token_is_backup(t->address) && chip_word(w->board, t->address) != t->value)
        watch_note(w, &w->evidence.not_stored, pc, t->address, t->value);
}

void token_choose(struct watch *w)
{
    struct fact *token = &w->evidence.token, *c;
    for (int magic = 1; magic >= 0; magic--)
        for (unsigned i = 0; (c = candidate(w, magic, i)); i++)
            if (!token->seen && chip_word(w->board, c->address) == c->value)
                *token = *c;
}

/* ---- After the reset ------------------------------------------------------------------------- */

static bool covers(const struct thumb *t, uint32_t address)
{
    return (t->address & ~3u) <= address && address < t->address + t->size;
}

/* What start-up code looks at, and is as it was left before the reset, is more likely the token
 * than the last store of all. */
static void correct(struct watch *w, const struct thumb *t)
{
    struct fact *token = &w->evidence.token, *c;
    for (unsigned i = 0; !looks_magic(token->value) && (c = candidate(w, false, i)); i++)
        if (covers(t, c->address) && c->value == chip_word(w->board, c->address)) {
            *token = *c;
            return;
        }
}

static bool on_stack(const struct watch *w, uint32_t address)
{
    return chip_is_sram(address) && address >= l072_register(w->board, SP) &&
           address < w->stack_top;
}

/* What came of the token after the reset. The token is put back until something reads it. */
static void follow_after_reset(struct watch *w, const struct thumb *t, uint32_t pc)
{
    struct evidence *e = &w->evidence;
    if (!e->reset.seen || !e->token.seen || e->token_read.seen || e->jump.seen)
        return;
    uint32_t address = e->token.address, value = chip_word(w->board, address);
    if (t->kind == THUMB_LOAD)
        correct(w, t);
    if (t->kind == THUMB_LOAD && covers(t, e->token.address)) {
        watch_note(w, &e->token_read, pc, e->token.address, value);
    } else if (value != e->token.value) {
        if (!e->token_lost.seen)
            e->token_lost_to_stack = t->stack || on_stack(w, address);
        watch_note(w, &e->token_lost, pc, address, value);
        if (w->repairs & REPAIR_TOKEN && address == w->token_address)
            (void)l072_write(w->board, address, 4, e->token.value); /* is SRAM: it was lost */
    }
}

void token_follow(struct watch *w, const struct thumb *t, uint32_t pc)
{
    if (t->kind == THUMB_STORE)
        follow_store(w, t, pc);
    follow_after_reset(w, t, pc);
}
