/* SPDX-License-Identifier: MIT */
/* What whynot.c and its test tell each other, at a fixed place in RAM. */
#ifndef TESTS_WHYNOT_H
#define TESTS_WHYNOT_H

#include <stdint.h>

#define WHYNOT_REPORT 0x20001000u

enum whynot_phase {
    WHYNOT_STARTED = 0xD05E0001, /* no number that RAM holds at power-on by chance */
    WHYNOT_CHECKED = 0xD05E0002, /* dfuse_CheckAndRun() has returned */
    WHYNOT_ASKED = 0xD05E0003,   /* `reason` is there: the test writes its wish now */
    WHYNOT_REFUSED = 0xD05E0004, /* the wish has returned, with `refusal` */
};

enum whynot_wish { WISH_ONCE = 1, WISH_LATCHED = 2 };

struct whynot_report {
    uint32_t phase, reason, wish, refusal;
};

#endif
