/* SPDX-License-Identifier: MIT */
/* Tells on stderr what happens on the board, a line an event with its simulated time; UART output
 * goes to stdout as it is. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "image.h"
#include "l072.h"
#include "symbols.h"

struct report {
    const struct l072 *board;
    const struct image *image;     /* what was loaded */
    const struct symbols *symbols; /* of that image, may be NULL */
    bool names_valid;              /* private: the flash still holds the image */
    unsigned faults;               /* private: that happened */
};

void report_event(struct report *report, const struct l072_event *event);
/* Tells in one line why the board stopped, where, and what to do. */
void report_stop(struct report *report);
/* Tells of `armed` faults how many did not happen, if any. */
void report_faults(const struct report *report, size_t armed);
/* Tells what the run took: a line a figure. */
void report_summary(const struct report *report);
/* Writes "0x08000124 main (main.c:3)", with the name only while the flash holds the image. */
const char *report_place(const struct report *report, uint32_t address, char *text, size_t size);
/* Looks at the flash again, for report_place(). */
void report_refresh(struct report *report);

#endif
