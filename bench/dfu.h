/* SPDX-License-Identifier: MIT */
/* Updates by DFU, in simulated time. */
#ifndef BENCH_DFU_H
#define BENCH_DFU_H

#include <stdbool.h>

/* Measures, and prints a line each. False: a target is missed. Exits with 2 when an update fails.
 */
bool dfu_print(void);

#endif
