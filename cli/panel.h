/* SPDX-License-Identifier: MIT */
/* Buttons on the board, pressed for 100 ms at given times; the power that returns so long after a
 * cut, whatever cut it. */
#ifndef CLI_PANEL_H
#define CLI_PANEL_H

#include "error.h"
#include "l072.h"

#define PANEL_PRESSES 32
#define PANEL_HOLD_PS (100 * L072_PS_PER_MS)

struct press {
    char pin[8];   /* "PA0" ... "PH1"; "NRST": the reset button; "VDD": the supply is cut */
    bool level;    /* of the pin while pressed; the opposite before and after */
    int edges;     /* that happened: 0 waits, 1 is down, 2 is over */
    uint64_t time; /* picoseconds */
};

struct panel {
    struct press press[PANEL_PRESSES];
    size_t count;
    uint64_t power_back; /* picoseconds: when power returns; 0: it was not seen to be off */
};

/* Adds a press from "PIN@TIME" (high) or "PIN:0@TIME" (low). */
bool panel_add(struct panel *panel, const char *text, struct error *error);
/* Gives the pins of a powered board the level of a button not pressed, and arms the power cuts. */
bool panel_connect(struct panel *panel, struct l072 *board, struct error *error);
/* Does what is due, power that returns included, and lowers *until to the time of what comes next.
 */
void panel_act(struct panel *panel, struct l072 *board, uint64_t *until);

#endif
