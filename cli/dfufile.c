/* SPDX-License-Identifier: MIT */
#include "dfufile.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Offsets from the end of the file. */
enum { FROM_bcdDevice = 16, FROM_idProduct = 14, FROM_idVendor = 12, FROM_bcdDFU = 10 };
enum { FROM_signature = 8, FROM_bLength = 5, FROM_dwCRC = 4 };

/* Offsets in the DfuSe prefix, and in the prefix of a target. */
enum { PREFIX_bVersion = 5, PREFIX_DFUImageSize = 6, PREFIX_bTargets = 10 };
enum { TARGET_bAlternate = 6, TARGET_bNamed = 7, TARGET_szName = 11 };
enum { TARGET_dwSize = 266, TARGET_dwElements = 270 };

static const char prefix_signature[] = "DfuSe", target_signature[] = "Target";
static const char suffix_signature[] = "UFD";
#define SIGNED_WITH(at, signature) (memcmp(at, signature, sizeof(signature) - 1) == 0)

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static uint8_t *put16(uint8_t *p, uint16_t value)
{
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
    return p + 2;
}

static uint8_t *put32(uint8_t *p, uint32_t value)
{
    return put16(put16(p, (uint16_t)value), (uint16_t)(value >> 16));
}

static uint8_t *put_bytes(uint8_t *p, const void *bytes, size_t size)
{
    if (size)
        memcpy(p, bytes, size);
    return p + size;
}

/* CRC-32 as in zlib, but for the last inversion. */
uint32_t dfu_crc(const uint8_t *data, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return crc;
}

void dfu_seal(uint8_t *file, size_t size)
{
    if (size >= DFU_SUFFIX_SIZE)
        put32(file + size - FROM_dwCRC, dfu_crc(file, size - FROM_dwCRC));
}

bool dfu_has_suffix(const uint8_t *file, size_t size)
{
    return size >= DFU_SUFFIX_SIZE && SIGNED_WITH(file + size - FROM_signature, suffix_signature);
}

bool dfu_has_prefix(const uint8_t *file, size_t size)
{
    return size >= DFUSE_PREFIX_SIZE && SIGNED_WITH(file, prefix_signature);
}

/* ---- Reading --------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static bool problem(struct dfu_file *dfu, const char *format,
                                                          ...)
{
    if (dfu->problems == DFU_PROBLEMS)
        return false;
    struct error *next = &dfu->problem[dfu->problems++];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(next->text, sizeof(next->text), format, arguments);
    va_end(arguments);
    return false;
}

static void read_suffix(struct dfu_file *dfu, const uint8_t *file, size_t size)
{
    const uint8_t *end = file + size;
    if (!dfu_has_suffix(file, size)) {
        problem(dfu, "the DFU suffix is missing; the file is cut short");
        return;
    }
    dfu->has_suffix = true;
    dfu->suffix = (struct dfu_suffix){
        .bcd_device = get16(end - FROM_bcdDevice),
        .id_product = get16(end - FROM_idProduct),
        .id_vendor = get16(end - FROM_idVendor),
        .bcd_dfu = get16(end - FROM_bcdDFU),
        .length = end[-FROM_bLength],
        .crc = get32(end - FROM_dwCRC),
    };
    dfu->crc = dfu_crc(file, size - FROM_dwCRC);
    /* A longer suffix than that of today has more in front of it. */
    if (dfu->suffix.length < DFU_SUFFIX_SIZE || dfu->suffix.length > size)
        problem(dfu, "the suffix says that it has %u bytes; it has %u", dfu->suffix.length,
                DFU_SUFFIX_SIZE);
    else
        dfu->payload_size = size - dfu->suffix.length;
    if (dfu->crc != dfu->suffix.crc)
        problem(dfu, "the CRC is 0x%08X and should be 0x%08X; the file is damaged", dfu->suffix.crc,
                dfu->crc);
    if ((dfu->suffix.bcd_dfu == DFU_DFUSE) != dfu->is_dfuse)
        problem(dfu, "bcdDFU is 0x%04X, but there is %s DfuSe prefix", dfu->suffix.bcd_dfu,
                dfu->is_dfuse ? "a" : "no");
}

