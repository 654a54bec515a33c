/* SPDX-License-Identifier: MIT */
/* What the next instruction of a board does to memory and to the stack pointer. */
#ifndef DOCTOR_THUMB_H
#define DOCTOR_THUMB_H

#include "chip.h"

enum thumb_kind {
    THUMB_OTHER,
    THUMB_LOAD,
    THUMB_STORE,
    THUMB_SET_MSP, /* MSR MSP: `address` is the value */
    THUMB_BRANCH,  /* BX, BLX, MOV PC: `address` is the target, bit 0 as it is */
};

struct thumb {
    enum thumb_kind kind;
    uint32_t address, size; /* of the bytes accessed */
    uint32_t value;         /* THUMB_STORE: of the register that is stored, the first of several */
    bool wants_thumb_bit;   /* BX, BLX: bit 0 of the target must be set */
    bool stack;             /* the address is relative to SP */
};

/* Decodes the instruction at PC with the registers as they are, before it runs. */
struct thumb thumb_next(struct l072 *board);

#endif
