/* SPDX-License-Identifier: MIT */
#include "panel.h"

#include <string.h>

#include "cli.h"

#define VDD  "VDD"
#define NRST "NRST"

static bool is_gpio(const struct press *press)
{
    return strcmp(press->pin, VDD) != 0 && strcmp(press->pin, NRST) != 0;
}

bool panel_add(struct panel *panel, const char *text, struct error *error)
{
    struct press press = {.level = true};
    const char *at = strchr(text, '@');
    size_t length = strcspn(text, ":@");
    bool low = strncmp(text + length, ":0@", 3) == 0;
    if (!at || length == 0 || length >= sizeof(press.pin) || !(low || text[length] == '@') ||
        !parse_time(at + 1, &press.time))
        return error_set(error, "'%s' is no press; write PA0@1.5s, or PA0:0@200ms to pull low",
                         text);
    if (panel->count == PANEL_PRESSES)
        return error_set(error, "more than %d presses", PANEL_PRESSES);
    memcpy(press.pin, text, length);
    press.level = !low;
    panel->press[panel->count++] = press;
    return true;
}

/* Power goes in the middle of what happens, so that press is a fault of the board. */
static bool arm_cut(struct press *press, struct l072 *board, struct error *error)
{
    struct l072_fault cut = {.kind = L072_FAULT_CUT, .time = press->time};
    if (strcmp(press->pin, VDD) != 0 || press->edges)
        return true;
    press->edges = 2;
    return l072_fault(board, &cut) == 0 || error_set(error, "more than %d faults", L072_FAULTS);
}

bool panel_connect(struct panel *panel, struct l072 *board, struct error *error)
{
    for (size_t i = 0; i < panel->count; i++) {
        struct press *press = &panel->press[i];
        if (!arm_cut(press, board, error))
            return false;
        if (is_gpio(press) && l072_drive_pin(board, press->pin, !press->level) != 0)
            return error_set(error, "no pin '%s' to press; pins are PA0 to PH1, NRST and VDD",
                             press->pin);
    }
    return true;
}

/* A power cut leaves the pins undriven; the buttons are there again when power returns. */
static void restore_power(struct panel *panel, struct l072 *board, uint64_t *until)
{
    struct error error; /* unused: the pins were checked at the first power-on */
    if (l072_powered(board))
        return;
    if (panel->power_back == 0)
        panel->power_back = l072_now(board) + PANEL_HOLD_PS;
    if (l072_now(board) >= panel->power_back) {
        panel->power_back = 0;
        l072_power(board, true);
        (void)panel_connect(panel, board, &error);
    } else if (panel->power_back < *until) {
        *until = panel->power_back;
    }
}

static void act(struct press *press, struct l072 *board)
{
    bool down = press->edges++ == 0;
    if (strcmp(press->pin, NRST) == 0 && down)
        l072_reset(board);
    else if (is_gpio(press))
        (void)l072_drive_pin(board, press->pin, press->level == down);
}

void panel_act(struct panel *panel, struct l072 *board, uint64_t *until)
{
    restore_power(panel, board, until);
    for (size_t i = 0; i < panel->count; i++) {
        struct press *press = &panel->press[i];
        while (press->edges < 2) {
            uint64_t due = press->time + (press->edges ? PANEL_HOLD_PS : 0);
            if (due > l072_now(board)) {
                if (due < *until)
                    *until = due;
                break;
            }
            act(press, board);
        }
    }
}
