/* SPDX-License-Identifier: MIT */
/* A board with a host, for scenarios: images from build/, buttons, DFU downloads as dfu-util does
 * them. Programs run from the repository root. */
#ifndef SCENARIO_H
#define SCENARIO_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "device.h"
#include "l072.h"

#define MS L072_PS_PER_MS

struct scenario {
    struct l072 *board;
    struct usb_device device;
    unsigned rom_entries; /* jumps into system memory seen */
    unsigned resets, faults;
};

/* A board with `image` (a path) in its flash, power off; the caller destroys s->board. */
void scenario_begin(struct scenario *s, const struct l072_config *config, const char *image);
void scenario_power_on(struct scenario *s);
/* After l072_assign(), and after power-on: what the host knows of the device starts anew. */
void scenario_listen(struct scenario *s);
/* Holds a button for 50 ms. */
void press(struct scenario *s, const char *pin);
/* Wait for a device, up to 2 s: is it ST's DFU, or the example application of that version? */
bool in_dfu(struct scenario *s);
bool in_app(struct scenario *s, unsigned version);

/* Reads an image file as dfu-util would see it; returns its size. */
uint32_t image_bytes(const char *path, uint8_t *bytes, uint32_t room);
/* Writes an image and leaves, as dfu-util does (dfuhost.h). False as soon as something fails. */
bool update(struct scenario *s, const uint8_t *image, uint32_t size);

#endif
