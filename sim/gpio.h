/* SPDX-License-Identifier: MIT */
/* General-purpose I/O (RM0376 GPIO): ports A-E and H, 0x50000000. */
#ifndef SIM_GPIO_H
#define SIM_GPIO_H

#include <stdbool.h>
#include <stdint.h>

struct board;

#define GPIO_PORTS 8 /* 0-4 are A-E, 7 is H; 5 and 6 do not exist */

struct gpio_port {
    uint32_t moder, otyper, ospeedr, pupdr, odr, lckr, afr[2];
    uint8_t lock_step;            /* writes of the lock sequence that were right */
    uint16_t driven, drive_level; /* from outside: which pins, and how */
    uint16_t idr;
};

struct gpio {
    struct gpio_port port[GPIO_PORTS];
};

void gpio_power_on(struct board *b); /* nothing drives the pins any more */
void gpio_reset(struct board *b);
void gpio_port_reset(struct board *b, unsigned port);
uint32_t gpio_read(struct board *b, unsigned port, uint32_t offset);
void gpio_write(struct board *b, unsigned port, uint32_t offset, uint32_t value, uint32_t mask);

/* l072_drive_pin(): drives "PA0" ... "PH1" until the next power-on. Returns 0 or L072_ERR_NAME. */
int gpio_drive(struct board *b, const char *pin, bool level);

#endif
