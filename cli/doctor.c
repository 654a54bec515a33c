/* SPDX-License-Identifier: MIT */
/* dfuse doctor: why no DFU device appears, in the lines of the application's own source. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "doctor.h"
#include "doctor_text.h"
#include "fields.h"
#include "guess.h"
#include "image.h"
#include "requests.h"
#include "symbols.h"
#include "target.h"

static const char help[] =
    "usage: dfuse doctor [options] IMAGE\n"
    "       dfuse doctor --explain CAUSE\n"
    "\n"
    "Tells why IMAGE (ELF, Intel HEX, DFU or plain bytes) does not get into the DFU\n"
    "of ST's ROM. Runs it on simulated boards with ROM V4.0 and V4.1, asks it for\n"
    "DFU, and watches each instruction until a device appears or not. What it finds\n"
    "is put right on the board, to see what comes next; the causes named are those\n"
    "that are needed.\n"
    "\n"
    "Options:\n"
    "  --call FUNCTION  ask by a call of this function, or of what is at this\n"
    "                   address, from the main loop\n"
    "  --press PIN      ask by a button: PA0 (high when pressed) or PA0:0 (low)\n"
    "  --detach         ask by DFU_DETACH from the host\n"
    "  --uart TEXT      ask by this text on all serial lines that listen\n"
    "                   without: what its functions suggest, a press of any\n"
    "                   input, detach, nothing; the first that has an effect\n"
    "  --with FILE      program FILE too: the bootloader that starts IMAGE\n"
    "  --part PART      part on the board; without: guessed from names of source\n"
    "                   files and from the stack\n"
    "  --option NAME=VALUE\n"
    "                   set a field of the option bytes, as BFB2=1; may be repeated\n"
    "  --json           print for programs\n"
    "  --explain CAUSE  tell about a cause; 'list' names them, 'all' is a page\n"
    "\n"
    "Examples:\n"
    "  Why no device appears (exit status 1):\n"
    "    dfuse doctor app.elf\n"
    "  What one of the causes means:\n"
    "    dfuse doctor --explain bank1-visible\n"
    "\n"
    "Exit status: 0 a DFU device appears; 1 not, on one of the ROMs, or not safely;\n"
    "2 wrong usage or environment.\n";

struct options {
    const char *image, *with, *part, *explain;
    struct requests requests; /* none: they are guessed */
    struct fields fields;
    bool json, help;
};

/* ---- Options --------------------------------------------------------------------------------- */

static bool set_request(struct options *options, enum request_how how, const char *text,
                        struct error *error)
{
    struct requests *requests = &options->requests;
    if (requests->count)
        return error_set(error, "give one of --call, --press, --detach, --uart");
    if (how == REQUEST_PRESS)
        return requests_add_press(requests, text, error);
    requests->request[requests->count++] = (struct request){.how = how, .text = text};
    return true;
}

static bool set_option(struct options *options, int id, const char *value, struct error *error)
{
    switch (id) {
    case 'c': return set_request(options, REQUEST_CALL, value, error);
    case 'p': return set_request(options, REQUEST_PRESS, value, error);
    case 'd': return set_request(options, REQUEST_DETACH, value, error);
    case 'u': return set_request(options, REQUEST_UART, value, error);
    case 'w': options->with = value; return true;
    case 't': options->part = value; return true;
    case 'o': return fields_add(&options->fields, value, error);
    case 'j': options->json = true; return true;
    case 'e': options->explain = value; return true;
    default: options->help = true; return true;
    }
}

/* Returns the exit status when there is nothing more to do, else -1. */
static int parse(struct options *options, int argc, char **argv)
{
    static const struct option names[] = {
        {"call",    required_argument, NULL, 'c'},
        {"press",   required_argument, NULL, 'p'},
        {"detach",  no_argument,       NULL, 'd'},
        {"uart",    required_argument, NULL, 'u'},
        {"with",    required_argument, NULL, 'w'},
        {"part",    required_argument, NULL, 't'},
        {"option",  required_argument, NULL, 'o'},
        {"json",    no_argument,       NULL, 'j'},
        {"explain", required_argument, NULL, 'e'},
        {"help",    no_argument,       NULL, 'h'},
        {NULL,      0,                 NULL, 0  },
    };
    struct error error;
    int id;
    optind = 1;
    while ((id = cli_next_option("doctor", ":h", names, argc, argv)) != -1) {
        if (id == '?')
            return CLI_USAGE;
        if (!set_option(options, id, optarg, &error))
            return cli_fail("doctor", "%s", error.text);
        if (options->help)
            return cli_help(&verb_doctor);
    }
    if (argc - optind != (options->explain ? 0 : 1))
        return cli_fail("doctor", "give one IMAGE, or --explain CAUSE; see 'dfuse help doctor'");
    options->image = argv[optind];
    return -1;
}

