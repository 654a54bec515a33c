/* SPDX-License-Identifier: MIT */
/* An update as a user does it: the old application runs, is brought into DFU, gets the new one. */
#ifndef CLI_STORY_H
#define CLI_STORY_H

#include "device.h"
#include "image.h"

enum story_end {
    STORY_DFU,
    STORY_OLD, /* the old application runs, its flash is whole */
    STORY_NEW,
    STORY_BRICK, /* neither: no device within two seconds, a stop, or an application in bits */
    STORY_ENDS,
};

struct story {
    struct l072 *board; /* with the old image, power off */
    const struct image *old_image, *new_image;
    const char *pin; /* of the button that enters DFU; NULL: DFU_DETACH from the host */
    bool level;      /* of the pin while pressed */
    void (*observe)(void *context, const struct l072_event *event); /* may be NULL */
    void *context;
    struct usb_device device;
};

/* Switches power on and tells the story. False: something failed on the way. */
bool story_run(struct story *story);
/* What the board comes back as after a power cut. */
enum story_end story_recover(struct story *story);

#endif
