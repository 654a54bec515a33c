/* SPDX-License-Identifier: MIT */
#include "guess.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "hidden.h"
#include "l072.h"
#include "target.h"

#define FAMILY_LETTERS 4 /* of "l072xz" */
#define SRAM_8KB_END   0x20002000u

struct named {
    const char *part;
    char source[40];
};

/* Families that the board does not have, and what has the same ROM. */
static const struct {
    const char *family, *part;
} others[] = {
    {"l051", "l052x8"},
    {"l081", "l071xz"},
};

/* "startup_stm32l072xx.s" or "stm32l072xx.h" name a family; "stm32l0xx.h" does not. */
static bool names_part(void *context, const char *path)
{
    struct named *named = context;
    const char *file = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    const char *mark = strcasestr(file, "stm32l");
    for (size_t i = 0; mark && !named->part && l072_part_name(i); i++)
        if (strncasecmp(mark + strlen("stm32"), l072_part_name(i), FAMILY_LETTERS) == 0)
            named->part = l072_part_name(i);
    for (size_t i = 0; mark && !named->part && i < sizeof(others) / sizeof(others[0]); i++)
        if (strncasecmp(mark + strlen("stm32"), others[i].family, FAMILY_LETTERS) == 0)
            named->part = others[i].part;
    if (named->part)
        snprintf(named->source, sizeof(named->source), "%s", file);
    return named->part;
}

/* Where the stack begins; 0: nothing tells. */
static uint32_t stack_end(const struct image *image, const struct symbols *symbols)
{
    uint32_t word;
    if (image_word(image, IMAGE_FLASH, &word) && hidden_is_visible(word))
        return word;
    return symbols_value(symbols, "_estack", &word) && hidden_is_visible(word) ? word : 0;
}

const char *guess_part(const struct image *image, const struct symbols *symbols, char *why)
{
    struct named named = {0};
    uint32_t end = stack_end(image, symbols);
    if (symbols_sources(symbols, names_part, &named)) {
        snprintf(why, GUESS_MAX, "it is built with %s", named.source);
        return named.part;
    }
    if (!end) {
        snprintf(why, GUESS_MAX, "nothing in it tells; see --part");
        return TARGET_PART;
    }
    /* The end of 8 KB is that of category 3, whose ROM has no DFU; but larger parts may do so too.
     */
    snprintf(why, GUESS_MAX, "its stack ends at 0x%08X%s", end,
             end == SRAM_8KB_END ? "; an L05x or L06x?" : "");
    return TARGET_PART;
}
