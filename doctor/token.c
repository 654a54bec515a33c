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

bool token_is_magic(uint32_t value)
{
    uint32_t top = value >> 24;
    return top > 1 && top != 0x08 && top != 0x1F && top != 0x20 && top != 0x40 && top != 0x50 &&
           top != 0xE0 && value >> 16 != 0xFFFF;
}

/* ---- Before the reset ------------------------------------------------------------------------ */

/* Where a word goes for which there is no room: over the oldest that is no magic number. */
static struct token_word *room(struct token_words *words)
{
    unsigned oldest = 0;
    if (words->count < TOKEN_WORDS)
        return &words->word[words->count++];
    while (oldest < TOKEN_WORDS - 1 && token_is_magic(words->word[oldest].store.value))
        oldest++;
    for (unsigned i = oldest; i < TOKEN_WORDS - 1; i++)
        words->word[i] = words->word[i + 1];
    return &words->word[TOKEN_WORDS - 1];
}

static void remember(struct watch *w, uint32_t pc, uint32_t address)
{
    struct token_words *words = &w->words;
    struct fact store = {true, l072_now(w->board), pc, address, chip_word(w->board, address)};
    struct token_word *word = NULL;
    for (unsigned i = 0; i < words->count; i++)
        if (words->word[i].store.address == address)
            word = &words->word[i];
    *(word ? word : room(words)) = (struct token_word){.store = store};
}

static void before_reset(struct watch *w, const struct thumb *t, uint32_t pc)
{
    uint32_t first = t->address & ~3u, count = (t->address % 4 + t->size + 3) / 4;
    for (uint32_t i = 0; i < count; i++)
        if (token_may_be(first + 4 * i) && !t->stack)
            remember(w, pc, first + 4 * i);
    if (token_is_backup(t->address) && chip_word(w->board, t->address) != t->value)
        watch_note(w, &w->evidence.not_stored, pc, t->address, t->value);
}

/* ---- After the reset ------------------------------------------------------------------------- */

static bool covers(const struct thumb *t, uint32_t address)
{
    return (t->address & ~3u) <= address && address < t->address + t->size;
}

static bool on_stack(const struct watch *w, uint32_t address)
{
    return chip_is_sram(address) && address >= l072_register(w->board, SP) &&
           address < w->stack_top;
}

static void look_for_loss(struct watch *w, struct token_word *word, const struct thumb *t,
                          uint32_t pc)
{
    uint32_t address = word->store.address, value = chip_word(w->board, address);
    bool repaired =
        address == w->token_address || (token_is_magic(word->store.value) && !word->lost_to_stack);
    word->initialised |= value == word->store.value && !word->lost.seen && t->kind == THUMB_STORE &&
                         covers(t, address);
    if (value == word->store.value || word->read.seen)
        return;
    if (!word->lost.seen)
        word->lost_to_stack = t->stack || on_stack(w, address);
    watch_note(w, &word->lost, pc, address, value);
    if (w->repairs & REPAIR_TOKEN && repaired) /* is SRAM: it was lost */
        (void)l072_write(w->board, address, 4, word->store.value);
}

static void after_reset(struct watch *w, const struct thumb *t, uint32_t pc, bool exception)
{
    if (!exception && t->kind != THUMB_STORE && t->kind != THUMB_LOAD)
        return;
    for (unsigned i = 0; i < w->words.count; i++) {
        struct token_word *word = &w->words.word[i];
        bool covered = covers(t, word->store.address);
        if (exception || (t->kind == THUMB_STORE && covered))
            look_for_loss(w, word, t, pc);
        if (t->kind == THUMB_LOAD && covered)
            watch_note(w, &word->read, pc, word->store.address,
                       chip_word(w->board, word->store.address));
    }
}

void token_follow(struct watch *w, const struct thumb *t, uint32_t pc, bool exception)
{
    if (!w->asked || w->evidence.jump.seen)
        return;
    if (w->evidence.reset.seen)
        after_reset(w, t, pc, exception);
    else if (t->kind == THUMB_STORE)
        before_reset(w, t, pc);
}

/* ---- Which of them it is --------------------------------------------------------------------- */

/* How much a word looks like the token: start-up code reads it as it was stored, or what has become
 * of it, or not at all; a magic number more than another. 0: it is none. */
static unsigned likeness(const struct token_word *word)
{
    unsigned magic = token_is_magic(word->store.value);
    if (!word->store.value || word->initialised)
        return 0;
    if (word->read.seen && !word->lost.seen)
        return 6 + magic;
    if (word->read.seen)
        return magic ? 5 : 2;
    if (!magic)
        return 1;
    return word->lost.seen ? 3 : 4;
}

/* Of two that are alike, the one that was read first, or else stored last. */
static bool is_likelier(const struct token_word *a, const struct token_word *b)
{
    if (!b || likeness(a) != likeness(b))
        return !b || likeness(a) > likeness(b);
    return a->read.seen ? a->read.time < b->read.time : a->store.time > b->store.time;
}

void token_conclude(struct watch *w)
{
    struct evidence *e = &w->evidence;
    const struct token_word *token = NULL;
    for (unsigned i = 0; i < w->words.count; i++)
        if (likeness(&w->words.word[i]) && is_likelier(&w->words.word[i], token))
            token = &w->words.word[i];
    if (!token || !e->reset.seen)
        return;
    e->token = token->store;
    e->token_lost = token->lost;
    e->token_lost_to_stack = token->lost_to_stack;
    if (!token->lost.seen)
        e->token_read = token->read;
}
