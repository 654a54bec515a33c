/* SPDX-License-Identifier: MIT */
/* The faults of l072.h that wait for their moment, and those that last. */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "l072.h"

struct board;

struct faults {
    struct l072_fault armed[L072_FAULTS]; /* in the order in which they were armed */
    uint32_t count;
    uint8_t torn;     /* enum l072_moment: how nvm_cut() leaves the words of an operation */
    bool hsi48_stuck; /* HSI48 does not start any more */
};

int fault_arm(struct board *b, const struct l072_fault *fault);
/* EVENT_FAULT: the first fault whose time has come. */
void fault_event(struct board *b);

/* Around each flash, EEPROM and option operation: what happens before operation flash.operations
 * + 1, half-way through flash.operations, which has just started, and after it. */
void fault_before_operation(struct board *b);
void fault_in_operation(struct board *b);
void fault_after_operation(struct board *b);

#endif
