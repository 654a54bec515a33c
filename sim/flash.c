/* SPDX-License-Identifier: MIT */
/*
 * The registers of the FLASH interface: locks, modes, flags, interrupt. The memory is in nvm.c.
 *
 * Not modelled / simplified:
 * - PRE_READ, DISAB_BUF, SLEEP_PD and RUN_PD are kept but change nothing.
 * - Two keys make a pair whatever happens between them.
 * Unconfirmed, and how it is read here:
 * - PELOCK closes PRGLOCK and OPTLOCK and keeps the mode bits. Keys to an open lock do nothing.
 * - A PECR write while BSY=1 is taken, and the running operation goes on as it was started.
 * - BSY reads 0 while a half page is being loaded.
 * - A wrong key closes its lock until reset, without the bus error of other STM32 families.
 * - PECR.HALF_ARRAY (bit 19), which only ST's header names, stops the board.
 */
#include "board.h"

#define BASE 0x40022000u

/* RM0376 FLASH register map. */
enum {
    ACR = 0x00,
    PECR = 0x04,
    PDKEYR = 0x08,
    PEKEYR = 0x0C,
    PRGKEYR = 0x10,
    OPTKEYR = 0x14,
    SR = 0x18,
    OPTR = 0x1C,
    WRPROT1 = 0x20,
    WRPROT2 = 0x80
};

/* RM0376 FLASH_ACR; LATENCY and PRFTEN are in flash.h. */
#define ACR_RUN_PD    (1u << 4)
#define ACR_DISAB_BUF (1u << 5)
#define ACR_PRE_READ  (1u << 6)
#define ACR_BITS      0x7Bu

#define NO_WAIT_STATE_PS (PS_PER_US / 16) /* of HCLK, at least: 16 MHz in voltage range 1 */

#define PECR_LOCKS (FLASH_PECR_PELOCK | FLASH_PECR_PRGLOCK | FLASH_PECR_OPTLOCK)
#define PECR_MODE                                                                                  \
    (FLASH_PECR_PROG | FLASH_PECR_DATA | FLASH_PECR_FIX | FLASH_PECR_ERASE | FLASH_PECR_FPRG |     \
     FLASH_PECR_PARALLELBANK | FLASH_PECR_NZDISABLE)
#define PECR_BITS (PECR_MODE | FLASH_PECR_EOPIE | FLASH_PECR_ERRIE)

#define SR_ERRORS                                                                                  \
    (FLASH_SR_WRPERR | FLASH_SR_PGAERR | FLASH_SR_SIZERR | FLASH_SR_OPTVERR | FLASH_SR_RDERR |     \
     FLASH_SR_NOTZEROERR | FLASH_SR_FWWERR)

static const struct {
    uint32_t offset;
    const char *name;
    uint32_t first, second;
} keys[] = {
    [FLASH_LOCK_PE] = {PEKEYR,  "PEKEYR",  0x89ABCDEF, 0x02030405},
    [FLASH_LOCK_PRG] = {PRGKEYR, "PRGKEYR", 0x8C9DAEBF, 0x13141516},
    [FLASH_LOCK_OPT] = {OPTKEYR, "OPTKEYR", 0xFBEAD9C8, 0x24252627},
    [FLASH_LOCK_RUN_PD] = {PDKEYR,  "PDKEYR",  0x04152637, 0xFAFBFCFD},
};

bool flash_is_open(const struct flash *f, enum flash_lock lock)
{
    return f->open >> lock & 1;
}

static uint32_t pecr_value(const struct flash *f)
{
    return f->pecr | (~(uint32_t)f->open & PECR_LOCKS);
}

static uint32_t sr_value(const struct flash *f)
{
    return f->sr | (f->state == FLASH_BUSY ? FLASH_SR_BSY : FLASH_SR_ENDHV | FLASH_SR_READY);
}

