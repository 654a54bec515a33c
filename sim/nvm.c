/* SPDX-License-Identifier: MIT */
/*
 * What the CPU's accesses do to the non-volatile memory: operations, stalls, read-while-write.
 *
 * Not modelled / simplified:
 * - Read buffers: every data read costs the wait state of ACR.LATENCY.
 * - System memory belongs to no bank: its code never waits, nor does it abort a half page.
 * - Category 3 parts (L05x) follow the rules of category 5, NZDISABLE and NOTZEROERR included.
 * Unconfirmed, and how it is read here:
 * - After PGAERR or FWWERR, stores are ignored until FPRG and ERASE are cleared.
 * - Bank n of the flash and of the EEPROM are busy together; option bytes keep both busy.
 * - The two halves of a PARALLELBANK operation need not have the same offset in their banks.
 * - In a mode that does not fit (ERASE without PROG or DATA ...), stores end with WRPERR.
 * - RDP level 1 and BOOT0=1: flash and EEPROM read as 0, stores end with WRPERR, code in them runs.
 * - An option word always takes two Tprog: erase and write.
 * - A reset or power cut leaves each bit that was or would become 1 at random, unless l072_fault()
 *   says otherwise.
 * - PECR.FIX works on the EEPROM only. A PARALLELBANK operation takes one Tprog.
 * - Byte and half-word stores to program memory and option bytes set SIZERR; EEPROM takes them.
 */
#include "board.h"

#include <string.h>

#define FLASH_BASE  0x08000000u
#define EEPROM_BASE 0x08080000u
#define OPTION_BASE 0x1FF80000u

#define ALL_BANKS 3u

/* Where an address leads. */
struct target {
    enum nvm_memory memory;
    uint32_t offset;
    uint32_t address;
};

static struct target target_at(uint32_t address)
{
    if (address >= OPTION_BASE)
        return (struct target){NVM_OPTION, address - OPTION_BASE, address};
    if (address >= EEPROM_BASE)
        return (struct target){NVM_EEPROM, address - EEPROM_BASE, address};
    return (struct target){NVM_FLASH, address - FLASH_BASE, address};
}

static uint8_t *bytes_at(struct board *b, enum nvm_memory memory, uint32_t offset)
{
    switch (memory) {
    case NVM_FLASH: return &b->flash_mem[offset];
    case NVM_EEPROM: return &b->eeprom[offset];
    default: return &b->option[offset];
    }
}

/* A set, as bits: bank 1 is bit 0. */
static unsigned banks_of(const struct board *b, enum nvm_memory memory, uint32_t offset)
{
    if (memory == NVM_OPTION || !b->part.bank2)
        return ALL_BANKS;
    return offset < (memory == NVM_FLASH ? b->part.bank2 : b->part.eeprom_size / 2) ? 1 : 2;
}

/* RM0367 table 21: in level 1, what was not booted from flash has no access. */
static bool locked_out(const struct board *b, enum nvm_memory memory)
{
    return memory != NVM_OPTION && flash_rdp_level(b) == 1 && b->boot0;
}

/* Ends an access, and the half page that was being loaded, with an error flag. */
static void refuse(struct board *b, uint32_t address, uint32_t flag, const char *why)
{
    struct flash *f = &b->flash;

    if (f->state == FLASH_LOADING)
        f->state = FLASH_ABANDONED;
    flash_raise(b, flag);
    board_complain(b, L072_STOP_FLASH, address, "%s", why);
}

/* ---- Operations ------------------------------------------------------------------------------ */

/* Starts what the first `changes` entries of change[] describe. */
static void start(struct board *b, unsigned changes, unsigned tprogs)
{
    struct flash *f = &b->flash;

    fault_before_operation(b);
    if (!b->powered || b->reset_request)
        return;
    f->state = FLASH_BUSY;
    f->changes = (uint8_t)changes;
    f->end = time_now(b) + tprogs * FLASH_TPROG;
    f->operations++;
    f->busy_ps += tprogs * FLASH_TPROG;
    event_at(b, EVENT_FLASH, f->end);
    signals_update(b);
    fault_in_operation(b);
    bus_close_window(b);
}

void nvm_finish(struct board *b)
{
    struct flash *f = &b->flash;

    for (unsigned i = 0; i < f->changes; i++) {
        const struct nvm_change *c = &f->change[i];

        memcpy(bytes_at(b, c->memory, c->offset), c->data, c->size);
    }
    f->state = FLASH_IDLE;
    bus_close_window(b);
    signals_update(b);
}

