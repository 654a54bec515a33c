/* SPDX-License-Identifier: MIT */
/* dfuse doctor: why no DFU device appears, in the lines of the application's own source. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "doctor.h"
#include "doctor_text.h"
#include "image.h"
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
    "  --call FUNCTION  ask by a call of this function from the main loop\n"
    "  --press PIN      ask by a button: PA0 (high when pressed) or PA0:0 (low)\n"
    "  --detach         ask by DFU_DETACH from the host\n"
    "  --uart TEXT      ask by this text on all serial lines that listen\n"
    "                   without: a function of a usual name, a press of PA0, detach\n"
    "  --part PART      part on the board (l072xz)\n"
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

#define REQUESTS 3

struct options {
    const char *image, *part, *explain;
    struct doctor_request request;
    char pin[8];
    bool asked, json, help;
};

/* ---- Options --------------------------------------------------------------------------------- */

static bool set_request(struct options *options, enum doctor_how how, const char *text,
                        struct error *error)
{
    if (options->asked)
        return error_set(error, "give one of --call, --press, --detach, --uart");
    options->asked = true;
    options->request = (struct doctor_request){.how = how, .text = text, .level = true};
    if (how != DOCTOR_PRESS)
        return true;
    size_t length = strcspn(text, ":");
    if (length == 0 || length >= sizeof(options->pin) ||
        (text[length] && strcmp(text + length, ":0") != 0))
        return error_set(error, "'%s' is no button; write PA0, or PA0:0 to pull low", text);
    memcpy(options->pin, text, length);
    options->request.text = options->pin;
    options->request.level = !text[length];
    return true;
}

static bool set_option(struct options *options, int id, const char *value, struct error *error)
{
    switch (id) {
    case 'c': return set_request(options, DOCTOR_CALL, value, error);
    case 'p': return set_request(options, DOCTOR_PRESS, value, error);
    case 'd': return set_request(options, DOCTOR_DETACH, value, error);
    case 'u': return set_request(options, DOCTOR_UART, value, error);
    case 't': options->part = value; return true;
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
        {"part",    required_argument, NULL, 't'},
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

/* How people call it; what only jumps is behind what asks. */
static bool usual_function(const struct symbols *symbols, struct doctor_request *request)
{
    static const char *const usual[] = {
        "dfuse_RunBootloader", "RequestBootloader", "request_bootloader", "reboot_to_bootloader",
        "RebootToBootloader",  "enter_bootloader",  "EnterBootloader",    "EnterDFU",
        "enter_dfu",           "EnterDFUMode",      "enter_dfu_mode",     "dfu_run_bootloader",
        "dfu_reset",           "RunBootloader",     "run_bootloader",     "JumpToBootloader",
        "jump_to_bootloader",  "JumpBootloader",    "JumpToDFU",          "jump_to_dfu",
        "BootloaderJump",      "bootloader_jump",   "GoToBootloader",     "goto_bootloader",
        "JumpToSystemMemory",  "JumpToSysMem",      "Bootloader",         "StartBootloader",
        "start_bootloader",
    };
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
        if (symbols_function(symbols, usual[i], &request->function)) {
            request->how = DOCTOR_CALL;
            request->text = usual[i];
            return true;
        }
    return false;
}

/* Returns how many requests are to be tried; 0: the one asked for cannot be made. */
static size_t choose(struct options *options, const struct symbols *symbols,
                     struct doctor_request requests[REQUESTS], struct error *error)
{
    size_t count = 0;
    if (options->asked) {
        requests[0] = options->request;
        if (requests[0].how != DOCTOR_CALL ||
            symbols_function(symbols, requests[0].text, &requests[0].function))
            return 1;
        error_set(error, "%s: has no function '%s'", options->image, requests[0].text);
        return 0;
    }
    if (usual_function(symbols, &requests[count]))
        count++;
    requests[count++] = (struct doctor_request){.how = DOCTOR_PRESS, .text = "PA0", .level = true};
    requests[count++] = (struct doctor_request){.how = DOCTOR_DETACH};
    return count;
}

static bool rom_has_dfu(const char *part)
{
    return strncmp(part, "l07", 3) == 0 ? part[3] != '1' : strncmp(part, "l08", 3) == 0;
}

static bool examine(const struct options *options, const struct image *image, enum l072_rom rom,
                    const struct doctor_request *requests, size_t count,
                    struct doctor_diagnosis *diagnosis, struct error *error)
{
    struct l072_config config = {.part = options->part, .rom = rom, .seed = 1, .lenient = true};
    struct l072 *board = target_create(&config, error);
    if (!board)
        return false;
    uint32_t word;
    bool ok = target_load(board, image, error);
    if (ok && !image_word(image, IMAGE_FLASH + 4, &word))
        ok = error_set(error, "%s: has no vector table at 0x%08X: it needs what starts it",
                       options->image, IMAGE_FLASH);
    if (ok && requests[0].how == DOCTOR_PRESS && l072_drive_pin(board, requests[0].text, false))
        ok = error_set(error, "no pin '%s' to press; pins are PA0 to PH1", requests[0].text);
    if (ok && !doctor_examine(diagnosis, board, rom_has_dfu(options->part), requests, count))
        ok = error_set(error, "not enough memory for a board");
    l072_destroy(board);
    return ok;
}

static int diagnose(struct options *options, const struct image *image,
                    const struct symbols *symbols, struct error *error)
{
    static const enum l072_rom roms[DOCTOR_ROMS] = {L072_ROM_V40, L072_ROM_V41};
    struct doctor_text text = {
        options->image, options->part, symbols, {"v4.0", "v4.1"},
           {{0}     }
    };
    struct doctor_request requests[REQUESTS];
    int status = CLI_DONE;
    size_t count = choose(options, symbols, requests, error);
    if (!count)
        return CLI_USAGE;
    for (size_t i = 0; i < DOCTOR_ROMS; i++) {
        if (!examine(options, image, roms[i], requests, count, &text.diagnosis[i], error))
            return CLI_USAGE;
        if (text.diagnosis[i].count)
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
    struct options options = {.part = TARGET_PART};
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
