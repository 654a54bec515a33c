/* SPDX-License-Identifier: MIT */
/*
 * A board for the tests of the small peripherals. Its CPU spins in flash; the tests do the accesses
 * that firmware would do. Numbers are RM0376's, written down again to check the simulator's.
 */
#ifndef BOARD_RIG_H
#define BOARD_RIG_H

#include "rig.h"

enum { GPIOA = 0x50000000, GPIOC = 0x50000800, GPIOH = 0x50001C00 };
enum { SYSCFG_CFGR1 = 0x40010000, SYSCFG_EXTICR1 = 0x40010008, SYSCFG_CFGR3 = 0x40010020 };
enum { PWR_CR = 0x40007000, PWR_CSR = 0x40007004 };
enum {
    R_CR = 0x40021000,
    R_ICSCR = 0x40021004,
    R_CRRCR = 0x40021008,
    R_CFGR = 0x4002100C,
    R_CIER = 0x40021010,
    R_CIFR = 0x40021014,
    R_CICR = 0x40021018,
    R_IOPRSTR = 0x4002101C,
    R_APB2RSTR = 0x40021024,
    R_APB1RSTR = 0x40021028,
    R_IOPENR = 0x4002102C,
    R_AHBENR = 0x40021030,
    R_APB2ENR = 0x40021034,
    R_APB1ENR = 0x40021038,
    R_CCIPR = 0x4002104C,
    R_CSR = 0x40021050,
    R_FLASH_ACR = 0x40022000,
};
enum { HSI16ON = 1, HSI16RDY = 4, MSION = 0x100, PLLON = 1 << 24, PLLRDY = 1 << 25 };
enum { HSEON = 1 << 16, HSERDY = 1 << 17 };
enum { SW_HSI16 = 1, SW_HSE = 2, SW_PLL = 3, SWS_HSI16 = 4, SWS_PLL = 0xC };
enum { PLL_96MHZ_BY_3 = 2 << 18 | 2 << 22, PLL_64MHZ_BY_2 = 1 << 18 | 1 << 22 };

static inline void set_bits(struct board *b, uint32_t address, uint32_t bits)
{
    store(b, address, load(b, address) | bits);
}

/* The board has stopped because of `kind`; it goes on afterwards. */
static inline void assert_stop(struct board *b, enum l072_stop_kind kind)
{
    assert_int_equal(b->stop.kind, kind);
    b->stop = (struct l072_stop){0};
}

static inline int make_board(void **state)
{
    static const uint32_t program[] = {0x20001000, 0x08000009, 0xE7FEE7FE}; /* B . */
    struct l072 *board = l072_create(&(struct l072_config){.part = "l072xz", .seed = 1});

    if (!board)
        return -1;
    if (l072_load(board, 0x08000000, program, sizeof program) != 0)
        return -1;
    l072_power(board, true);
    *state = board;
    return 0;
}

#define BOARD_TEST(function) cmocka_unit_test_setup_teardown(function, make_board, destroy_board)

#endif
