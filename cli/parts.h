/* SPDX-License-Identifier: MIT */
/* The parts that --part knows, as `dfuse help parts` lists them. */
#ifndef CLI_PARTS_H
#define CLI_PARTS_H

int parts_help(void); /* prints them; returns the exit status */

#endif
