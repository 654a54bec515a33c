/* SPDX-License-Identifier: MIT */
/* Findings for programs: one JSON object (RFC 8259). Addresses and words are numbers. */
#include <stdio.h>

#include "findings.h"
#include "print.h"

static const char *boolean(bool value)
{
    return value ? "true" : "false";
}

static void print_segments(const struct findings *f)
{
    printf(",\n  \"segments\": [");
    for (size_t i = 0; i < f->image.count; i++) {
        const struct image_segment *segment = &f->image.segment[i];
        printf("%s\n    {\"address\": %u, \"size\": %u, \"memory\": \"%s\"}", i ? "," : "",
               segment->address, segment->size, findings_place(f, segment->address));
    }
    printf("]");
    if (f->image.has_start)
        printf(",\n  \"start\": %u", f->image.start);
}

static void print_vectors(const struct findings *f)
{
    if (f->has_vectors)
        printf(",\n  \"vectors\": {\"address\": %u, \"sp\": %u, \"sp_sane\": %s, "
               "\"reset\": %u, \"reset_sane\": %s}",
               f->vectors, f->sp, boolean(f->sp_sane), f->reset, boolean(f->reset_sane));
    if (f->has_word0)
        printf(",\n  \"word0\": {\"value\": %u, \"hidden\": %s}", f->word0, boolean(f->hidden));
    printf(",\n  \"bank2\": [");
    for (int i = 0; i < BANK2_PARTS; i++) {
        printf("%s\n    {\"flash_kb\": %u, \"address\": %u, \"given\": %s", i ? "," : "",
               f->bank2[i].kb, f->bank2[i].address, boolean(f->bank2[i].given));
        if (f->bank2[i].given)
            printf(", \"value\": %u, \"hidden\": %s", f->bank2[i].word,
                   boolean(!f->bank2[i].visible));
        printf("}");
    }
    printf("]");
}

static void print_suffix(const struct findings *f)
{
    const struct dfu_suffix *suffix = &f->dfu.suffix;
    if (f->dfu.has_suffix)
        printf(",\n  \"suffix\": {\"idVendor\": %u, \"idProduct\": %u, \"bcdDevice\": %u, "
               "\"bcdDFU\": %u, \"bLength\": %u, \"dwCRC\": %u, \"computed\": %u, "
               "\"crc_right\": %s}",
               suffix->id_vendor, suffix->id_product, suffix->bcd_device, suffix->bcd_dfu,
               suffix->length, suffix->crc, f->dfu.crc, boolean(suffix->crc == f->dfu.crc));
}

static void print_target(const struct dfu_file *dfu, size_t number)
{
    const struct dfuse_target *target = &dfu->target[number];
    bool first = true;
    printf("%s\n    {\"alternate\": %u, \"name\": ", number ? "," : "", target->alternate);
    print_json_string(target->named ? target->name : "");
    printf(", \"size\": %u, \"elements\": [", target->size);
    for (size_t i = 0; i < dfu->elements; i++) {
        const struct dfuse_element *element = &dfu->element[i];
        if (element->target != number)
            continue;
        printf("%s\n      {\"address\": %u, \"size\": %u}", first ? "" : ",", element->address,
               element->size);
        first = false;
    }
    printf("]}");
}

static void print_prefix(const struct findings *f)
{
    const struct dfu_file *dfu = &f->dfu;
    if (!dfu->is_dfuse)
        return;
    printf(",\n  \"prefix\": {\"bVersion\": %u, \"DFUImageSize\": %u, \"computed\": %u, "
           "\"bTargets\": %u},\n  \"targets\": [",
           dfu->prefix_version, dfu->image_size, dfu->right_image_size, dfu->targets_told);
    for (size_t i = 0; i < dfu->targets; i++)
        print_target(dfu, i);
    printf("]");
}

void findings_print_json(const struct findings *findings, const char *path)
{
    printf("{\n  \"file\": ");
    print_json_string(path);
    printf(",\n  \"kind\": \"%s\",\n  \"size\": %zu", findings_kind(findings),
           findings->image.file_size);
    print_segments(findings);
    print_vectors(findings);
    print_prefix(findings);
    print_suffix(findings);
    printf(",\n  \"problems\": [");
    for (size_t i = 0; i < findings->problems; i++) {
        printf("%s\n    ", i ? "," : "");
        print_json_string(findings->problem[i].text);
    }
    printf("]\n}\n");
}
