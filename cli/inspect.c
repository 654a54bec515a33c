/* SPDX-License-Identifier: MIT */
/* dfuse inspect: what a firmware file is, and whether it is right. */
#include "cli.h"
#include "findings.h"

static const char help[] =
    "usage: dfuse inspect [options] FILE\n"
    "\n"
    "Tells what FILE (ELF, Intel HEX, DfuSe, plain DFU, plain bytes) is, where it\n"
    "goes, whether its vector table is sane, whether ROM V4.1 sees it (word 0 and\n"
    "the first word of bank 2), and all fields of a DFU file, with those that are\n"
    "wrong.\n"
    "\n"
    "Options:\n"
    "  --json             for programs\n"
    "  --address ADDRESS  where plain bytes and plain DFU go; without: 0x08000000\n"
    "  --part PART        the part that has to hold it; without: l072xz\n"
    "\n"
    "Examples:\n"
    "  Where an image goes, and whether ST's ROM sees it:\n"
    "    dfuse inspect app.elf\n"
    "\n"
    "Exit status: 0 fine, 1 something in FILE is wrong, 2 wrong usage, or FILE cannot\n"
    "be read.\n";

enum option_id { OPT_JSON = 1, OPT_ADDRESS, OPT_PART };

static const struct option long_options[] = {
    {"help",    no_argument,       NULL, 'h'        },
    {"json",    no_argument,       NULL, OPT_JSON   },
    {"address", required_argument, NULL, OPT_ADDRESS},
    {"part",    required_argument, NULL, OPT_PART   },
    {NULL,      0,                 NULL, 0          },
};

struct options {
    const char *part;
    uint32_t address;
    bool json;
};

/* Returns the exit status when there is nothing more to do, else -1. */
static int parse(struct options *options, int argc, char **argv)
{
    int id;
    optind = 1;
    while ((id = cli_next_option("inspect", ":h", long_options, argc, argv)) != -1) {
        switch (id) {
        case 'h': return cli_help(&verb_inspect);
        case OPT_JSON: options->json = true; break;
        case OPT_PART: options->part = optarg; break;
        case OPT_ADDRESS:
            if (!parse_u32(optarg, &options->address))
                return cli_fail("inspect", "'%s' is no address; write 0x08001100", optarg);
            break;
        default: return CLI_USAGE;
        }
    }
    if (optind != argc - 1)
        return cli_fail("inspect", "needs one FILE; see 'dfuse help inspect'");
    return -1;
}

static int run(int argc, char **argv)
{
    struct options options = {.address = IMAGE_FLASH};
    struct findings findings;
    struct error error;
    int status = parse(&options, argc, argv);
    if (status >= 0)
        return status;
    if (!findings_make(&findings, argv[optind], options.address, options.part, &error))
        return cli_fail("inspect", "%s", error.text);
    (options.json ? findings_print_json : findings_print)(&findings, argv[optind]);
    status = findings.problems ? CLI_WRONG : CLI_DONE;
    findings_free(&findings);
    return status;
}

const struct verb verb_inspect = {"inspect", "tell what a firmware file is and whether it is right",
                                  help, run};
