/* SPDX-License-Identifier: MIT */
/* Faults written as text, NAME:WHEN and more, as in "cut:n=117:torn" and "unplug:t=1.5s". */
#ifndef CLI_FAULTS_H
#define CLI_FAULTS_H

#include "error.h"
#include "l072.h"

#define FAULTS_HELP                                                                                \
    "  --fault NAME:WHEN     let something go wrong; may be repeated. NAME: cut (power), "         \
    "brown-out,\n"                                                                                 \
    "                        nrst, hsi48 (never ready again), unplug, plug, silence and resume\n"  \
    "                        (the host stops transfers), suspend and wake (... and starts of\n"    \
    "                        frame), toggle, short, long, bus-reset (the next occasion for a\n"    \
    "                        wrong toggle, a short packet, a data stage too long, a reset in a\n"  \
    "                        transfer), flip:WHEN:ADDRESS^BITS. WHEN: t=TIME, or n=N, the Nth\n"   \
    "                        flash, EEPROM or option operation, with :before, :torn (the\n"        \
    "                        default), :all-but-one, :none (bits that changed), :after\n"

struct faults_list {
    struct l072_fault fault[L072_FAULTS];
    size_t count;
};

/* Adds the fault that `text` tells, beginning with its name. */
bool faults_add(struct faults_list *list, const char *text, struct error *error);
/* The same for a power cut, of which `when` is all but the name. */
bool faults_add_cut(struct faults_list *list, const char *when, struct error *error);
bool faults_arm(const struct faults_list *list, struct l072 *board, struct error *error);

/* "cut", "unplug" ...; "torn", "after" ... */
const char *faults_moment_name(enum l072_moment moment);
const char *faults_kind_name(enum l072_fault_kind kind);

#endif