static void *one_more(void *array, size_t count, size_t size)
{
    /* Sizes double: a file may claim very many elements. */
    return count & (count - 1) ? array : realloc(array, (count ? 2 * count : 1) * size);
}

/* Reads the elements of the last target in `size` bytes; false when they are not all there.
 * *used: the bytes that they take. */
static bool read_elements(struct dfu_file *dfu, const uint8_t *at, size_t size, size_t *used,
                          bool *short_of_memory)
{
    struct dfuse_target *target = &dfu->target[dfu->targets - 1];
    *used = 0;
    for (uint32_t i = 0; i < target->elements; i++) {
        if (size - *used < DFUSE_ELEMENT_SIZE)
            return problem(dfu, "element %u of target %zu is missing; the file is cut short", i + 1,
                           dfu->targets);
        struct dfuse_element element = {
            .target = (uint8_t)(dfu->targets - 1),
            .address = get32(at + *used),
            .size = get32(at + *used + 4),
            .data = at + *used + DFUSE_ELEMENT_SIZE,
        };
        *used += DFUSE_ELEMENT_SIZE;
        if (element.size > size - *used)
            return problem(dfu,
                           "the element for 0x%08X says %u bytes, and %zu are there; the file is "
                           "cut short or its sizes are wrong",
                           element.address, element.size, size - *used);
        struct dfuse_element *larger = one_more(dfu->element, dfu->elements, sizeof(element));
        if (!larger)
            return !(*short_of_memory = true);
        dfu->element = larger;
        dfu->element[dfu->elements++] = element;
        *used += element.size;
    }
    if (*used != target->size)
        problem(dfu, "target %zu says %u bytes, its elements have %zu", dfu->targets, target->size,
                *used);
    return true;
}

/* Reads one target from `size` bytes on; false when it is not all there. */
static bool read_target(struct dfu_file *dfu, const uint8_t *at, size_t size, size_t *used,
                        bool *short_of_memory)
{
    *used = 0;
    if (size < DFUSE_TARGET_SIZE || !SIGNED_WITH(at, target_signature))
        return problem(dfu, "target %zu of %u is missing; the file is cut short or damaged",
                       dfu->targets + 1, dfu->targets_told);
    struct dfuse_target *larger = one_more(dfu->target, dfu->targets, sizeof(*larger));
    if (!larger)
        return !(*short_of_memory = true);
    dfu->target = larger;
    struct dfuse_target *target = &dfu->target[dfu->targets++];
    *target = (struct dfuse_target){
        .alternate = at[TARGET_bAlternate],
        .named = get32(at + TARGET_bNamed) != 0,
        .size = get32(at + TARGET_dwSize),
        .elements = get32(at + TARGET_dwElements),
    };
    memcpy(target->name, at + TARGET_szName, DFUSE_NAME_SIZE);
    bool ok =
        read_elements(dfu, at + DFUSE_TARGET_SIZE, size - DFUSE_TARGET_SIZE, used, short_of_memory);
    *used += DFUSE_TARGET_SIZE;
    return ok;
}

static bool read_targets(struct dfu_file *dfu)
{
    const uint8_t *prefix = dfu->payload;
    bool short_of_memory = false;
    dfu->prefix_version = prefix[PREFIX_bVersion];
    dfu->image_size = get32(prefix + PREFIX_DFUImageSize);
    dfu->targets_told = prefix[PREFIX_bTargets];
    dfu->right_image_size = (uint32_t)dfu->payload_size;
    if (dfu->prefix_version != 1)
        problem(dfu, "the DfuSe prefix is of version %u, not 1", dfu->prefix_version);
    if (dfu->image_size != dfu->right_image_size)
        problem(dfu, "DFUImageSize is %u and should be %u%s", dfu->image_size,
                dfu->right_image_size,
                dfu->image_size == dfu->right_image_size + DFU_SUFFIX_SIZE
                    ? ": the suffix does not count; fwupd rejects the file"
                    : "");
    size_t at = DFUSE_PREFIX_SIZE, used;
    while (dfu->targets < dfu->targets_told) {
        if (!read_target(dfu, prefix + at, dfu->payload_size - at, &used, &short_of_memory))
            return !short_of_memory;
        at += used;
    }
    if (at != dfu->payload_size)
        problem(dfu, "there are %zu bytes behind the last target", dfu->payload_size - at);
    return true;
}

