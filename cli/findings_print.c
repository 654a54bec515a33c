/* SPDX-License-Identifier: MIT */
/* Findings for people, in 80 columns. */
#include <stdio.h>

#include "findings.h"
#include "hidden.h"
#include "print.h"

static const char *verdict(bool right)
{
    return right ? "right" : "WRONG";
}

/* A name may hold anything. */
static void print_name(const char *name)
{
    putchar('"');
    for (int i = 0; i < 40 && name[i]; i++)
        putchar(name[i] >= ' ' && name[i] <= '~' ? name[i] : '?');
    putchar('"');
}

static void print_segments(const struct findings *f)
{
    for (size_t i = 0; i < f->image.count; i++) {
        const struct image_segment *segment = &f->image.segment[i];
        printf("  %-9s 0x%08X-0x%08X %7u bytes\n", findings_place(f, segment->address),
               segment->address, segment->address + segment->size - 1, segment->size);
    }
    if (f->image.has_start)
        printf("  start     0x%08X\n", f->image.start);
}

static void print_vectors(const struct findings *f)
{
    if (!f->has_vectors) {
        printf("  vectors   none\n");
    } else {
        printf("  vectors   0x%08X: stack pointer 0x%08X %s\n", f->vectors, f->sp,
               hidden_is_visible(f->sp) ? verdict(f->sp_sane) : "is none");
        printf("            reset vector 0x%08X %s\n", f->reset, verdict(f->reset_sane));
    }
    if (f->has_word0)
        printf("  word 0    0x%08X: %s\n", f->word0,
               f->hidden ? "hidden, ROM V4.1 stays in DFU"
                         : "visible, ROM V4.1 jumps back; see 'dfuse help hide'");
    for (int i = 0; i < BANK2_PARTS; i++) {
        printf("  bank 2    0x%08X (%u KB parts): ", f->bank2[i].address, f->bank2[i].kb);
        if (f->bank2[i].given)
            printf("0x%08X, %s\n", f->bank2[i].word,
                   f->bank2[i].visible ? "visible: ROM V4.1 jumps there" : "hidden");
        else
            printf("left as it is\n");
    }
}

static void print_suffix(const struct findings *f)
{
    const struct dfu_suffix *suffix = &f->dfu.suffix;
    if (!f->dfu.has_suffix)
        return;
    printf("  suffix    idVendor 0x%04X, idProduct 0x%04X, bcdDevice 0x%04X, bcdDFU 0x%04X\n",
           suffix->id_vendor, suffix->id_product, suffix->bcd_device, suffix->bcd_dfu);
    printf("            bLength %u, dwCRC 0x%08X %s", suffix->length, suffix->crc,
           verdict(suffix->crc == f->dfu.crc));
    if (suffix->crc != f->dfu.crc)
        printf(", computed 0x%08X", f->dfu.crc);
    putchar('\n');
}

static void print_targets(const struct findings *f)
{
    const struct dfu_file *dfu = &f->dfu;
    if (!dfu->is_dfuse)
        return;
    printf("  prefix    version %u, %u targets, DFUImageSize %u %s", dfu->prefix_version,
           dfu->targets_told, dfu->image_size, verdict(dfu->image_size == dfu->right_image_size));
    if (dfu->image_size != dfu->right_image_size)
        printf(", should be %u", dfu->right_image_size);
    putchar('\n');
    size_t element = 0;
    for (size_t i = 0; i < dfu->targets; i++) {
        const struct dfuse_target *target = &dfu->target[i];
        printf("  target    alternate %u ", target->alternate);
        print_name(target->named ? target->name : "");
        printf(", %u bytes, %u elements\n", target->size, target->elements);
        for (; element < dfu->elements && dfu->element[element].target == i; element++)
            printf("    element 0x%08X %7u bytes\n", dfu->element[element].address,
                   dfu->element[element].size);
    }
}

void findings_print(const struct findings *findings, const char *path)
{
    printf("%s: %s, %zu bytes\n", path, findings_kind(findings), findings->image.file_size);
    print_segments(findings);
    print_vectors(findings);
    print_targets(findings);
    print_suffix(findings);
    for (size_t i = 0; i < findings->problems; i++)
        print_wrapped(printf("problem: "), findings->problem[i].text);
}
