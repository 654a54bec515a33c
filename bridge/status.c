/* SPDX-License-Identifier: MIT */
#include "status.h"

#include <errno.h>

int status_errno(enum l072_urb_status status)
{
    /* By Documentation/driver-api/usb/error-codes.rst of Linux. */
    static const int number[] = {
        [L072_URB_OK] = 0,
        [L072_URB_STALL] = -EPIPE,
        [L072_URB_ERROR] = -EPROTO,
        [L072_URB_OVERFLOW] = -EOVERFLOW,
        [L072_URB_CANCELLED] = -ENOENT,
        [L072_URB_GONE] = -ESHUTDOWN,
    };
    return number[status];
}