static void randomise(struct board *b, const struct nvm_change *c)
{
    uint8_t *bytes = bytes_at(b, c->memory, c->offset);

    for (uint32_t i = 0; i < c->size; i++)
        bytes[i] = (uint8_t)((bytes[i] | c->data[i]) & board_random(b) >> 24);
}

/* Each bit that changes is chosen as likely as any other to be the one that does not. */
static void change_all_but_one(struct board *b, const struct nvm_change *c)
{
    uint8_t *bytes = bytes_at(b, c->memory, c->offset);
    uint32_t changed = 0, chosen = 0;

    for (uint32_t i = 0; i < 8 * c->size; i++) {
        uint8_t bit = (uint8_t)((bytes[i / 8] ^ c->data[i / 8]) & 1u << i % 8);

        bytes[i / 8] ^= bit;
        if (bit && board_random(b) % ++changed == 0)
            chosen = i;
    }
    if (changed)
        bytes[chosen / 8] ^= (uint8_t)(1u << chosen % 8);
}

static void tear(struct board *b, const struct nvm_change *c)
{
    if (b->faults.torn == L072_TORN)
        randomise(b, c);
    else if (b->faults.torn == L072_TORN_BUT_ONE)
        change_all_but_one(b, c);
}

void nvm_cut(struct board *b)
{
    struct flash *f = &b->flash;

    if (f->state == FLASH_BUSY) {
        f->busy_ps -= f->end - time_now(b);
        for (unsigned i = 0; i < f->changes; i++)
            tear(b, &f->change[i]);
    }
    b->faults.torn = L072_TORN;
    f->state = FLASH_IDLE;
    event_cancel(b, EVENT_FLASH);
    bus_close_window(b);
    signals_update(b);
}

/* Waits on the bus until none of `banks` is busy. False: a stop, a reset or a power cut came first,
 * and the access that waits never happens. */
static bool wait_for(struct board *b, unsigned banks)
{
    struct flash *f = &b->flash;
    unsigned busy = 0;

    if (f->state != FLASH_BUSY)
        return true;
    for (unsigned i = 0; i < f->changes; i++)
        busy |= banks_of(b, f->change[i].memory, f->change[i].offset);
    return !(busy & banks) || time_stall_until(b, f->end);
}

/* ---- Program memory -------------------------------------------------------------------------- */

/* The words to program are 0, or NZDISABLE lets the new bits be added to the old. */
static bool programmable(struct board *b, unsigned changes)
{
    for (unsigned i = 0; i < changes; i++) {
        struct nvm_change *c = &b->flash.change[i];
        const uint8_t *old = bytes_at(b, NVM_FLASH, c->offset);

        for (uint32_t n = 0; n < c->size; n++) {
            if (old[n] && !(b->flash.pecr & FLASH_PECR_NZDISABLE))
                return false;
            c->data[n] |= old[n];
        }
    }
    return true;
}

static void program(struct board *b, uint32_t address, unsigned changes)
{
    if (programmable(b, changes)) {
        start(b, changes, 1);
        return;
    }
    b->flash.state = FLASH_IDLE;
    refuse(b, address, FLASH_SR_NOTZEROERR,
           "program of a word that is not 0 (FLASH_SR.NOTZEROERR): erase its page first");
}

static void program_word(struct board *b, struct target to, uint32_t value)
{
    struct nvm_change *c = &b->flash.change[0];

    *c = (struct nvm_change){NVM_FLASH, to.offset, sizeof value, {0}};
    memcpy(c->data, &value, sizeof value);
    program(b, to.address, 1);
}

/*
 * Why a store cannot be the next of a half page or parallel erase; NULL: it can. The interface
 * counts the words itself: the address may rise or stay (ST HAL writes all to the first).
 */
static const char *misplaced(const struct board *b, uint32_t offset, unsigned bank, unsigned nth)
{
    const struct flash *f = &b->flash;

    if (f->pecr & FLASH_PECR_PARALLELBANK && banks_of(b, NVM_FLASH, offset) != 1u << bank)
        return "PARALLELBANK takes bank 1 first, then bank 2 (FLASH_SR.PGAERR)";
    if (!(f->pecr & FLASH_PECR_FPRG))
        return NULL;
    if (nth == 0 && offset % FLASH_HALF_PAGE)
        return "first word of a half page not aligned to 64 bytes (FLASH_SR.PGAERR)";
    if (nth > 0 && offset - f->change[bank].offset >= FLASH_HALF_PAGE)
        return "store outside the half page that is being loaded (FLASH_SR.PGAERR)";
    return NULL;
}