static void drive_irq(struct board *b)
{
    const struct flash *f = &b->flash;

    nvic_drive(b, IRQ_FLASH, 0,
               (f->sr & FLASH_SR_EOP && f->pecr & FLASH_PECR_EOPIE) ||
                   (f->sr & SR_ERRORS && f->pecr & FLASH_PECR_ERRIE));
}

void flash_reset(struct board *b)
{
    struct flash *f = &b->flash;

    nvm_cut(b);
    f->acr = f->pecr = 0;
    f->open = f->first_key = f->dead = 0;
    f->sr &= FLASH_SR_OPTVERR;
    drive_irq(b);
}

void flash_power_on(struct board *b)
{
    b->flash.sr = 0;
    flash_load_options(b);
    flash_reset(b);
}

void flash_power_off(struct board *b)
{
    nvm_cut(b);
}

void flash_raise(struct board *b, uint32_t flags)
{
    b->flash.sr |= flags;
    drive_irq(b);
}

void flash_event(struct board *b)
{
    nvm_finish(b);
    flash_raise(b, FLASH_SR_EOP);
    fault_after_operation(b);
}

static void write_acr(struct board *b, uint32_t acr)
{
    struct flash *f = &b->flash;

    if (acr & ACR_DISAB_BUF && acr & (FLASH_ACR_PRFTEN | ACR_PRE_READ)) {
        board_complain(b, L072_STOP_FLASH, BASE + ACR,
                       "FLASH_ACR: PRFTEN and PRE_READ cannot be set while DISAB_BUF=1");
        acr &= ~(FLASH_ACR_PRFTEN | ACR_PRE_READ);
    }
    if (acr & ACR_RUN_PD && !flash_is_open(f, FLASH_LOCK_RUN_PD)) {
        board_complain(b, L072_STOP_FLASH, BASE + ACR,
                       "FLASH_ACR.RUN_PD is locked: write both keys to FLASH_PDKEYR");
        acr &= ~ACR_RUN_PD;
    }
    if (f->acr & ~acr & FLASH_ACR_LATENCY && b->time.period_ps < NO_WAIT_STATE_PS)
        board_complain(b, L072_STOP_FLASH, BASE + ACR,
                       "FLASH_ACR.LATENCY is cleared while HCLK is above 16 MHz");
    if (!(acr & ACR_RUN_PD))
        f->open &= (uint8_t) ~(1u << FLASH_LOCK_RUN_PD);
    f->acr = acr & ACR_BITS;
    voltage_check(b);
    bus_close_window(b);
}

static void launch_options(struct board *b)
{
    if (flash_is_open(&b->flash, FLASH_LOCK_OPT))
        board_request_reset(b, RESET_OPTIONS);
    else
        board_complain(b, L072_STOP_FLASH, BASE + PECR,
                       "FLASH_PECR.OBL_LAUNCH while OPTLOCK=1: write both keys to FLASH_OPTKEYR");
}

/* Mode bits that change under a half page end its loading. */
static void check_load(struct board *b, uint32_t changed)
{
    struct flash *f = &b->flash;

    if (f->state == FLASH_LOADING &&
        changed & (PECR_MODE | FLASH_PECR_PELOCK | FLASH_PECR_PRGLOCK)) {
        board_complain(b, L072_STOP_FLASH, BASE + PECR,
                       "FLASH_PECR changed after %u stores of a half page", f->loaded);
        f->state = FLASH_ABANDONED;
    }
    if (f->state == FLASH_ABANDONED && !(f->pecr & (FLASH_PECR_FPRG | FLASH_PECR_ERASE)))
        f->state = FLASH_IDLE;
}

