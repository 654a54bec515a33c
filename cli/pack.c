/* SPDX-License-Identifier: MIT */
/* dfuse pack: firmware files to one file that DFU hosts download. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "file.h"
#include "packing.h"
#include "target.h"

static const char help[] =
    "usage: dfuse pack [options] IN... -o OUT\n"
    "\n"
    "Makes one DfuSe file (1.1a) of the files IN: ELF, Intel HEX, DFU, or plain\n"
    "bytes. What goes to flash, data EEPROM or option bytes is found from the\n"
    "addresses. The flash with the vector table is written last, so that an update\n"
    "that is cut short leaves nothing that starts.\n"
    "\n"
    "Options:\n"
    "  -o, --output OUT   the file to write\n"
    "  --rom              for ST's ROM; without: for the resident bootloader\n"
    "  --plain            a plain DFU file: flash and DFU suffix, for DFU 1.1\n"
    "  --address ADDRESS  where plain bytes and plain DFU go; without: 0x08001100,\n"
    "                     with --rom 0x08000000\n"
    "  --part PART        the part that has to hold it; without: l072xz\n"
    "  -d, --device VID:PID[:BCD]\n"
    "                     hexadecimal, ffff is any; without: 1209:0001:ffff, with\n"
    "                     --rom 0483:df11:ffff\n"
    "  --alternate MEMORY=N[:NAME]\n"
    "                     the alternate setting of flash, eeprom or options, and\n"
    "                     its name; may be repeated\n"
    "\n"
    "'dfu-util -a 0 -D OUT' downloads it; without -a when it is for several memories.\n"
    "\n"
    "Examples:\n"
    "  An update for ST's ROM:\n"
    "    dfuse pack --rom hidden.elf -o update.dfu\n"
    "  Plain bytes for the resident bootloader, with your own VID and PID:\n"
    "    dfuse pack -d 1234:5678 update.bin -o update.dfu\n"
    "\n"
    "Exit status: 0 done, 2 wrong usage, or an IN that cannot be packed.\n";

enum option_id { OPT_ROM = 1, OPT_PLAIN, OPT_ADDRESS, OPT_PART, OPT_ALTERNATE };

static const struct option long_options[] = {
    {"help",      no_argument,       NULL, 'h'          },
    {"output",    required_argument, NULL, 'o'          },
    {"device",    required_argument, NULL, 'd'          },
    {"rom",       no_argument,       NULL, OPT_ROM      },
    {"plain",     no_argument,       NULL, OPT_PLAIN    },
    {"address",   required_argument, NULL, OPT_ADDRESS  },
    {"part",      required_argument, NULL, OPT_PART     },
    {"alternate", required_argument, NULL, OPT_ALTERNATE},
    {NULL,        0,                 NULL, 0            },
};

struct options {
    const char *out, *part, *device;
    bool rom, plain, has_address;
    uint32_t address;
    const char *alternate[MEMORIES];
};

/* Up to four hexadecimal digits, then `end`. */
static bool parse_hex16(const char **text, char end, uint16_t *value)
{
    size_t digits = strspn(*text, "0123456789abcdefABCDEF");
    if (digits < 1 || digits > 4 || (*text)[digits] != end)
        return false;
    *value = (uint16_t)strtoul(*text, NULL, 16);
    *text += digits + (end != '\0');
    return true;
}

static bool parse_device(const char *text, struct dfu_suffix *suffix)
{
    bool versioned = strchr(text, ':') != strrchr(text, ':');
    return parse_hex16(&text, ':', &suffix->id_vendor) &&
           parse_hex16(&text, versioned ? ':' : '\0', &suffix->id_product) &&
           (!versioned || parse_hex16(&text, '\0', &suffix->bcd_device));
}

/* Keeps "MEMORY=N:NAME" under its memory, from N on. */
static bool keep_alternate(struct options *options, const char *text)
{
    const char *value = strchr(text, '=');
    for (enum memory memory = 0; value && memory < MEMORIES; memory++) {
        if (strlen(memory_name[memory]) != (size_t)(value - text) ||
            strncmp(memory_name[memory], text, (size_t)(value - text)) != 0)
            continue;
        options->alternate[memory] = value + 1;
        return true;
    }
    return false;
}

/* Changes what --alternate names. */
static bool use_alternates(const struct options *options, struct bootloader *bootloader)
{
    for (enum memory memory = 0; memory < MEMORIES; memory++) {
        const char *text = options->alternate[memory];
        if (!text)
            continue;
        size_t digits = strspn(text, "0123456789");
        unsigned long number = strtoul(text, NULL, 10);
        if (digits < 1 || digits > 3 || number > 255 || (text[digits] && text[digits] != ':'))
            return false;
        bootloader->memory[memory].alternate = (uint8_t)number;
        if (text[digits])
            bootloader->memory[memory].name = text + digits + 1;
    }
    return true;
}