/* A store with FPRG, or with ERASE, which is a load of one word that does not matter. */
static void load_word(struct board *b, struct target to, uint32_t value)
{
    struct flash *f = &b->flash;
    bool half_page = f->pecr & FLASH_PECR_FPRG;
    unsigned banks = (f->pecr & FLASH_PECR_PARALLELBANK) ? 2 : 1;
    unsigned words = half_page ? FLASH_HALF_PAGE / 4 : 1;
    unsigned taken = f->state == FLASH_LOADING ? f->loaded : 0;
    unsigned bank = taken / words, nth = taken % words;
    uint32_t size = half_page ? FLASH_HALF_PAGE : FLASH_PAGE;
    const char *wrong = misplaced(b, to.offset, bank, nth);

    f->state = FLASH_LOADING;
    if (wrong) {
        refuse(b, to.address, FLASH_SR_PGAERR, wrong);
        return;
    }
    if (nth == 0)
        f->change[bank] = (struct nvm_change){NVM_FLASH, to.offset & ~(size - 1), size, {0}};
    if (half_page)
        memcpy(&f->change[bank].data[4 * nth], &value, sizeof value);
    f->loaded = (uint8_t)(taken + 1);
    bus_close_window(b);
    if (taken + 1 < words * banks)
        return;
    if (half_page)
        program(b, to.address, banks);
    else
        start(b, banks, 1);
}

static void store_flash(struct board *b, struct target to, unsigned size, uint32_t value)
{
    const struct flash *f = &b->flash;
    uint32_t mode = f->pecr & (FLASH_PECR_ERASE | FLASH_PECR_FPRG);

    if (size != 4)
        refuse(b, to.address, FLASH_SR_SIZERR,
               "byte or half-word store to program memory (FLASH_SR.SIZERR): write words");
    else if (!flash_is_open(f, FLASH_LOCK_PRG))
        refuse(b, to.address, FLASH_SR_WRPERR,
               "store to program memory while FLASH_PECR.PRGLOCK=1 (FLASH_SR.WRPERR)");
    else if (options_write_protected(b, to.offset))
        refuse(b, to.address, FLASH_SR_WRPERR,
               "store to a sector that FLASH_WRPROT protects (FLASH_SR.WRPERR)");
    else if (mode && (!(f->pecr & FLASH_PECR_PROG) || mode == (FLASH_PECR_ERASE | FLASH_PECR_FPRG)))
        refuse(b, to.address, FLASH_SR_WRPERR,
               "FLASH_PECR: program memory needs PROG with either ERASE or FPRG");
    else if (f->pecr & FLASH_PECR_PARALLELBANK && (!mode || !b->part.bank2))
        refuse(b, to.address, FLASH_SR_WRPERR,
               "FLASH_PECR.PARALLELBANK needs a part with two banks, and ERASE or FPRG");
    else if (mode)
        load_word(b, to, value);
    else
        program_word(b, to, value);
}

/* ---- EEPROM and option bytes ----------------------------------------------------------------- */

/* Prepares to write bytes of one word: the granularity of erase and ECC is the word. */
static void change_bytes(struct board *b, struct target to, unsigned size, uint32_t value)
{
    struct nvm_change *c = &b->flash.change[0];
    uint32_t word = to.offset & ~3u;

    *c = (struct nvm_change){(uint8_t)to.memory, word, 4, {0}};
    memcpy(c->data, bytes_at(b, to.memory, word), 4);
    memcpy(&c->data[to.offset - word], &value, size);
}

/* RM0377, write to data EEPROM: erases when the old word is not 0, writes when the new is not. */
static void write_eeprom(struct board *b, struct target to, unsigned size, uint32_t value)
{
    static const uint8_t zero[4];
    bool erase, write;

    change_bytes(b, to, size, value);
    erase = memcmp(bytes_at(b, NVM_EEPROM, to.offset & ~3u), zero, sizeof zero) != 0;
    write = memcmp(b->flash.change[0].data, zero, sizeof zero) != 0;
    start(b, 1, (erase && write) || b->flash.pecr & FLASH_PECR_FIX ? 2 : 1);
}

