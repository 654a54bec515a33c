/* SPDX-License-Identifier: MIT */
/* Source: Intel Hexadecimal Object File Format Specification, revision A. */
#include "image_hex.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum record_type {
    RECORD_DATA = 0,
    RECORD_END = 1,
    RECORD_SEGMENT = 2,       /* bits 4-19 of the base address */
    RECORD_START_SEGMENT = 3, /* CS and IP */
    RECORD_LINEAR = 4,        /* bits 16-31 of the base address */
    RECORD_START_LINEAR = 5,  /* EIP */
};

/* Bytes of data each type must have; -1: any number. */
static const int record_length[] = {
    [RECORD_DATA] = -1,         [RECORD_END] = 0,    [RECORD_SEGMENT] = 2,
    [RECORD_START_SEGMENT] = 4, [RECORD_LINEAR] = 2, [RECORD_START_LINEAR] = 4,
};
#define RECORD_TYPES (sizeof(record_length) / sizeof(record_length[0]))

/* A record is length, offset (2), type, data, checksum. */
#define RECORD_HEAD 4
#define RECORD_MAX  (RECORD_HEAD + 255 + 1)

struct reader {
    struct image *image;
    uint32_t base;
    bool segmented; /* base is of RECORD_SEGMENT: offsets stay in 64 KB */
    bool ended;
};

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

/* Spaces and empty lines may come first, then ":LLAAAATT". */
bool hex_recognise(const uint8_t *file, size_t size)
{
    size_t at = 0;
    while (at < size && isspace(file[at]))
        at++;
    if (size - at < 1 + 2 * RECORD_HEAD || file[at] != ':')
        return false;
    for (size_t i = 1; i <= 2 * RECORD_HEAD; i++)
        if (digit((char)file[at + i]) < 0)
            return false;
    return true;
}

/* Turns a line into bytes; checks everything that does not depend on the type. */
static bool decode(const char *line, size_t length, uint8_t record[RECORD_MAX], struct error *error)
{
    if (line[0] != ':')
        return error_set(error, "a record starts with ':'");
    size_t bytes = (length - 1) / 2;
    if (length % 2 == 0 || bytes <= RECORD_HEAD || bytes > RECORD_MAX)
        return error_set(error, "the record is cut short or too long");
    uint8_t sum = 0;
    for (size_t i = 0; i < bytes; i++) {
        int high = digit(line[1 + 2 * i]), low = digit(line[2 + 2 * i]);
        if (high < 0 || low < 0)
            return error_set(error, "there is a character that is no hexadecimal digit");
        record[i] = (uint8_t)(high << 4 | low);
        sum = (uint8_t)(sum + record[i]);
    }
    if (bytes != RECORD_HEAD + record[0] + 1u)
        return error_set(error, "the record says %u bytes of data and has %zu", record[0],
                         bytes - RECORD_HEAD - 1);
    if (sum != 0)
        return error_set(error, "wrong checksum 0x%02X, should be 0x%02X", record[bytes - 1],
                         (uint8_t)(record[bytes - 1] - sum));
    return true;
}

static bool apply(struct reader *reader, const uint8_t *record, struct error *error)
{
    unsigned length = record[0], offset = (unsigned)record[1] << 8 | record[2], type = record[3];
    const uint8_t *data = record + RECORD_HEAD;
    if (type >= RECORD_TYPES)
        return error_set(error, "unknown record type %02X", type);
    if (record_length[type] >= 0 && length != (unsigned)record_length[type])
        return error_set(error, "a record of type %02X has %d bytes of data, not %u", type,
                         record_length[type], length);

    uint32_t high = length >= 2 ? (uint32_t)data[0] << 8 | data[1] : 0;
    uint32_t low = length >= 4 ? (uint32_t)data[2] << 8 | data[3] : 0;
    switch ((enum record_type)type) {
    case RECORD_DATA:
        if (reader->segmented && offset + length > 0x10000)
            return error_set(error, "the record crosses the end of its 64 KB segment");
        return image_add(reader->image, reader->base + offset, data, length, error);
    case RECORD_END: reader->ended = true; break;
    case RECORD_SEGMENT:
    case RECORD_LINEAR:
        reader->segmented = type == RECORD_SEGMENT;
        reader->base = high << (reader->segmented ? 4 : 16);
        break;
    case RECORD_START_SEGMENT:
    case RECORD_START_LINEAR:
        reader->image->has_start = true;
        reader->image->start = type == RECORD_START_SEGMENT ? (high << 4) + low : high << 16 | low;
        break;
    }
    return true;
}

static bool read_line(struct reader *reader, const char *line, size_t length, struct error *error)
{
    while (length > 0 && isspace((unsigned char)line[length - 1]))
        length--;
    if (length == 0)
        return true;
    if (reader->ended)
        return error_set(error, "there is text after the end record");
    uint8_t record[RECORD_MAX];
    return decode(line, length, record, error) && apply(reader, record, error);
}

bool hex_parse(struct image *image, const char *text, size_t size, struct error *error)
{
    struct reader reader = {.image = image};
    unsigned number = 0;
    while (size > 0) {
        const char *newline = memchr(text, '\n', size);
        size_t length = newline ? (size_t)(newline - text) : size;
        struct error reason;
        number++;
        if (!read_line(&reader, text, length, &reason))
            return error_set(error, "line %u: %s", number, reason.text);
        size_t used = newline ? length + 1 : length;
        text += used;
        size -= used;
    }
    if (!reader.ended)
        return error_set(error, "line %u: the end record is missing; the file is cut short",
                         number);
    return true;
}

static void write_record(FILE *out, enum record_type type, unsigned offset, const uint8_t *data,
                         unsigned length)
{
    unsigned sum = length + (offset >> 8) + offset + type;
    fprintf(out, ":%02X%04X%02X", length, offset, type);
    for (unsigned i = 0; i < length; i++) {
        fprintf(out, "%02X", data[i]);
        sum += data[i];
    }
    fprintf(out, "%02X\n", -sum & 0xFF);
}

/* Rows of 16 bytes at multiples of 16; *base follows the linear base address. */
static void write_segment(FILE *out, const struct image_segment *segment, uint32_t *base)
{
    uint32_t done = 0;
    while (done < segment->size) {
        uint32_t address = segment->address + done;
        uint32_t row = 16 - address % 16;
        uint32_t length = row < segment->size - done ? row : segment->size - done;
        if (address >> 16 != *base) {
            *base = address >> 16;
            uint8_t high[2] = {(uint8_t)(*base >> 8), (uint8_t)*base};
            write_record(out, RECORD_LINEAR, 0, high, sizeof(high));
        }
        write_record(out, RECORD_DATA, address & 0xFFFF, segment->data + done, length);
        done += length;
    }
}

char *hex_text(const struct image *image, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (!out)
        return NULL;
    uint32_t base = 0;
    for (size_t i = 0; i < image->count; i++)
        write_segment(out, &image->segment[i], &base);
    if (image->has_start) {
        uint32_t start = image->start;
        uint8_t bytes[4] = {(uint8_t)(start >> 24), (uint8_t)(start >> 16), (uint8_t)(start >> 8),
                            (uint8_t)start};
        write_record(out, RECORD_START_LINEAR, 0, bytes, sizeof(bytes));
    }
    write_record(out, RECORD_END, 0, NULL, 0);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
