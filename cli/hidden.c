/* SPDX-License-Identifier: MIT */
#include "hidden.h"

#include "l072.h"
#include "report.h"
#include "target.h"
#include "trace.h"

/* What is taken for an initial SP: 0x2000xxxx, as dfuse_WhyNot() has it. The ROM's own bounds,
 * which are narrower, are not published. */
#define SRAM_HIGH_HALF 0x2000u

/* RM0376, option bytes: the upper half of FLASH_OPTR, whose bit 7 is BFB2, and its complement. */
#define OPTION_WORD 0x1FF80004u
#define OPTION_BFB2 0x0080u

bool hidden_is_visible(uint32_t word)
{
    return word >> 16 == SRAM_HIGH_HALF;
}

/* A bootloader in front looks for a stack pointer in word 0, as the ROM does. */
static bool refuse_place(const struct image *image, struct error *error)
{
    uint32_t address = image->count ? image->segment[0].address : 0, word;
    if (image_word(image, address, &word) && hidden_is_visible(word))
        return error_set(
            error,
            "the image has no vector table at 0x%08X, but one at 0x%08X, for a bootloader in "
            "front, which may look for SP there; hide that, it is what the ROM sees",
            IMAGE_FLASH, address);
    return error_set(error, "the image has no vector table at 0x%08X", IMAGE_FLASH);
}

bool hidden_stamp(struct image *image, bool *already, struct error *error)
{
    uint32_t word;
    if (!image_word(image, IMAGE_FLASH, &word))
        return refuse_place(image, error);
    *already = word == HIDDEN_WORD;
    return image_set_word(image, IMAGE_FLASH, HIDDEN_WORD);
}

static bool check_reset_vector(const struct image *image, struct error *error)
{
    uint32_t vector;
    if (!image_word(image, IMAGE_FLASH + 4, &vector))
        return error_set(error, "the image has no reset vector at 0x%08X", IMAGE_FLASH + 4);
    if (vector % 2 == 0 || !image_contains(image, vector - 1))
        return error_set(
            error,
            "the reset vector 0x%08X is no Thumb address inside the image; put the vector "
            "table at 0x%08X",
            vector, IMAGE_FLASH);
    return true;
}

static bool check_bank2(const struct image *image, const struct l072 *board, const char *part,
                        struct error *error)
{
    struct l072_geometry geometry;
    uint32_t word;
    l072_get_geometry(board, &geometry);
    if (!geometry.bank2_base || !image_word(image, geometry.bank2_base, &word))
        return true;
    if (!hidden_is_visible(word))
        return true;
    return error_set(
        error,
        "word 0x%08X at 0x%08X, the start of bank 2 on %s, looks like a stack in SRAM and "
        "the ROM would jump there; keep a constant at that address, or name your --part",
        word, geometry.bank2_base, part);
}

/* With BFB2 set, each start goes through the ROM, which starts visible banks alone. */
static bool check_options(const struct image *image, struct error *error)
{
    uint32_t word;
    if (!image_word(image, OPTION_WORD, &word) || !(word & OPTION_BFB2))
        return true;
    return error_set(error,
                     "the option bytes in it, 0x%08X at 0x%08X, set BFB2, and with that the ROM "
                     "never starts a hidden image; leave them out, or clear BFB2",
                     word, OPTION_WORD);
}

/* Checks bank 2 for `part`, or for every part the image fits when it is NULL. */
static bool check_banks(const struct image *image, const char *part, struct error *error)
{
    bool ok = true;
    const char *name;
    for (size_t i = 0; ok && (name = part ? part : l072_part_name(i)); i++) {
        struct error no_fit;
        struct l072 *board = target_create(&(struct l072_config){.part = name}, error);
        if (!board)
            return false;
        if (target_load(board, image, &no_fit))
            ok = check_bank2(image, board, name, error);
        l072_destroy(board);
        if (part)
            break;
    }
    return ok;
}

/* The reason for an image that needs SP, or runs on, before it has loaded it. */
static bool refuse_start(const struct l072 *board, const struct report *report, struct error *error)
{
    const struct l072_stop *stop = l072_stop(board);
    uint32_t pc = stop->kind ? stop->pc : l072_register(board, 15);
    char place[256], instruction[100];
    report_place(report, pc, place, sizeof(place));
    trace_instruction(board, pc, instruction, sizeof(instruction));
    if (stop->kind)
        return error_set(
            error,
            "the start-up code does not load SP before '%s' at %s; load SP in the first "
            "instruction of Reset_Handler",
            instruction, place);
    return error_set(
        error,
        "the start-up code has not loaded SP after %u instructions, it is at %s; load SP "
        "in the first instruction of Reset_Handler",
        HIDDEN_BUDGET, place);
}

static bool check_start(struct l072 *board, const struct image *image,
                        const struct symbols *symbols, struct error *error)
{
    struct report report = {.board = board, .image = image, .symbols = symbols};
    struct l072_geometry geometry;
    l072_get_geometry(board, &geometry);
    report_refresh(&report);
    l072_power(board, true);
    for (unsigned i = 0; i < HIDDEN_BUDGET; i++) {
        struct l072_event event;
        while (l072_next_event(board, &event))
            ; /* the board does not run while events wait */
        if (l072_step(board) == L072_STOPPED)
            break;
        uint32_t sp = l072_register(board, 13);
        if (sp > geometry.sram_base && sp - geometry.sram_base <= geometry.sram_size)
            return true;
    }
    return refuse_start(board, &report, error);
}

enum hidden hidden_prove(const struct image *image, const struct symbols *symbols, const char *part,
                         struct error *error)
{
    struct l072 *board =
        target_create(&(struct l072_config){.part = part ? part : TARGET_PART}, error);
    if (!board)
        return HIDDEN_ERROR;
    enum hidden verdict = HIDDEN_ERROR;
    if (target_load(board, image, error))
        verdict = check_reset_vector(image, error) && check_options(image, error) &&
                          check_banks(image, part, error) &&
                          check_start(board, image, symbols, error)
                      ? HIDDEN_PROVEN
                      : HIDDEN_REFUSED;
    l072_destroy(board);
    return verdict;
}