static int explain(const char *id)
{
    const struct cause *cause = cause_named(id);
    if (cause) {
        doctor_explain(cause);
        return CLI_DONE;
    }
    if (strcmp(id, "all") == 0) {
        doctor_explain_all();
        return CLI_DONE;
    }
    if (strcmp(id, "list") != 0)
        return cli_fail("doctor", "no cause '%s'; 'dfuse doctor --explain list' names them", id);
    for (size_t i = 0; (cause = cause_at(i)); i++)
        printf("%-20s %s\n", cause->id, cause->title);
    return CLI_DONE;
}

/* ---- Examination ----------------------------------------------------------------------------- */

static bool rom_has_dfu(const char *part)
{
    return strncmp(part, "l07", 3) == 0 ? part[3] != '1' : strncmp(part, "l08", 3) == 0;
}

/* The board has what starts: IMAGE itself, or what is programmed with it. */
static bool starts(const struct options *options, const struct l072 *board, struct error *error)
{
    uint32_t word;
    if (l072_peek(board, IMAGE_FLASH + 4, &word, sizeof(word)) == 0 && word != 0) /* not erased */
        return true;
    return error_set(error,
                     "%s: has no vector table at 0x%08X; give the bootloader that starts it by "
                     "--with FILE",
                     options->image, IMAGE_FLASH);
}

static bool load(const struct options *options, const struct image *image, struct l072 *board,
                 struct error *error)
{
    struct image with = {0};
    bool ok = !options->with || image_load(&with, options->with, IMAGE_FLASH, error);
    ok = ok && target_load(board, &with, error) && target_load(board, image, error) &&
         fields_set(&options->fields, board, error) && starts(options, board, error);
    image_free(&with);
    return ok;
}

/* Examines the image with one of the ROMs: with the second as it was asked with the first. */
static bool examine(const struct options *options, const struct image *image,
                    struct doctor_text *text, size_t rom, struct error *error)
{
    static const enum l072_rom roms[DOCTOR_ROMS] = {L072_ROM_V40, L072_ROM_V41};
    const struct doctor_diagnosis *before = rom ? &text->diagnosis[0] : NULL;
    const struct request *first = before ? &before->request : options->requests.request;
    size_t count = before ? before->asked : options->requests.count;
    struct l072_config config = {.part = text->part, .rom = roms[rom], .seed = 1, .lenient = true};
    struct l072 *board = target_create(&config, error);
    bool ok = board && load(options, image, board, error);
    if (ok && first->how == REQUEST_PRESS && l072_drive_pin(board, first->pin, false) != 0)
        ok = error_set(error, "no pin '%s' to press; pins are PA0 to PH1", first->pin);
    if (ok && !doctor_examine(&text->diagnosis[rom], board, rom_has_dfu(text->part), first, count))
        ok = error_set(error, "not enough memory for a board");
    l072_destroy(board);
    return ok;
}

static int diagnose(struct options *options, const struct image *image,
                    const struct symbols *symbols, struct error *error)
{
    struct doctor_text text = {
        .file = options->image, .part = options->part, .symbols = symbols, .rom = {"v4.0", "v4.1"}
    };
    int status = CLI_DONE;
    if (!options->part)
        text.part = guess_part(image, symbols, text.guess);
    else if (target_part(options->part))
        text.part = target_part(options->part); /* else it is refused */
    text.guessed = !options->requests.count;
    if (text.guessed)
        requests_guess(&options->requests, image, symbols);
    else if (!requests_find_functions(&options->requests, symbols, error))
        return CLI_USAGE;
    for (size_t i = 0; i < DOCTOR_ROMS; i++) {
        if (!examine(options, image, &text, i, error))
            return CLI_USAGE;
        if (text.diagnosis[i].count || text.diagnosis[i].outcome != OUTCOME_DFU)
            status = CLI_WRONG;
    }
    if (options->json)
        doctor_print_json(&text);
    else
        doctor_print(&text);
    return status;
}

static int run(int argc, char **argv)
{
    struct options options = {0};
    struct image image;
    struct error error;
    int status = parse(&options, argc, argv);
    if (status >= 0)
        return status;
    if (options.explain)
        return explain(options.explain);
    if (!image_load(&image, options.image, IMAGE_FLASH, &error))
        return cli_fail("doctor", "%s", error.text);
    struct symbols *symbols = image.kind == IMAGE_ELF ? symbols_open(options.image) : NULL;
    status = diagnose(&options, &image, symbols, &error);
    symbols_close(symbols);
    image_free(&image);
    return status == CLI_USAGE ? cli_fail("doctor", "%s", error.text) : status;
}

const struct verb verb_doctor = {"doctor", "tell why no DFU device appears", help, run};
