/* SPDX-License-Identifier: MIT */
/* Applications of a few instructions behind the resident bootloader. */
#ifndef TINY_H
#define TINY_H

#include "resident.h"

/* What boot/public.h says of an application, and its seal. */
struct tiny_app {
    uint32_t words[64]; /* vector table and code, from APP_BASE on */
    struct seal seal;
};

/* A vector table and Thumb code behind it, with its seal. `code` may be NULL: B . */
struct tiny_app tiny_app(const uint16_t *code, uint32_t count);
/* The seal that belongs to the words. */
struct seal tiny_seal(const struct tiny_app *app);
/* As a download would have left it. */
void tiny_load(struct l072 *board, const struct tiny_app *app);

#endif
