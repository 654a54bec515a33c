/* SPDX-License-Identifier: MIT */
/*
 * Why no DFU device appears: a table, in the order in which an application meets them on its way.
 * A new cause is a new row; what its predicate asks for must be in struct evidence.
 */
#ifndef DOCTOR_CAUSES_H
#define DOCTOR_CAUSES_H

#include <stddef.h>

#include "predicates.h"

struct cause {
    const char *id;
    const char *title;     /* one line */
    const char *act;       /* of that instruction: @ is the address, # the value; may be NULL */
    const char *why;       /* what the chip does, and why */
    const char *fix;       /* the smallest change */
    const char *reference; /* where it is described, or people met it; may be NULL */
    /* What takes it away on the simulated board, to see what comes next; 0: nothing does. */
    unsigned repair; /* enum repair */
    bool always;     /* wrong also when a device appears: ST rules it out, or it works by luck */
    /* Asked only when no device appeared that can be flashed, unless `always`; a cause that was
     * found is not asked again. */
    predicate *find;
};

/* The i-th cause, NULL past the end. */
const struct cause *cause_at(size_t i);
/* NULL: there is none of this name. */
const struct cause *cause_named(const char *id);

#endif
