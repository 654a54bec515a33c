/* SPDX-License-Identifier: MIT */
#include "parts.h"

#include <stdio.h>

#include "cli.h"
#include "l072.h"

static bool print_part(const char *name)
{
    const struct l072_config config = {.part = name};
    struct l072_geometry geometry;
    struct l072 *board = l072_create(&config);
    if (!board)
        return false;
    l072_get_geometry(board, &geometry);
    l072_destroy(board);
    printf("  %-6s  %3u KB flash in %-9s  %2u KB RAM  %u KB data EEPROM\n", name,
           geometry.flash_size / 1024, geometry.bank2_base ? "two banks" : "one bank",
           geometry.sram_size / 1024, geometry.eeprom_size / 1024);
    return true;
}

int parts_help(void)
{
    fputs("The parts for --part: l072xz is any STM32L072 with 192 KB, whatever its package\n"
          "(x). What is printed on the chip is taken too: STM32L072CBT6 is l072xb.\n"
          "\n",
          stdout);
    for (size_t i = 0; l072_part_name(i); i++)
        if (!print_part(l072_part_name(i)))
            return cli_fail("help", "not enough memory for a board");
    fputs("\n"
          "The ROM of L072, L073, L082 and L083 has USB DFU. That of L052, L053, L062 and\n"
          "L063 has none: for them there is the resident bootloader. L071 has no USB.\n",
          stdout);
    return CLI_DONE;
}