static void erase_eeprom(struct board *b, struct target to)
{
    to.offset &= ~3u;
    change_bytes(b, to, 4, 0);
    start(b, 1, 1);
}

static void store_eeprom(struct board *b, struct target to, unsigned size, uint32_t value)
{
    uint32_t mode = b->flash.pecr & (FLASH_PECR_ERASE | FLASH_PECR_FPRG);

    if (!flash_is_open(&b->flash, FLASH_LOCK_PE))
        refuse(b, to.address, FLASH_SR_WRPERR,
               "store to EEPROM while FLASH_PECR.PELOCK=1 (FLASH_SR.WRPERR)");
    else if (mode & FLASH_PECR_FPRG || (mode && !(b->flash.pecr & FLASH_PECR_DATA)))
        refuse(b, to.address, FLASH_SR_WRPERR,
               "FLASH_PECR: EEPROM takes no FPRG, and ERASE only with DATA");
    else if (mode)
        erase_eeprom(b, to);
    else
        write_eeprom(b, to, size, value);
}

static void store_option(struct board *b, struct target to, unsigned size, uint32_t value)
{
    const char *refusal = options_refusal(b, to.offset, value);

    if (!flash_is_open(&b->flash, FLASH_LOCK_OPT))
        refusal = "store to the option bytes while FLASH_PECR.OPTLOCK=1 (FLASH_SR.WRPERR)";
    else if (b->flash.pecr & (FLASH_PECR_ERASE | FLASH_PECR_FPRG))
        refusal = "FLASH_PECR: option bytes take neither ERASE nor FPRG";
    if (refusal) {
        refuse(b, to.address, FLASH_SR_WRPERR, refusal);
        return;
    }
    if (size != 4) {
        refuse(b, to.address, FLASH_SR_SIZERR,
               "byte or half-word store to the option bytes (FLASH_SR.SIZERR): write words");
        return;
    }
    if (!options_word_valid(to.offset, value))
        board_complain(b, L072_STOP_FLASH, to.address,
                       "option word 0x%08X: its upper half is not the complement of the lower",
                       (unsigned)value);
    change_bytes(b, to, size, value);
    start(b, 1, 2);
}

/* ---- The CPU's accesses ---------------------------------------------------------------------- */

void nvm_store(struct board *b, uint32_t address, unsigned size, uint32_t value)
{
    struct target to = target_at(address);
    struct flash *f = &b->flash;

    if (!wait_for(b, ALL_BANKS) || f->state == FLASH_ABANDONED)
        return;
    if (f->state == FLASH_LOADING && to.memory != NVM_FLASH)
        refuse(b, address, FLASH_SR_PGAERR,
               "store outside the half page that is being loaded (FLASH_SR.PGAERR)");
    else if (locked_out(b, to.memory))
        refuse(b, address, FLASH_SR_WRPERR,
               "store to NVM in RDP level 1, not booted from flash (FLASH_SR.WRPERR)");
    else if (to.memory == NVM_FLASH)
        store_flash(b, to, size, value);
    else if (to.memory == NVM_EEPROM)
        store_eeprom(b, to, size, value);
    else
        store_option(b, to, size, value);
}

/* An instruction fetch or data read: the NVM cannot serve it while it collects words. False: it
 * never happens. */
static bool before_read(struct board *b, struct target from, const char *why)
{
    if (b->flash.state == FLASH_LOADING)
        refuse(b, from.address, FLASH_SR_FWWERR, why);
    return wait_for(b, banks_of(b, from.memory, from.offset));
}

void nvm_load(struct board *b, uint32_t address, unsigned size, uint32_t *value)
{
    struct target from = target_at(address);

    *value = 0;
    if (!before_read(b, from,
                     "data read from NVM while a half page is being loaded (FLASH_SR.FWWERR)"))
        return;
    if (b->flash.acr & FLASH_ACR_LATENCY)
        b->time.cycles++;
    if (locked_out(b, from.memory))
        return;
    if (from.memory == NVM_FLASH && options_read_protected(b, from.offset))
        refuse(b, address, FLASH_SR_RDERR, "data read from a PCROP sector (FLASH_SR.RDERR)");
    else
        memcpy(value, bytes_at(b, from.memory, from.offset), size);
}

bool nvm_fetch(struct board *b, uint32_t address)
{
    return before_read(b, target_at(address),
                       "code in NVM runs while a half page is being loaded (FLASH_SR.FWWERR)");
}
