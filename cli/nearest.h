/* SPDX-License-Identifier: MIT */
/* The word that someone meant who wrote another: verbs and options with a slip of the finger. */
#ifndef CLI_NEAREST_H
#define CLI_NEAREST_H

struct nearest {
    const char *word; /* as it was written */
    const char *best; /* of the words offered so far; NULL: none is near */
    unsigned slips;   /* between the two */
};

/* Takes `candidate` when it is nearer than those before; it must outlive `nearest`. */
void nearest_offer(struct nearest *nearest, const char *candidate);

#endif
