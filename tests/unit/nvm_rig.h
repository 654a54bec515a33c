/* SPDX-License-Identifier: MIT */
/*
 * A board for the tests of the flash interface. Its CPU spins in SRAM; the tests do the accesses
 * that firmware would do. Numbers are RM0376's, written down again to check the simulator's.
 */
#ifndef NVM_RIG_H
#define NVM_RIG_H

#include "rig.h"

enum {
    R_ACR = 0x40022000,
    R_PECR = 0x40022004,
    R_PDKEYR = 0x40022008,
    R_PEKEYR = 0x4002200C,
    R_PRGKEYR = 0x40022010,
    R_OPTKEYR = 0x40022014,
    R_SR = 0x40022018,
    R_OPTR = 0x4002201C,
    R_WRPROT1 = 0x40022020,
    R_WRPROT2 = 0x40022080,
};
enum { PELOCK = 1, PRGLOCK = 2, OPTLOCK = 4, PROG = 8, DATA = 0x10, FIX = 0x100, ERASE = 0x200 };
enum { FPRG = 0x400, PARALLELBANK = 0x8000, EOPIE = 0x10000, ERRIE = 0x20000 };
enum { OBL_LAUNCH = 0x40000, NZDISABLE = 0x800000 };
enum { BSY = 1, EOP = 2, IDLE = 0xC, WRPERR = 0x100, PGAERR = 0x200, SIZERR = 0x400 };
enum { OPTVERR = 0x800, RDERR = 0x2000, NOTZEROERR = 0x10000, FWWERR = 0x20000 };

#define TPROG   (UINT64_C(3200) * L072_PS_PER_US)
#define PAGE    0x08000800u /* of bank 1, away from the vectors */
#define BANK2   0x08018000u
#define EEPROM  0x08080000u
#define EEPROM2 0x08080C00u
#define OPTIONS 0x1FF80000u

static inline void store_small(struct board *b, uint32_t address, unsigned size, uint32_t value)
{
    assert_true(bus_write(b, address, size, value));
}

static inline void power_on(struct board *b)
{
    l072_power(handle(b), true);
    preset(b, 0x20000000, 0xE7FEE7FE); /* b . */
    run(b, L072_PS_PER_US);
}

static inline void power_cycle(struct board *b)
{
    l072_power(handle(b), false);
    power_on(b);
}

static inline int make_board(void **state, const struct l072_config *config)
{
    struct l072 *board = l072_create(config);

    if (!board)
        return -1;
    *state = board;
    preset(*state, 0x08000000, 0x20001000);
    preset(*state, 0x08000004, 0x20000001);
    power_on(*state);
    return 0;
}

static inline int make(void **state)
{
    return make_board(state, &(struct l072_config){.seed = 1});
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy_board)

/* The last access broke a rule, and the reason says so; the board goes on as the chip does. */
static inline void assert_stop(struct board *b, const char *words)
{
    const struct l072_stop *stop = l072_stop(handle(b));

    assert_int_equal(stop->kind, L072_STOP_FLASH);
    if (!strstr(stop->reason, words))
        fail_msg("\"%s\" is not in \"%s\"", words, stop->reason);
    b->stop = (struct l072_stop){0};
}

static inline void unlock_pe(struct board *b)
{
    store(b, R_PEKEYR, 0x89ABCDEF);
    store(b, R_PEKEYR, 0x02030405);
}

static inline void unlock_prg(struct board *b)
{
    unlock_pe(b);
    store(b, R_PRGKEYR, 0x8C9DAEBF);
    store(b, R_PRGKEYR, 0x13141516);
}

static inline void unlock_opt(struct board *b)
{
    unlock_pe(b);
    store(b, R_OPTKEYR, 0xFBEAD9C8);
    store(b, R_OPTKEYR, 0x24252627);
}

static inline void wait_ready(struct board *b)
{
    while (load(b, R_SR) & BSY)
        run(b, 10 * L072_PS_PER_US);
}

/* The operation that was just started takes this many Tprog, to the CPU cycle, and sets EOP. */
static inline void assert_takes(struct board *b, unsigned tprogs)
{
    store(b, R_SR, EOP);
    run(b, tprogs * TPROG - 2 * L072_PS_PER_US);
    assert_int_equal(load(b, R_SR), BSY);
    run(b, 4 * L072_PS_PER_US);
    assert_int_equal(load(b, R_SR), IDLE | EOP);
    store(b, R_SR, EOP);
}

static inline void load_half_page(struct board *b, uint32_t address, uint32_t step, unsigned words)
{
    for (unsigned i = 0; i < words; i++)
        store(b, address + step * i, 0x100 + i);
}

static inline void assert_half_page(struct board *b, uint32_t address)
{
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(peek(b, address + 4 * i), 0x100 + i);
}

#endif
