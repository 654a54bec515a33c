/* SPDX-License-Identifier: MIT */
/*
 * The hidden image: word 0 of the vector table is no SRAM address, so the bank check of ROM V4.1
 * does not take the image for an application and stays in DFU. The price: hardware loads SP with
 * that word, so the start-up code has to load SP itself before it uses the stack.
 */
#ifndef CLI_HIDDEN_H
#define CLI_HIDDEN_H

#include "chip.h"
#include "error.h"
#include "image.h"
#include "symbols.h"

#define HIDDEN_WORD CHIP_HIDDEN_WORD

/* An image that has not loaded SP after so many instructions is refused. */
#define HIDDEN_BUDGET 100000u

enum hidden {
    HIDDEN_PROVEN,
    HIDDEN_REFUSED, /* the image must not be hidden */
    HIDDEN_ERROR,   /* no verdict: unknown part, image too large for it, memory short */
};

/* The ROM takes this first word of a bank for an initial SP, and jumps into the bank. */
bool hidden_is_visible(uint32_t word);

/* Stamps word 0 at 0x08000000; *already tells whether it was there. False: there is no word 0. */
bool hidden_stamp(struct image *image, bool *already, struct error *error);

/*
 * Proves of a stamped image that word 1 is a reset vector into it, that the first word of bank 2
 * is no SRAM address, and, by running it on the simulated board, that SP is loaded before the
 * stack is used. `part` NULL: runs on an l072xz, and takes as the start of bank 2 that of every
 * part the image fits. `symbols` are for the reason, may be NULL.
 */
enum hidden hidden_prove(const struct image *image, const struct symbols *symbols, const char *part,
                         struct error *error);

#endif
