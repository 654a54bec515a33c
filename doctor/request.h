/* SPDX-License-Identifier: MIT */
/* How an application is asked for DFU. */
#ifndef DOCTOR_REQUEST_H
#define DOCTOR_REQUEST_H

#include "watch.h"

enum request_how {
    REQUEST_CALL,
    REQUEST_PRESS,
    REQUEST_INPUTS, /* a press of any input that software has set up */
    REQUEST_DETACH,
    REQUEST_UART,
    REQUEST_POWER_ON, /* nothing more */
};

#define REQUEST_SHORT_PS (100 * L072_PS_PER_MS)
#define REQUEST_LONG_PS  (4 * L072_PS_PER_S)
#define REQUEST_HELD     UINT64_MAX /* as hold_ps: from power-on on, for ever */

struct request {
    enum request_how how;
    uint32_t function; /* REQUEST_CALL: its address */
    const char *text;  /* the name of the function, or what is sent by UART; the caller's */
    char pin[6];       /* REQUEST_PRESS: "PA0"; this and the next are the doctor's business too */
    bool level;        /* of the pin while pressed, the opposite at rest */
    bool inner;        /* REQUEST_CALL: it is rather called by what asks */
    uint64_t hold_ps;  /* 0: whichever has an effect */
};

/* Nothing follows the power-on. */
bool request_is_power_on(const struct request *request);
/* Puts the pin to rest, or holds it, on a board that has just got power. */
void request_prepare(const struct request *request, struct l072 *board);
/* Makes it. False: there is nobody to ask, as no USB device is there that knows DFU_DETACH. */
bool request_make(const struct request *request, struct watch *watch);
/* Writes presses of the inputs that software has set up, at most `room`. Returns how many. For an
 * input without a pull resistor there are two, for either level. `floating`: of those inputs alone,
 * and only the presses that pull low. */
size_t request_inputs(struct l072 *board, bool floating, struct request *list, size_t room);

#endif
