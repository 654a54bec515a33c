/* SPDX-License-Identifier: MIT */
#include "serial.h"

#include "regs.h"

void serial_number(char *text)
{
    uint32_t digits = DEVICE->UID[0] + DEVICE->UID[2];
    for (unsigned i = 0; i < SERIAL_DIGITS; i++, digits <<= 4) {
        if (i == 8)
            digits = DEVICE->UID[1];
        uint32_t digit = digits >> 28;
        *text++ = (char)(digit + (digit < 10 ? '0' : 'A' - 10));
    }
}
