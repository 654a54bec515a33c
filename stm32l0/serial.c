/* SPDX-License-Identifier: MIT */
#include "serial.h"

#include "regs.h"

void serial_number(char *text)
{
    uint32_t digits = UID_WORD(0) + UID_WORD(8);
    for (unsigned i = 0; i < SERIAL_DIGITS; i++, digits <<= 4) {
        if (i == 8)
            digits = UID_WORD(4);
        *text++ = "0123456789ABCDEF"[digits >> 28];
    }
}
