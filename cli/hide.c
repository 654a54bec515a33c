/* SPDX-License-Identifier: MIT */
/* dfuse hide: stamps an image so that ROM V4.1 does not jump back into it. */
#include <stdio.h>

#include "cli.h"
#include "hidden.h"
#include "image.h"
#include "symbols.h"

static const char help[] =
    "usage: dfuse hide [--part PART] IN -o OUT\n"
    "       dfuse hide [--part PART] --check IN\n"
    "\n"
    "Makes an image that ROM V4.1 does not jump back into, so that the ROM stays in\n"
    "DFU. Writes a copy of IN (ELF, Intel HEX, DFU or plain bytes for 0x08000000)\n"
    "whose vector word 0 is 0xBE00BE00: no stack pointer, so no application for the\n"
    "ROM. First proves, by running it on the simulated board, that the start-up code\n"
    "loads SP before it uses the stack, and that the first word of bank 2 is no SRAM\n"
    "address either; refuses otherwise. What IN leaves alone of bank 2 is not\n"
    "checked. An IN whose option bytes set BFB2 is refused: the ROM would find no\n"
    "bank to start.\n"
    "\n"
    "Options:\n"
    "  -o, --output OUT  the file to write, of the same kind as IN\n"
    "  --check           only check that IN is or can be hidden\n"
    "  --part PART       check bank 2 of this part, one of 'dfuse help parts';\n"
    "                    without: of every part that IN fits\n"
    "\n"
    "Examples:\n"
    "  The last step of a build:\n"
    "    dfuse hide app.elf -o hidden.elf\n"
    "  In CI, for a product with 128 KB of flash:\n"
    "    dfuse hide --part l072xb --check app.elf\n"
    "\n"
    "Exit status: 0 done, 1 IN must not be hidden, 2 wrong usage or environment.\n";

enum option_id { OPT_HELP = 'h', OPT_CHECK = 1, OPT_PART };

static const struct option long_options[] = {
    {"help",   no_argument,       NULL, OPT_HELP },
    {"output", required_argument, NULL, 'o'      },
    {"check",  no_argument,       NULL, OPT_CHECK},
    {"part",   required_argument, NULL, OPT_PART },
    {NULL,     0,                 NULL, 0        },
};

struct options {
    const char *in, *out, *part;
    bool check;
};

/* Returns the exit status when there is nothing more to do, else -1. */
static int parse(struct options *options, int argc, char **argv)
{
    int id;
    optind = 1;
    while ((id = cli_next_option("hide", ":o:h", long_options, argc, argv)) != -1) {
        switch (id) {
        case OPT_HELP: return cli_help(&verb_hide);
        case 'o': options->out = optarg; break;
        case OPT_CHECK: options->check = true; break;
        case OPT_PART: options->part = optarg; break;
        default: return CLI_USAGE;
        }
    }
    if (optind != argc - 1)
        return cli_fail("hide", "needs one IN; see 'dfuse help hide'");
    options->in = argv[optind];
    if (!options->out == !options->check)
        return cli_fail("hide", "needs -o OUT or --check; see 'dfuse help hide'");
    return -1;
}

static int refuse(const struct options *options, const struct error *error, int status)
{
    (void)cli_fail("hide", "%s: %s", options->in, error->text);
    return status;
}

/* What was done to the image, whose word 0 was `before`. */
static void explain(const struct options *options, uint32_t before)
{
    bool already = before == HIDDEN_WORD;
    if (options->check)
        printf("%s: %s\n", options->in, already ? "already hidden" : "can be hidden");
    else
        printf("%s: hidden%s\n", options->out, already ? ", as its original was already" : "");
    if (!already)
        printf("  word 0 at 0x%08X %s 0x%08X, %s 0x%08X; nothing else changes\n", IMAGE_FLASH,
               options->check ? "is" : "was", before, options->check ? "would be" : "is now",
               HIDDEN_WORD);
    printf("  the start-up code loads SP before it uses the stack\n");
}

static int hide(const struct options *options, struct image *image, struct error *error)
{
    bool already;
    uint32_t before;
    image_word(image, IMAGE_FLASH, &before);
    if (!hidden_stamp(image, &already, error))
        return refuse(options, error, CLI_WRONG);

    struct symbols *symbols = image->kind == IMAGE_ELF ? symbols_open(options->in) : NULL;
    enum hidden verdict = hidden_prove(image, symbols, options->part, error);
    symbols_close(symbols);
    if (verdict != HIDDEN_PROVEN)
        return refuse(options, error, verdict == HIDDEN_REFUSED ? CLI_WRONG : CLI_USAGE);

    if (!options->check && !image_save(image, options->out, error))
        return cli_fail("hide", "%s", error->text);
    explain(options, before);
    return CLI_DONE;
}

static int run(int argc, char **argv)
{
    struct options options = {0};
    struct image image;
    struct error error;
    int status = parse(&options, argc, argv);
    if (status >= 0)
        return status;
    if (!image_load(&image, options.in, IMAGE_FLASH, &error))
        return cli_fail("hide", "%s", error.text);
    status = hide(&options, &image, &error);
    image_free(&image);
    return status;
}

const struct verb verb_hide = {"hide", "stamp an image so that the ROM stays in DFU", help, run};
