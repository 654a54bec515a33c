/* SPDX-License-Identifier: MIT */
/* How a transfer of the board's port ended, as Linux tells it. */
#ifndef BRIDGE_STATUS_H
#define BRIDGE_STATUS_H

#include "l072.h"

/* 0 or -errno; not for L072_URB_PENDING. */
int status_errno(enum l072_urb_status status);

#endif
