/* SPDX-License-Identifier: MIT */
#include "serial.h"

#include "regs.h"

static char *put_hex(char *to, uint32_t number, unsigned digits)
{
    for (unsigned shift = 4 * digits; shift; shift -= 4)
        *to++ = "0123456789ABCDEF"[number >> (shift - 4) & 15];
    return to;
}

const char *serial_number(void)
{
    static char text[13];

    put_hex(put_hex(text, UID_WORD(0) + UID_WORD(8), 8), UID_WORD(4) >> 16, 4);
    return text;
}
