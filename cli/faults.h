/* SPDX-License-Identifier: MIT */
/* Faults written as text, NAME:WHEN and more, as in "cut:n=117:torn" and "unplug:t=1.5s". */
#ifndef CLI_FAULTS_H
#define CLI_FAULTS_H

#include "error.h"
#include "l072.h"

/* The part of a help text that explains them. */
#define FAULTS_HELP                                                                                \
    "\n"                                                                                           \
    "Faults:\n"                                                                                    \
    "  NAME:WHEN of --fault, as cut:n=117:torn. NAME is one of\n"                                  \
    "\n"                                                                                           \
    "  cut             power goes off\n"                                                           \
    "  brown-out       power dips: a power-on reset that keeps the SRAM\n"                         \
    "  nrst            NRST is pulsed\n"                                                           \
    "  hsi48           HSI48 stops and is never ready again\n"                                     \
    "  flip            bits of a word change: flip:WHEN:ADDRESS^BITS\n"                            \
    "  unplug, plug    the USB cable\n"                                                            \
    "  silence         the host stops transfers\n"                                                 \
    "  resume          transfers go on\n"                                                          \
    "  suspend         the host suspends the bus: no starts of frame either\n"                     \
    "  wake            the bus goes on\n"                                                          \
    "  toggle          an OUT packet has the wrong toggle\n"                                       \
    "  short           an OUT packet is cut in half\n"                                             \
    "  long            a data stage has a packet too many\n"                                       \
    "  bus-reset       the host resets the bus in a transfer\n"                                    \
    "\n"                                                                                           \
    "  WHEN is t=TIME, or n=N, the Nth operation of flash, EEPROM or option bytes.\n"              \
    "  To n=N belongs :before, :torn (the default), :all-but-one, :none (the bits\n"               \
    "  that changed) or :after. The last four NAMEs wait for their next occasion.\n"

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