bool dfu_parse(struct dfu_file *dfu, const uint8_t *file, size_t size)
{
    *dfu = (struct dfu_file){
        .is_dfuse = dfu_has_prefix(file, size), .payload = file, .payload_size = size};
    read_suffix(dfu, file, size);
    if (!dfu->is_dfuse)
        return true;
    if (dfu->payload_size < DFUSE_PREFIX_SIZE) {
        dfu->is_dfuse = false;
        return true; /* the length of the suffix is wrong */
    }
    if (read_targets(dfu))
        return true;
    dfu_free(dfu);
    return false;
}

void dfu_free(struct dfu_file *dfu)
{
    free(dfu->target);
    free(dfu->element);
    *dfu = (struct dfu_file){0};
}

/* ---- Making ---------------------------------------------------------------------------------- */

/* The elements of one target, or of all. */
static size_t elements_size(const struct dfu_file *dfu, int target, uint32_t *count)
{
    size_t size = 0;
    *count = 0;
    for (size_t i = 0; i < dfu->elements; i++) {
        if (target >= 0 && dfu->element[i].target != target)
            continue;
        size += DFUSE_ELEMENT_SIZE + dfu->element[i].size;
        ++*count;
    }
    return size;
}

static uint8_t *put_target(uint8_t *at, const struct dfu_file *dfu, size_t number)
{
    const struct dfuse_target *target = &dfu->target[number];
    uint32_t count;
    uint32_t size = (uint32_t)elements_size(dfu, (int)number, &count);
    at = put_bytes(at, target_signature, sizeof(target_signature) - 1);
    *at++ = target->alternate;
    at = put32(at, target->named);
    at = put_bytes(at, target->name, DFUSE_NAME_SIZE);
    at = put32(put32(at, size), count);
    for (size_t i = 0; i < dfu->elements; i++) {
        const struct dfuse_element *element = &dfu->element[i];
        if (element->target != number)
            continue;
        at = put32(put32(at, element->address), element->size);
        at = put_bytes(at, element->data, element->size);
    }
    return at;
}

static uint8_t *put_prefix(uint8_t *at, size_t image_size, size_t targets)
{
    at = put_bytes(at, prefix_signature, sizeof(prefix_signature) - 1);
    *at++ = 1;
    at = put32(at, (uint32_t)image_size);
    *at++ = (uint8_t)targets;
    return at;
}

static uint8_t *put_suffix(uint8_t *at, const struct dfu_suffix *suffix)
{
    at = put16(put16(at, suffix->bcd_device), suffix->id_product);
    at = put16(put16(at, suffix->id_vendor), suffix->bcd_dfu);
    at = put_bytes(at, suffix_signature, sizeof(suffix_signature) - 1);
    *at++ = DFU_SUFFIX_SIZE;
    return put32(at, 0);
}

uint8_t *dfu_build(const struct dfu_file *dfu, size_t *size)
{
    uint32_t count;
    size_t image_size = dfu->payload_size;
    if (dfu->targets)
        image_size =
            DFUSE_PREFIX_SIZE + dfu->targets * DFUSE_TARGET_SIZE + elements_size(dfu, -1, &count);
    *size = image_size + DFU_SUFFIX_SIZE;
    uint8_t *file = malloc(*size), *at = file;
    if (!file)
        return NULL;
    if (dfu->targets)
        at = put_prefix(at, image_size, dfu->targets);
    else
        at = put_bytes(at, dfu->payload, dfu->payload_size);
    for (size_t i = 0; i < dfu->targets; i++)
        at = put_target(at, dfu, i);
    put_suffix(at, &dfu->suffix);
    dfu_seal(file, *size);
    return file;
}
