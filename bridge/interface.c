/* SPDX-License-Identifier: MIT */
#include "interface.h"

#include <errno.h>

#include "descriptor.h"

const uint8_t *interface_next(const struct usbfs *fs, const uint8_t *at)
{
    return fs->active ? descriptor_next(fs->active, fs->active_size, at) : NULL;
}

uint8_t interface_count(const struct usbfs *fs)
{
    return fs->active ? fs->active[CONFIGURATION_bNumInterfaces] : 0;
}

unsigned interface_alternates(const struct usbfs *fs, unsigned number)
{
    unsigned count = 0;
    const uint8_t *d = NULL;
    while ((d = interface_next(fs, d)) != NULL)
        count += d[1] == DESCRIPTOR_INTERFACE && d[INTERFACE_bInterfaceNumber] == number;
    return number < USBFS_INTERFACES ? count : 0;
}

bool interface_in_use(const struct usbfs *fs, const uint8_t *interface)
{
    uint8_t number = interface[INTERFACE_bInterfaceNumber];
    uint8_t alternate = number < USBFS_INTERFACES ? fs->alternate[number] : 0;
    return alternate == interface[INTERFACE_bAlternateSetting];
}

/* The next endpoint after `*at` of the settings in use, and its interface; NULL at the end. */
static const uint8_t *next_endpoint(const struct usbfs *fs, const uint8_t *at,
                                    const uint8_t **interface)
{
    while ((at = interface_next(fs, at)) != NULL) {
        if (at[1] == DESCRIPTOR_INTERFACE)
            *interface = at;
        else if (at[1] == DESCRIPTOR_ENDPOINT && *interface && interface_in_use(fs, *interface))
            break;
    }
    return at;
}

const uint8_t *interface_endpoint(const struct usbfs *fs, unsigned address, unsigned *number)
{
    const uint8_t *interface = NULL, *at = NULL;
    while ((at = next_endpoint(fs, at, &interface)) != NULL) {
        *number = interface[INTERFACE_bInterfaceNumber];
        if (at[ENDPOINT_bEndpointAddress] == address)
            break;
    }
    return at;
}

void interface_clear_toggles(const struct usbfs *fs, int number)
{
    const uint8_t *interface = NULL, *at = NULL;
    while ((at = next_endpoint(fs, at, &interface)) != NULL)
        if (number < 0 || interface[INTERFACE_bInterfaceNumber] == number)
            l072_usb_clear_toggle(fs->dev->board, fs->address, at[ENDPOINT_bEndpointAddress]);
}

int interface_claim(struct usbfs_file *file, unsigned number)
{
    struct usbfs *fs = file->fs;
    if (interface_alternates(fs, number) == 0)
        return -ENOENT;
    if (fs->claim[number] && fs->claim[number] != file)
        return -EBUSY;
    fs->claim[number] = file;
    return 0;
}

int interface_release(struct usbfs_file *file, unsigned number)
{
    if (number >= USBFS_INTERFACES || file->fs->claim[number] != file)
        return -EINVAL;
    file->fs->claim[number] = NULL;
    return 0;
}

int interface_claim_recipient(struct usbfs_file *file, const uint8_t setup[8])
{
    unsigned number, index = setup[4];
    if ((setup[0] & REQUEST_TYPE_MASK) == REQUEST_TYPE_VENDOR)
        return 0;
    switch (setup[0] & REQUEST_RECIPIENT_MASK) {
    case REQUEST_TO_INTERFACE: return interface_claim(file, index);
    case REQUEST_TO_ENDPOINT:
        if ((index & ~REQUEST_DIR_IN) == 0)
            return 0;
        return interface_endpoint(file->fs, index, &number) ? interface_claim(file, number)
                                                            : -ENOENT;
    default: return 0;
    }
}
