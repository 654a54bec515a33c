/* SPDX-License-Identifier: MIT */
#include "story.h"

#include "dfuhost.h"
#include "target.h"

#define APPEARS_PS (2 * L072_PS_PER_S) /* in which a device has to be ready */
#define SLICE_PS   L072_PS_PER_MS
#define HOLD_PS    (50 * L072_PS_PER_MS) /* of the button */

static void press(struct story *story, bool down)
{
    if (story->pin)
        (void)l072_drive_pin(story->board, story->pin, story->level == down); /* was checked */
}

static bool power_on(struct story *story)
{
    l072_power(story->board, true);
    press(story, false);
    usb_device_init(&story->device, story->board);
    story->device.observe = story->observe;
    story->device.context = story->context;
    return usb_device_wait(&story->device, APPEARS_PS);
}

static enum story_end judge(const struct story *story)
{
    if (!usb_device_ready(&story->device))
        return STORY_BRICK;
    if (dfuhost_in_dfu(&story->device))
        return STORY_DFU;
    if (target_holds(story->board, story->new_image))
        return STORY_NEW;
    return target_holds(story->board, story->old_image) ? STORY_OLD : STORY_BRICK;
}

/* A device that was asked to leave is there a little longer: waits for the one that is to come. */
static bool becomes(struct story *story, enum story_end end)
{
    uint64_t late = l072_now(story->board) + APPEARS_PS;

    while (judge(story) != end)
        if (!l072_powered(story->board) || l072_now(story->board) >= late ||
            !usb_device_run(&story->device, SLICE_PS))
            return false;
    return true;
}

static bool enter_dfu(struct story *story)
{
    struct usb_device *dev = &story->device;
    bool done;

    if (dfuhost_in_dfu(dev))
        return true;
    press(story, true);
    done = story->pin ? usb_device_run(dev, HOLD_PS) : dfuhost_detach(dev);
    press(story, false);
    return done && becomes(story, STORY_DFU);
}

static bool update(struct story *story)
{
    const struct image *image = story->new_image;
    struct usb_device *dev = &story->device;

    for (size_t i = 0; i < image->count; i++)
        if (!dfuhost_erase(dev, image->segment[i].address, image->segment[i].size))
            return false;
    for (size_t i = 0; i < image->count; i++)
        if (!dfuhost_write(dev, image->segment[i].address, image->segment[i].data,
                           image->segment[i].size))
            return false;
    return dfuhost_leave(dev, image->segment[0].address);
}

bool story_run(struct story *story)
{
    return power_on(story) && enter_dfu(story) && update(story) && becomes(story, STORY_NEW);
}

enum story_end story_recover(struct story *story)
{
    return power_on(story) ? judge(story) : STORY_BRICK;
}
