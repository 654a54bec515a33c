/* SPDX-License-Identifier: MIT */
/* Packets: GDB manual, appendix E.1 Overview. */
#include "gdb_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define ESCAPE    '}'
#define ESCAPED   0x20 /* what an escaped byte is XORed with */
#define INTERRUPT 3

static const char digits[] = "0123456789abcdef";

static int digit(char c)
{
    if (c >= 'A' && c <= 'F')
        c = (char)(c - 'A' + 'a');
    const char *found = c ? strchr(digits, c) : NULL;
    return found ? (int)(found - digits) : -1;
}

void gdb_to_hex(const uint8_t *data, size_t size, char *hex)
{
    for (size_t i = 0; i < size; i++) {
        *hex++ = digits[data[i] >> 4];
        *hex++ = digits[data[i] & 15];
    }
    *hex = '\0';
}

size_t gdb_from_hex(const char *hex, uint8_t *data, size_t size)
{
    size_t i = 0;
    for (; i < size; i++) {
        int high = digit(hex[2 * i]);
        int low = high < 0 ? -1 : digit(hex[2 * i + 1]);
        if (low < 0)
            break;
        data[i] = (uint8_t)(high << 4 | low);
    }
    return i;
}

bool gdb_number(const char **text, char end, uint32_t *value)
{
    const char *p = *text;
    uint64_t sum = 0;
    while (digit(*p) >= 0 && sum <= UINT32_MAX)
        sum = sum << 4 | (unsigned)digit(*p++);
    if (p == *text || sum > UINT32_MAX || *p != end)
        return false;
    *text = end ? p + 1 : p;
    *value = (uint32_t)sum;
    return true;
}

/* ---- From the client --------------------------------------------------------------------------
 */

static void discard(struct gdb_input *input, size_t size)
{
    input->size -= size;
    memmove(input->data, input->data + size, input->size);
}

static unsigned sum_of(const char *data, size_t size)
{
    unsigned sum = 0;
    for (size_t i = 0; i < size; i++)
        sum += (uint8_t)data[i];
    return sum & 0xFF;
}

static size_t unescape(const char *from, size_t size, char *to)
{
    size_t n = 0;
    for (size_t i = 0; i < size; i++) {
        if (from[i] == ESCAPE && i + 1 < size)
            to[n++] = (char)(from[++i] ^ ESCAPED);
        else
            to[n++] = from[i];
    }
    to[n] = '\0';
    return n;
}

enum gdb_received gdb_take(struct gdb_input *input, char command[GDB_PACKET + 1], size_t *size)
{
    size_t skip = 0;
    /* Between packets: acknowledgements, which TCP makes needless. */
    while (skip < input->size && input->data[skip] != '$' && input->data[skip] != INTERRUPT)
        skip++;
    discard(input, skip);
    if (input->size == 0)
        return GDB_NOTHING;
    if (input->data[0] == INTERRUPT) {
        discard(input, 1);
        return GDB_INTERRUPT;
    }
    const char *end = memchr(input->data, '#', input->size);
    if (!end || end + 2 >= input->data + input->size) {
        bool full = input->size == sizeof(input->data);
        if (full)
            input->size = 0;
        return full ? GDB_DAMAGED : GDB_NOTHING;
    }
    const char *start = input->data + 1;
    size_t length = (size_t)(end - start);
    uint8_t sum;
    bool good =
        length <= GDB_PACKET && gdb_from_hex(end + 1, &sum, 1) == 1 && sum == sum_of(start, length);
    if (good)
        *size = unescape(start, length, command);
    discard(input, length + 4);
    return good ? GDB_COMMAND : GDB_DAMAGED;
}

/* ---- To the client ----------------------------------------------------------------------------
 */

void gdb_send(struct gdb *gdb, const char *data, size_t size)
{
    char packet[2 * GDB_PACKET + 5];
    size_t n = 0;
    if (gdb->client < 0 || size > GDB_PACKET)
        return;
    packet[n++] = '$';
    for (size_t i = 0; i < size; i++) {
        if (data[i] && strchr("#$}*", data[i])) {
            packet[n++] = ESCAPE;
            packet[n++] = (char)(data[i] ^ ESCAPED);
        } else {
            packet[n++] = data[i];
        }
    }
    uint8_t sum = (uint8_t)sum_of(packet + 1, n - 1);
    packet[n++] = '#';
    gdb_to_hex(&sum, 1, packet + n);
    n += 2;
    if (send(gdb->client, packet, n, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)n)
        gdb_drop(gdb);
}

void gdb_reply(struct gdb *gdb, const char *format, ...)
{
    char text[GDB_PACKET];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (size >= 0 && (size_t)size < sizeof(text))
        gdb_send(gdb, text, (size_t)size);
}

void gdb_result(struct gdb *gdb, bool ok)
{
    gdb_reply(gdb, "%s", ok ? "OK" : "E01");
}

void gdb_print(struct gdb *gdb, const char *text)
{
    char hex[GDB_PACKET];
    size_t size = strlen(text);
    if (size > sizeof(hex) / 2 - 1)
        size = sizeof(hex) / 2 - 1;
    gdb_to_hex((const uint8_t *)text, size, hex);
    gdb_reply(gdb, "O%s", hex);
}
