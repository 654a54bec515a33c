/* SPDX-License-Identifier: MIT */
/* What a program finds at its start, against what it finds after reset. */
#ifndef REGISTERS_H
#define REGISTERS_H

#include "l072.h"

/* Compares the registers that start-up code and drivers rely on, and the test fails where they
 * differ. The clocks of both boards are on afterwards. */
void registers_same(struct l072 *found, struct l072 *after_reset);

#endif