static void write_pecr(struct board *b, uint32_t value)
{
    struct flash *f = &b->flash;
    uint32_t changed = value ^ pecr_value(f);

    if (!flash_is_open(f, FLASH_LOCK_PE)) {
        if (changed & ~(FLASH_PECR_PRGLOCK | FLASH_PECR_OPTLOCK))
            board_complain(b, L072_STOP_FLASH, BASE + PECR,
                           "store to FLASH_PECR while PELOCK=1: write both keys to FLASH_PEKEYR");
        return;
    }
    if (f->state == FLASH_BUSY && changed & ~PECR_LOCKS)
        board_complain(b, L072_STOP_FLASH, BASE + PECR, "store to FLASH_PECR while FLASH_SR.BSY=1");
    if (value & ~(PECR_BITS | PECR_LOCKS | FLASH_PECR_OBL_LAUNCH))
        board_complain(b, L072_STOP_NOT_MODELLED, BASE + PECR, "FLASH_PECR=0x%08X has unknown bits",
                       (unsigned)value);
    if (value & FLASH_PECR_OBL_LAUNCH)
        launch_options(b);
    f->pecr = value & PECR_BITS;
    if (value & FLASH_PECR_PELOCK)
        value |= PECR_LOCKS;
    f->open &= (uint8_t) ~(value & PECR_LOCKS);
    check_load(b, changed);
    drive_irq(b);
}

static void write_key(struct board *b, enum flash_lock lock, uint32_t value)
{
    struct flash *f = &b->flash;
    const char *name = keys[lock].name;
    uint32_t address = BASE + keys[lock].offset;
    uint8_t bit = (uint8_t)(1u << lock);
    bool second = f->first_key & bit;
    bool needs_pe = lock == FLASH_LOCK_PRG || lock == FLASH_LOCK_OPT;

    if (f->dead & bit) {
        board_complain(b, L072_STOP_FLASH, address, "FLASH_%s had a wrong key: closed until reset",
                       name);
    } else if (f->open & bit) {
        board_complain(b, L072_STOP_FLASH, address, "key to FLASH_%s, whose lock is open", name);
    } else if (needs_pe && !flash_is_open(f, FLASH_LOCK_PE)) {
        board_complain(b, L072_STOP_FLASH, address, "key to FLASH_%s while FLASH_PECR.PELOCK=1",
                       name);
    } else if (value != (second ? keys[lock].second : keys[lock].first)) {
        f->dead |= bit;
        board_complain(b, L072_STOP_FLASH, address, "0x%08X is a wrong key for FLASH_%s",
                       (unsigned)value, name);
    } else {
        f->open |= second ? bit : 0;
        f->first_key ^= bit;
    }
}

uint32_t flash_read(struct board *b, uint32_t offset)
{
    const struct flash *f = &b->flash;

    switch (offset) {
    case ACR: return f->acr;
    case PECR: return pecr_value(f);
    case SR: return sr_value(f);
    case OPTR: return f->optr;
    case WRPROT1: return f->wrprot1;
    case WRPROT2: return f->wrprot2;
    case PDKEYR:
    case PEKEYR:
    case PRGKEYR:
    case OPTKEYR: return 0;
    default: bus_no_register(b, "FLASH", offset); return 0;
    }
}

void flash_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask)
{
    struct flash *f = &b->flash;

    switch (offset) {
    case ACR: write_acr(b, (f->acr & ~mask) | (value & mask)); break;
    case PECR: write_pecr(b, (pecr_value(f) & ~mask) | (value & mask)); break;
    case PDKEYR: write_key(b, FLASH_LOCK_RUN_PD, value); break;
    case PEKEYR: write_key(b, FLASH_LOCK_PE, value); break;
    case PRGKEYR: write_key(b, FLASH_LOCK_PRG, value); break;
    case OPTKEYR: write_key(b, FLASH_LOCK_OPT, value); break;
    case SR:
        f->sr &= ~(value & mask);
        drive_irq(b);
        break;
    case OPTR:
    case WRPROT1:
    case WRPROT2:
        board_complain(b, L072_STOP_FLASH, BASE + offset,
                       "FLASH+0x%02X is read-only: program the option bytes at 0x1FF80000",
                       (unsigned)offset);
        break;
    default: bus_no_register(b, "FLASH", offset); break;
    }
}