/* Returns the exit status when there is nothing more to do, else -1. */
static int parse(struct options *options, int argc, char **argv)
{
    int id;
    optind = 1;
    while ((id = cli_next_option("pack", ":o:d:h", long_options, argc, argv)) != -1) {
        switch (id) {
        case 'h': return cli_help(&verb_pack);
        case 'o': options->out = optarg; break;
        case 'd': options->device = optarg; break;
        case OPT_ROM: options->rom = true; break;
        case OPT_PLAIN: options->plain = true; break;
        case OPT_PART: options->part = optarg; break;
        case OPT_ADDRESS:
            options->has_address = true;
            if (!parse_u32(optarg, &options->address))
                return cli_fail("pack", "'%s' is no address; write 0x08001100", optarg);
            break;
        case OPT_ALTERNATE:
            if (!keep_alternate(options, optarg))
                return cli_fail("pack",
                                "'%s' is not like flash=0:Flash; the memories are flash, "
                                "eeprom and options",
                                optarg);
            break;
        default: return CLI_USAGE;
        }
    }
    if (optind == argc || !options->out)
        return cli_fail("pack", "needs IN and -o OUT; see 'dfuse help pack'");
    for (int i = optind; i < argc; i++)
        if (file_same(argv[i], options->out))
            return cli_fail("pack", "%s is IN and OUT; give another name", options->out);
    return -1;
}

/* Adds a file to the image. */
static bool add_file(struct image *image, const char *path, uint32_t address, struct error *error)
{
    struct image file;
    struct error reason;
    if (!image_load(&file, path, address, error))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < file.count; i++) {
        const struct image_segment *segment = &file.segment[i];
        ok = image_add(image, segment->address, segment->data, segment->size, &reason);
        if (!ok)
            error_set(error, "%s: its data at 0x%08X is in a file before it too; leave one out",
                      path, segment->address);
    }
    image_free(&file);
    return ok;
}

/* The image fits the part, whose geometry this tells. */
static bool check_part(const struct image *image, const char *part, struct l072_geometry *geometry,
                       struct error *error)
{
    struct l072 *board =
        target_create(&(struct l072_config){.part = part ? part : TARGET_PART}, error);
    if (!board)
        return false;
    bool ok = target_load(board, image, error);
    l072_get_geometry(board, geometry);
    l072_destroy(board);
    return ok;
}

static void tell(const char *path, const struct dfu_file *dfu, size_t size)
{
    const struct dfu_suffix *suffix = &dfu->suffix;
    printf("%s: %s file for %04x:%04x, %zu bytes\n", path, dfu->targets ? "DfuSe" : "plain DFU",
           suffix->id_vendor, suffix->id_product, size);
    for (size_t i = 0; i < dfu->elements; i++) {
        const struct dfuse_element *element = &dfu->element[i];
        const struct dfuse_target *target = &dfu->target[element->target];
        if (i == 0 || element[-1].target != element->target)
            printf("  alternate %u \"%s\"\n", target->alternate, target->name);
        printf("    0x%08X %7u bytes\n", element->address, element->size);
    }
}

/* Makes the file in memory, then writes it. */
static bool write_file(const struct options *options, struct dfu_file *dfu, struct error *error)
{
    size_t size;
    uint8_t *file = dfu_build(dfu, &size);
    if (!file)
        return error_set(error, "not enough memory for the file");
    bool ok = file_write(options->out, file, size, error);
    free(file);
    if (ok)
        tell(options->out, dfu, size);
    return ok;
}

static bool pack(const struct options *options, const struct image *image,
                 const struct bootloader *bootloader, struct dfu_file *dfu, struct error *error)
{
    struct l072_geometry geometry;
    if (!check_part(image, options->part, &geometry, error))
        return false;
    uint8_t *flash = calloc(1, geometry.flash_size);
    if (!flash)
        return error_set(error, "not enough memory for the file");
    dfu->suffix.bcd_dfu = options->plain ? DFU_PLAIN_1_0 : DFU_DFUSE;
    bool ok = (options->plain ? packing_plain : packing_dfuse)(dfu, image, flash, &geometry,
                                                               bootloader, error) &&
              write_file(options, dfu, error);
    free(flash);
    return ok;
}

static int run(int argc, char **argv)
{
    struct options options = {0};
    struct image image = {0};
    struct error error;
    int status = parse(&options, argc, argv);
    if (status >= 0)
        return status;
    const struct bootloader *bootloader = options.rom ? &bootloader_rom : &bootloader_resident;
    struct bootloader mine = *bootloader;
    struct dfu_file dfu = {
        .suffix = {DFU_ANY, mine.id_product, mine.id_vendor, 0, 0, 0}
    };
    if (!use_alternates(&options, &mine))
        return cli_fail("pack", "an alternate setting is a number up to 255, as in flash=0:Flash");
    if (options.device && !parse_device(options.device, &dfu.suffix))
        return cli_fail("pack", "'%s' is no device; write 1209:0001 or 1209:0001:0100",
                        options.device);
    bool ok = true;
    for (int i = optind; ok && i < argc; i++)
        ok = add_file(&image, argv[i], options.has_address ? options.address : mine.first, &error);
    ok = ok && pack(&options, &image, &mine, &dfu, &error);
    image_free(&image);
    dfu_free(&dfu);
    return ok ? CLI_DONE : cli_fail("pack", "%s", error.text);
}

const struct verb verb_pack = {"pack", "make a file for DFU hosts of firmware files", help, run};
