/* SPDX-License-Identifier: MIT */
#include "findings.h"

#include <stdio.h>
#include <string.h>

#include "file.h"
#include "hidden.h"
#include "image_dfu.h"
#include "memories.h"
#include "target.h"

static void add_problem(struct findings *f, const char *text)
{
    if (f->problems < PROBLEMS)
        error_set(&f->problem[f->problems++], "%s", text);
}

/* All that is left of a damaged file is worth telling. */
static bool read_dfu(struct findings *f, uint8_t *file, size_t size, uint32_t address,
                     struct error *error)
{
    struct error reason;
    f->image = (struct image){.kind = dfu_kind(file, size), .file = file, .file_size = size};
    if (!dfu_parse(&f->dfu, file, size))
        return error_set(error, "not enough memory for the image");
    for (size_t i = 0; i < f->dfu.problems; i++)
        add_problem(f, f->dfu.problem[i].text);
    if (!dfu_add(&f->image, &f->dfu, address, &reason))
        add_problem(f, reason.text);
    if (f->image.count == 0)
        add_problem(f, "holds no data to load");
    return true;
}

static bool read_file(struct findings *f, const char *path, uint32_t address, struct error *error)
{
    uint8_t *file;
    size_t size;
    struct error reason;
    if (!file_read(path, &file, &size, error))
        return false;
    if (dfu_kind(file, size) != IMAGE_BIN && image_kind_of(file, size) == dfu_kind(file, size))
        return read_dfu(f, file, size, address, error);
    return image_parse(&f->image, file, size, address, &reason) ||
           error_set(error, "%s: %s", path, reason.text);
}

static bool check_part(struct findings *f, const char *part, struct error *error)
{
    struct error reason;
    struct l072 *board =
        target_create(&(struct l072_config){.part = part ? part : TARGET_PART}, error);
    if (!board)
        return false;
    if (!target_load(board, &f->image, &reason))
        add_problem(f, reason.text);
    l072_get_geometry(board, &f->geometry);
    l072_destroy(board);
    return true;
}

/* Where the flash of the image begins; 0: it has none. */
static uint32_t first_flash(const struct findings *f)
{
    for (size_t i = 0; i < f->image.count; i++) {
        uint32_t address = f->image.segment[i].address;
        if (address - f->geometry.flash_base < f->geometry.flash_size)
            return address;
    }
    return 0;
}

/* VTOR takes multiples of 256, so a table is nowhere else. Data may lie there as well: what is
 * neither at the start of the flash nor like a table is none. */
static void find_vectors(struct findings *f)
{
    const struct l072_geometry *geometry = &f->geometry;
    f->vectors = first_flash(f);
    if (!f->vectors || f->vectors % 256 || !image_word(&f->image, f->vectors, &f->sp) ||
        !image_word(&f->image, f->vectors + 4, &f->reset))
        return;
    bool in_sram = hidden_is_visible(f->sp);
    f->sp_sane = !in_sram || (f->sp % 4 == 0 && f->sp > geometry->sram_base &&
                              f->sp - geometry->sram_base <= geometry->sram_size);
    f->reset_sane = f->reset % 2 && image_contains(&f->image, f->reset - 1);
    f->has_vectors = f->vectors == geometry->flash_base || in_sram || f->reset_sane;
}

static void check_vectors(struct findings *f)
{
    struct error text;
    find_vectors(f);
    if (!f->has_vectors) {
        if (f->vectors == f->geometry.flash_base)
            add_problem(f, "the flash is too short for a vector table");
        return;
    }
    if (!f->sp_sane) {
        error_set(&text, "the stack pointer 0x%08X is not in the RAM of the part", f->sp);
        add_problem(f, text.text);
    }
    if (!f->reset_sane) {
        error_set(&text, "the reset vector 0x%08X is no Thumb address inside the image", f->reset);
        add_problem(f, text.text);
    }
}

static void look_at_banks(struct findings *f)
{
    static const unsigned sizes[BANK2_PARTS] = {128, 192};
    f->has_word0 = image_word(&f->image, IMAGE_FLASH, &f->word0);
    f->hidden = f->has_word0 && !hidden_is_visible(f->word0);
    for (size_t i = 0; i < BANK2_PARTS; i++) {
        f->bank2[i].kb = sizes[i];
        f->bank2[i].address = IMAGE_FLASH + sizes[i] * 1024 / 2;
        f->bank2[i].given = image_word(&f->image, f->bank2[i].address, &f->bank2[i].word);
        f->bank2[i].visible = f->bank2[i].given && hidden_is_visible(f->bank2[i].word);
    }
}

bool findings_make(struct findings *findings, const char *path, uint32_t address, const char *part,
                   struct error *error)
{
    *findings = (struct findings){0};
    if (!read_file(findings, path, address, error) || !check_part(findings, part, error)) {
        findings_free(findings);
        return false;
    }
    check_vectors(findings);
    look_at_banks(findings);
    return true;
}

void findings_free(struct findings *findings)
{
    image_free(&findings->image);
    dfu_free(&findings->dfu);
}

const char *findings_kind(const struct findings *findings)
{
    switch (findings->image.kind) {
    case IMAGE_ELF: return "ELF";
    case IMAGE_HEX: return "Intel HEX";
    case IMAGE_DFUSE: return "DfuSe";
    case IMAGE_DFU: return "plain DFU";
    case IMAGE_BIN: break;
    }
    return "plain bytes";
}

const char *findings_place(const struct findings *findings, uint32_t address)
{
    enum memory memory = memory_of(&findings->geometry, address);
    bool elsewhere = memory == MEMORY_OPTIONS && address - OPTIONS_BASE >= 32;
    return elsewhere ? "no memory" : memory_name[memory];
}
