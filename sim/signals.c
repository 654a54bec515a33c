/* SPDX-License-Identifier: MIT */
/*
 * Not modelled / simplified: the pins show what gpio.c knows of them; a change and its return
 * within one register write are not seen.
 */
#include "signals.h"

#include "board.h"

static void follow(struct board *b, enum l072_event_kind kind, bool *told, bool is)
{
    if (*told == is)
        return;
    *told = is;
    board_log(b, kind, is, 0);
}

void signals_update(struct board *b)
{
    struct signals *s = &b->signals;
    bool asleep = b->powered && b->cpu.sleep != CPU_AWAKE && cpu_idle(b);

    if (!s->on)
        return;
    follow(b, L072_EVENT_POWER, &s->power, b->powered);
    follow(b, L072_EVENT_SLEEP, &s->sleep, asleep);
    follow(b, L072_EVENT_FLASH, &s->flash, b->flash.state == FLASH_BUSY);
    for (unsigned port = 0; port < GPIO_PORTS; port++) {
        uint16_t levels = b->powered ? b->gpio.port[port].idr : 0;

        if (s->pins[port] == levels)
            continue;
        s->pins[port] = levels;
        board_log(b, L072_EVENT_PINS, port, levels);
    }
}
