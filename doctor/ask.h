/* SPDX-License-Identifier: MIT */
/* Which request does an application answer? */
#ifndef DOCTOR_ASK_H
#define DOCTOR_ASK_H

#include "attempt.h"

/* Sets x->request, and what every attempt with it needs. Of x->requests it is the first that leads
 * into the ROM, else the first that has an effect: presses short, long, or from power-on on; and
 * nobody's, when the application goes there by itself. False: none of several has an effect. */
bool ask_find(struct examination *x);

#endif
