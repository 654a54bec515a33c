/* SPDX-License-Identifier: MIT */
/* One attempt of an application to get into DFU, with some of its mistakes put right. */
#ifndef DOCTOR_ATTEMPT_H
#define DOCTOR_ATTEMPT_H

#include "request.h"

#define ATTEMPT_STARTS_PS (300 * L072_PS_PER_MS) /* until the main loop waits for a request */

struct examination {
    const struct l072 *off;         /* as it was given: without power */
    const struct request *requests; /* that the caller names */
    size_t count;
    bool rom_has_dfu;
    struct watch start;       /* the application runs, nothing was asked of it */
    unsigned start_by;        /* the repairs of REPAIR_POWERS_UP that it has */
    struct request start_for; /* the request whose pin is at rest there */
    struct watch now;         /* one attempt */
    struct watch again;       /* a power-on after it, or to see what may be asked */
    struct request request;   /* of the attempts */
    unsigned ask_by;          /* repairs while that is looked for: with BFB2 nothing may start */
    bool made;                /* there was somebody to ask */
    uint64_t patience_ps;     /* until it shows an effect */
    struct fact power_on; /* the jump at a power-on with other content of the SRAM than at start */
    unsigned always;      /* repairs of every attempt */
    unsigned repairs;
    uint32_t token_address;
};

/* Switches the board of `watch` on, with the pin of `request` at rest or held. */
void attempt_power_up(const struct examination *x, struct watch *watch,
                      const struct request *request, unsigned repairs);
/* x->start: the application waits for x->request. */
void attempt_start(struct examination *x, unsigned repairs);
/* Asks the application by x->request, with these repairs. What it finds is of x->now. */
const struct evidence *attempt(struct examination *x, unsigned repairs);

#endif
