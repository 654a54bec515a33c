/* SPDX-License-Identifier: MIT */
/* Tells l072_log_signals() callers what changed, by events. */
#ifndef SIM_SIGNALS_H
#define SIM_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

#include "gpio.h"

struct board;

/* As last told. */
struct signals {
    bool on, power, sleep, flash;
    uint16_t pins[GPIO_PORTS];
};

/* To be called wherever a signal may have changed. */
void signals_update(struct board *b);

#endif
