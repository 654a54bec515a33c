/* SPDX-License-Identifier: MIT */
/*
 * The non-volatile memory (NVM): flash program memory, data EEPROM and option bytes, with the
 * FLASH interface at 0x40022000, IRQ 3. Loading and meaning of the option bytes: options.h.
 */
#ifndef SIM_FLASH_H
#define SIM_FLASH_H

#include <stdbool.h>
#include <stdint.h>

#include "options.h"
#include "simtime.h"

struct board;

#define FLASH_PAGE      128                          /* bytes: what an erase clears */
#define FLASH_HALF_PAGE 64                           /* bytes: what FPRG programs at once */
#define FLASH_TPROG     (UINT64_C(3200) * PS_PER_US) /* RM0376: 3.2 ms, whatever the operation */

/* RM0376 FLASH_ACR: what the bus needs of it. */
#define FLASH_ACR_LATENCY (1u << 0)
#define FLASH_ACR_PRFTEN  (1u << 1)

/* RM0376 FLASH_PECR. NZDISABLE is bit 23 there and bit 22 in ST's header: both work. */
#define FLASH_PECR_PELOCK       (1u << 0)
#define FLASH_PECR_PRGLOCK      (1u << 1)
#define FLASH_PECR_OPTLOCK      (1u << 2)
#define FLASH_PECR_PROG         (1u << 3)
#define FLASH_PECR_DATA         (1u << 4)
#define FLASH_PECR_FIX          (1u << 8)
#define FLASH_PECR_ERASE        (1u << 9)
#define FLASH_PECR_FPRG         (1u << 10)
#define FLASH_PECR_PARALLELBANK (1u << 15)
#define FLASH_PECR_EOPIE        (1u << 16)
#define FLASH_PECR_ERRIE        (1u << 17)
#define FLASH_PECR_OBL_LAUNCH   (1u << 18)
#define FLASH_PECR_NZDISABLE    (3u << 22)

/* RM0376 FLASH_SR: BSY, ENDHV and READY show the state, the others are rc_w1. */
#define FLASH_SR_BSY        (1u << 0)
#define FLASH_SR_EOP        (1u << 1)
#define FLASH_SR_ENDHV      (1u << 2)
#define FLASH_SR_READY      (1u << 3)
#define FLASH_SR_WRPERR     (1u << 8)
#define FLASH_SR_PGAERR     (1u << 9)
#define FLASH_SR_SIZERR     (1u << 10)
#define FLASH_SR_OPTVERR    (1u << 11)
#define FLASH_SR_RDERR      (1u << 13)
#define FLASH_SR_NOTZEROERR (1u << 16)
#define FLASH_SR_FWWERR     (1u << 17)

/* The first three are in the order of their bits in PECR. */
enum flash_lock { FLASH_LOCK_PE, FLASH_LOCK_PRG, FLASH_LOCK_OPT, FLASH_LOCK_RUN_PD };

enum nvm_memory { NVM_FLASH, NVM_EEPROM, NVM_OPTION };

/* What an operation leaves in one place: `size` bytes at `offset`, a multiple of 4. */
struct nvm_change {
    uint8_t memory; /* enum nvm_memory */
    uint32_t offset, size;
    uint8_t data[FLASH_PAGE];
};

enum flash_state {
    FLASH_IDLE,
    FLASH_LOADING,   /* between the first and the last store of a half page or parallel erase */
    FLASH_ABANDONED, /* such a load went wrong: stores are ignored until FPRG and ERASE are 0 */
    FLASH_BUSY       /* the operation runs until `end` */
};

struct flash {
    uint32_t acr, pecr, sr;          /* pecr without its lock bits, sr without BSY ... READY */
    uint32_t optr, wrprot1, wrprot2; /* as last loaded */
    uint8_t open, first_key, dead;   /* bit per lock: open, first key seen, shut until reset */
    uint8_t state;                   /* enum flash_state */
    uint8_t loaded;                  /* stores taken while loading */
    uint8_t changes;                 /* entries of change[] in the running operation */
    struct nvm_change change[2];     /* two with PARALLELBANK */
    uint64_t end;                    /* picoseconds: when the running operation ends */
    uint32_t operations;             /* started since the board was made */
    uint64_t busy_ps;                /* time they take, the running one whole */
};

/* Loads the option bytes, then resets. */
void flash_power_on(struct board *b);
/* Tears the words of a running operation: each bit that was or would be 1 is random. */
void flash_power_off(struct board *b);
/* System reset: closes the locks, tears what runs; the loaded options stay. */
void flash_reset(struct board *b);

uint32_t flash_read(struct board *b, uint32_t offset);
void flash_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask);
void flash_event(struct board *b);

/*
 * Accesses by the CPU to 0x08000000 (bank 1 first, whatever UFB says), 0x08080000 and 0x1FF80000,
 * inside the memory of the part, aligned. They stall the CPU while the bank is busy; when a stop,
 * a reset or a power cut ends the stall, nothing is read or stored.
 */
void nvm_load(struct board *b, uint32_t address, unsigned size, uint32_t *value);
void nvm_store(struct board *b, uint32_t address, unsigned size, uint32_t value);
/* Before the fetch window moves to `address` in flash or EEPROM. False: it must not. */
bool nvm_fetch(struct board *b, uint32_t address);

/* ---- Between flash.c, the registers, and nvm.c, the memory ----------------------------------- */

bool flash_is_open(const struct flash *f, enum flash_lock lock);
/* Sets flags of FLASH_SR. */
void flash_raise(struct board *b, uint32_t flags);
/* Ends the running operation with its result; without one, its words torn. */
void nvm_finish(struct board *b);
void nvm_cut(struct board *b);

#endif
