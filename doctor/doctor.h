/* SPDX-License-Identifier: MIT */
/*
 * Finds out why an application does not get into ROM DFU. It is run as it is; then what was found
 * is put right on the simulated board and it is run again, until a DFU device appears or nothing
 * more is found. At last each repair is left out once: what is not needed was no cause.
 */
#ifndef DOCTOR_DOCTOR_H
#define DOCTOR_DOCTOR_H

#include "causes.h"
#include "request.h"

struct doctor_finding {
    const struct cause *cause;
    struct fact place; /* pc 0: no instruction */
};

#define DOCTOR_FINDINGS 40

struct doctor_diagnosis {
    enum outcome outcome;   /* of the application as it is */
    enum outcome repaired;  /* with all that was found put right */
    bool asked;             /* one of the requests had an effect, or was the only one */
    struct request request; /* that one */
    size_t count;
    struct doctor_finding finding[DOCTOR_FINDINGS]; /* in the order they are met */
};

/* `board` is lenient, has the image and no power; it stays as it is. Of the requests the first
 * that has an effect counts, with presses short, long, or from power-on on; none does when the
 * application goes into the ROM by itself at each power-on. False: memory is short. */
bool doctor_examine(struct doctor_diagnosis *diagnosis, const struct l072 *board, bool rom_has_dfu,
                    const struct request *requests, size_t count);

#endif
