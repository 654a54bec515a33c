/* SPDX-License-Identifier: MIT */
/* dfuse sim: runs an image on the simulated board, with a command on its USB. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge.h"
#include "cli.h"
#include "debugger.h"
#include "device.h"
#include "faults.h"
#include "file.h"
#include "image.h"
#include "panel.h"
#include "pcap.h"
#include "report.h"
#include "symbols.h"
#include "target.h"
#include "trace.h"
#include "vcd.h"

#define OPTION_FIELDS 16
#define ROM_BASE      0x1FF00000u
#define ROM_SIZE      8192u

static const char help[] =
    "usage: dfuse sim [options] IMAGE [-- COMMAND...]\n"
    "\n"
    "Runs IMAGE (ELF, Intel HEX or plain bytes) on a simulated STM32L072 board and COMMAND with\n"
    "the board on its USB; its exit status is passed on. Without COMMAND: until Ctrl-C. Events of\n"
    "the board are told on stderr with the simulated time, UART output goes to stdout.\n"
    "\n"
    "  --rom v4.0|v4.1       system memory to imitate (v4.1)\n"
    "  --system-memory FILE  run this dump of ST's system memory instead\n"
    "  --part NAME           part on the board (l072xz)\n"
    "  --boot0               BOOT0 pin high\n"
    "  --option NAME=VALUE   set a field of the option bytes, as BFB2=1; may be repeated\n"
    "  --flash FILE          keep flash, data EEPROM and option bytes in FILE (Intel HEX) from\n"
    "                        run to run; IMAGE, if given, is programmed over them\n"
    "  --address ADDRESS     where an IMAGE of plain bytes goes (0x08000000)\n"
    "  --press PIN@TIME      press a button for 100 ms: PA0@1.5s drives PA0 high, PA0:0@200ms\n"
    "                        low, and the opposite before and after; NRST@TIME resets,\n"
    "                        VDD@TIME cuts the power; may be repeated\n" FAULTS_HELP
    "  --cut-power WHEN      --fault cut:WHEN; power returns after 100 ms\n"
    "  --usbredir SOCKET     instead of COMMAND: the board for a virtual machine, at this path\n"
    "  --usbip [ADDRESS:]PORT  instead of COMMAND: the board for a USB/IP client\n"
    "  --pcap FILE           write the USB traffic for Wireshark\n"
    "  --pace real|free      real: never faster than the clock on the wall (free)\n"
    "  --timeout TIME        without COMMAND: run this much simulated time, at full speed\n"
    "  --seed N              of all that is random, as RAM at power-on (1)\n"
    "  --trace               print every instruction to stderr\n"
    "  --vcd FILE            write power, reset, sleep, flash, USB and pins for GTKWave\n"
    "  --gdb PORT            serve GDB on this TCP port of 127.0.0.1, 0: any free one\n"
    "  --summary             tell at the end what the run took\n"
    "  --lenient             warn where a strict board stops\n"
    "\n"
    "Exit status: that of COMMAND; 1 the board stopped; 2 wrong usage or environment.\n";

enum option_id {
    OPT_HELP = 'h',
    OPT_ROM = 1,
    OPT_SYSTEM_MEMORY,
    OPT_PART,
    OPT_BOOT0,
    OPT_OPTION,
    OPT_FLASH,
    OPT_ADDRESS,
    OPT_PRESS,
    OPT_FAULT,
    OPT_CUT_POWER,
    OPT_USBREDIR,
    OPT_USBIP,
    OPT_PCAP,
    OPT_PACE,
    OPT_TIMEOUT,
    OPT_SEED,
    OPT_TRACE,
    OPT_VCD,
    OPT_GDB,
    OPT_SUMMARY,
    OPT_LENIENT,
};

static const struct option long_options[] = {
    {"help",          no_argument,       NULL, OPT_HELP         },
    {"rom",           required_argument, NULL, OPT_ROM          },
    {"system-memory", required_argument, NULL, OPT_SYSTEM_MEMORY},
    {"part",          required_argument, NULL, OPT_PART         },
    {"boot0",         no_argument,       NULL, OPT_BOOT0        },
    {"option",        required_argument, NULL, OPT_OPTION       },
    {"flash",         required_argument, NULL, OPT_FLASH        },
    {"address",       required_argument, NULL, OPT_ADDRESS      },
    {"press",         required_argument, NULL, OPT_PRESS        },
    {"fault",         required_argument, NULL, OPT_FAULT        },
    {"cut-power",     required_argument, NULL, OPT_CUT_POWER    },
    {"usbredir",      required_argument, NULL, OPT_USBREDIR     },
    {"usbip",         required_argument, NULL, OPT_USBIP        },
    {"pcap",          required_argument, NULL, OPT_PCAP         },
    {"pace",          required_argument, NULL, OPT_PACE         },
    {"timeout",       required_argument, NULL, OPT_TIMEOUT      },
    {"seed",          required_argument, NULL, OPT_SEED         },
    {"trace",         no_argument,       NULL, OPT_TRACE        },
    {"vcd",           required_argument, NULL, OPT_VCD          },
    {"gdb",           required_argument, NULL, OPT_GDB          },
    {"summary",       no_argument,       NULL, OPT_SUMMARY      },
    {"lenient",       no_argument,       NULL, OPT_LENIENT      },
    {NULL,            0,                 NULL, 0                },
};

struct option_field {
    char name[16];
    uint32_t value;
};

struct options {
    struct l072_config config;
    const char *system_memory, *flash, *image, *vcd;
    const char *pcap, *where; /* where: of the way */
    enum bridge_way way;
    char **command; /* NULL: none */
    uint32_t address;
    uint64_t timeout; /* picoseconds, 0: none */
    enum bridge_pace pace;
    struct option_field field[OPTION_FIELDS];
    size_t fields;
    struct panel panel;
    struct faults_list faults;
    uint32_t gdb_port;
    bool gdb, trace, summary, help;
};

struct session {
    const struct options *options;
    struct image image, system_memory; /* empty when not given */
    struct symbols *symbols;
    struct l072 *board;
    struct report report;
    struct trace *trace;
    struct pcap *pcap;
    struct vcd *vcd;
    struct gdb *gdb;
    struct panel panel;
};

/* ---- Options -------------------------------------------------------------------------------- */

static bool parse_choice(const char *option, const char *text, const char *first,
                         const char *second, bool *is_second, struct error *error)
{
    *is_second = strcmp(text, second) == 0;
    if (*is_second || strcmp(text, first) == 0)
        return true;
    return error_set(error, "--%s is %s or %s, not '%s'", option, first, second, text);
}

static bool parse_number(const char *option, const char *text, uint32_t *value, struct error *error)
{
    return parse_u32(text, value) || error_set(error, "--%s: '%s' is not a number", option, text);
}

static bool parse_field(struct options *options, const char *text, struct error *error)
{
    const char *equals = strchr(text, '=');
    size_t length = equals ? (size_t)(equals - text) : 0;
    struct option_field field = {.name = ""};
    if (length == 0 || length >= sizeof(field.name) || !parse_u32(equals + 1, &field.value))
        return error_set(error, "--option: '%s' is not NAME=VALUE, as BFB2=1", text);
    if (options->fields == OPTION_FIELDS)
        return error_set(error, "more than %d times --option", OPTION_FIELDS);
    memcpy(field.name, text, length);
    options->field[options->fields++] = field;
    return true;
}

static bool set_way(struct options *options, enum bridge_way way, const char *where,
                    struct error *error)
{
    if (options->where)
        return error_set(error, "one of --usbredir and --usbip only");
    options->way = way;
    options->where = where;
    return true;
}

static bool set_option(struct options *options, int id, char *value, struct error *error)
{
    bool second;
    switch ((enum option_id)id) {
    case OPT_HELP: options->help = true; return true;
    case OPT_ROM:
        if (!parse_choice("rom", value, "v4.1", "v4.0", &second, error))
            return false;
        options->config.rom = second ? L072_ROM_V40 : L072_ROM_V41;
        return true;
    case OPT_SYSTEM_MEMORY: options->system_memory = value; return true;
    case OPT_PART: options->config.part = value; return true;
    case OPT_BOOT0: options->config.boot0 = true; return true;
    case OPT_OPTION: return parse_field(options, value, error);
    case OPT_FLASH: options->flash = value; return true;
    case OPT_ADDRESS: return parse_number("address", value, &options->address, error);
    case OPT_PRESS: return panel_add(&options->panel, value, error);
    case OPT_FAULT: return faults_add(&options->faults, value, error);
    case OPT_CUT_POWER: return faults_add_cut(&options->faults, value, error);
    case OPT_USBREDIR: return set_way(options, BRIDGE_USBREDIR, value, error);
    case OPT_USBIP: return set_way(options, BRIDGE_USBIP, value, error);
    case OPT_PCAP: options->pcap = value; return true;
    case OPT_PACE:
        if (!parse_choice("pace", value, "real", "free", &second, error))
            return false;
        options->pace = second ? BRIDGE_PACE_FREE : BRIDGE_PACE_REAL;
        return true;
    case OPT_TIMEOUT:
        return (parse_time(value, &options->timeout) && options->timeout > 0) ||
               error_set(error, "--timeout: '%s' is no time; write 1.5s, 200ms or 10us", value);
    case OPT_SEED: return parse_number("seed", value, &options->config.seed, error);
    case OPT_TRACE: options->trace = true; return true;
    case OPT_VCD: options->vcd = value; return true;
    case OPT_GDB: options->gdb = true; return debugger_parse(value, &options->gdb_port, error);
    case OPT_SUMMARY: options->summary = true; return true;
    case OPT_LENIENT: options->config.lenient = true; return true;
    }
    return false;
}

/* What getopt_long() leaves: IMAGE, before the "--" that was cut off. */
static bool check_rest(struct options *options, int argc, char **argv, struct error *error)
{
    if (optind < argc)
        options->image = argv[optind++];
    if (optind < argc)
        return error_set(error, "one IMAGE only; write '--' before the command '%s'", argv[optind]);
    if (options->command && !options->command[0])
        return error_set(error, "no command after '--'");
    if ((options->command || options->gdb) && options->timeout)
        return error_set(error, "--timeout is for a run without command and without --gdb");
    if (options->where && (options->command || options->timeout))
        return error_set(error, "--usbredir and --usbip go without command and --timeout");
    if (!options->image && (!options->flash || access(options->flash, F_OK) != 0))
        return error_set(error, "no IMAGE; see 'dfuse help sim'");
    return !options->flash || file_can_write(options->flash, error);
}

/* Returns the exit status when there is nothing more to do, else -1. */
static int parse(struct options *options, int argc, char **argv)
{
    struct error error;
    for (int i = 1; i < argc && !options->command; i++) {
        if (strcmp(argv[i], "--") != 0)
            continue;
        options->command = &argv[i + 1];
        argv[i] = NULL;
        argc = i;
    }
    int id;
    opterr = 0;
    optind = 1;
    while ((id = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
        if (id == '?' || id == ':')
            return cli_bad_option("sim", id, argv);
        if (!set_option(options, id, optarg, &error))
            return cli_fail("sim", "%s", error.text);
        if (options->help)
            return cli_help(&verb_sim);
    }
    if (!check_rest(options, argc, argv, &error))
        return cli_fail("sim", "%s", error.text);
    return -1;
}

/* ---- Set-up --------------------------------------------------------------------------------- */

/* The vectors of a dump: SP in SRAM, and a reset handler in the dump. */
static bool is_system_memory(const struct image *image)
{
    uint32_t stack, reset;
    return image->count == 1 && image->segment[0].address == ROM_BASE &&
           image->segment[0].size <= ROM_SIZE && image_word(image, ROM_BASE, &stack) &&
           image_word(image, ROM_BASE + 4, &reset) && stack >> 16 == 0x2000 && reset % 2 == 1 &&
           image_contains(image, reset);
}

static bool load_files(struct session *s, struct l072_config *config, struct error *error)
{
    const struct options *options = s->options;
    if (options->image && !image_load(&s->image, options->image, options->address, error))
        return false;
    if (s->image.kind == IMAGE_ELF)
        s->symbols = symbols_open(options->image);
    if (!options->system_memory)
        return true;
    struct image *memory = &s->system_memory;
    if (!image_load(memory, options->system_memory, ROM_BASE, error))
        return false;
    if (!is_system_memory(memory))
        return error_set(error, "%s: is no dump of ST's system memory; read %u bytes at 0x%08X",
                         options->system_memory, ROM_SIZE, ROM_BASE);
    config->system_memory = memory->segment[0].data;
    config->system_memory_size = memory->segment[0].size;
    return true;
}

static bool load_kept(struct l072 *board, const char *path, struct error *error)
{
    struct image kept;
    if (!path || access(path, F_OK) != 0)
        return true;
    if (!image_load(&kept, path, IMAGE_FLASH, error))
        return false;
    bool ok = kept.kind == IMAGE_HEX ||
              error_set(error, "%s: is not a memory file written by --flash", path);
    ok = ok && target_load(board, &kept, error);
    image_free(&kept);
    return ok;
}

static bool set_fields(const struct options *options, struct l072 *board, struct error *error)
{
    for (size_t i = 0; i < options->fields; i++) {
        const struct option_field *field = &options->field[i];
        switch (l072_set_option(board, field->name, field->value)) {
        case 0: break;
        case L072_ERR_NAME:
            return error_set(
                error,
                "no option field '%s'; there are RDP, WPRMOD, BOR_LEV, WDG_SW, nRST_STOP, "
                "nRST_STDBY, BFB2, nBOOT1",
                field->name);
        default: return error_set(error, "option %s cannot be 0x%X", field->name, field->value);
        }
    }
    return true;
}

static bool set_up(struct session *s, struct error *error)
{
    const struct options *options = s->options;
    struct l072_config config = options->config;
    if (options->command && !file_find_program(options->command[0], error))
        return false;
    if (!load_files(s, &config, error))
        return false;
    s->board = target_create(&config, error);
    if (!s->board || !load_kept(s->board, options->flash, error) ||
        !target_load(s->board, &s->image, error) || !set_fields(options, s->board, error))
        return false;
    s->panel = options->panel;
    s->report = (struct report){.board = s->board, .symbols = s->symbols, .image = &s->image};
    if (options->trace && !(s->trace = trace_open(&s->report, error)))
        return false;
    if (options->vcd && !(s->vcd = vcd_open(options->vcd, s->board)))
        return error_set(error, "%s: %s", options->vcd, strerror(errno));
    if (options->gdb && !(s->gdb = debugger_open(s->board, options->gdb_port, error)))
        return false;
    if (options->pcap && !(s->pcap = pcap_open(options->pcap)))
        return error_set(error, "%s: %s", options->pcap, strerror(errno));
    l072_power(s->board, true);
    return panel_connect(&s->panel, s->board, error) &&
           faults_arm(&options->faults, s->board, error);
}

static void tear_down(struct session *s)
{
    trace_close(s->trace);
    (void)pcap_close(s->pcap); /* the session failed otherwise */
    gdb_close(s->gdb);
    if (s->vcd)
        (void)vcd_close(s->vcd, l072_now(s->board)); /* the session failed otherwise */
    l072_destroy(s->board);
    symbols_close(s->symbols);
    image_free(&s->image);
    image_free(&s->system_memory);
}

/* ---- Session -------------------------------------------------------------------------------- */

static bool observe(void *context, const struct l072_event *event)
{
    struct session *s = context;
    report_event(&s->report, event);
    if (s->vcd)
        vcd_event(s->vcd, event);
    return true;
}

static void before_slice(void *context, struct l072 *board, uint64_t *until)
{
    struct session *s = context;
    panel_act(&s->panel, board, until);
    if (s->gdb)
        gdb_run(s->gdb, until);
    if (s->trace)
        trace_run(s->trace, board, *until);
}

static void stopped(void *context)
{
    struct session *s = context;
    report_stop(&s->report);
}

static void observe_device(void *context, const struct l072_event *event)
{
    (void)observe(context, event);
}

/* Runs the board for the time asked, with a host that enumerates it and nothing more. */
static void run_alone(struct session *s)
{
    struct usb_device device;
    usb_device_init(&device, s->board);
    device.observe = observe_device;
    device.context = s;
    device.pcap = s->pcap;
    while (l072_now(s->board) < s->options->timeout) {
        uint64_t until = s->options->timeout;
        if (usb_device_due(&device) < until)
            until = usb_device_due(&device);
        before_slice(s, s->board, &until);
        enum l072_why why = l072_run(s->board, until);
        usb_device_poll(&device);
        if (why == L072_STOPPED) {
            stopped(s);
            return;
        }
    }
}

static int run_session(struct session *s, struct error *error)
{
    if (s->options->timeout) {
        run_alone(s);
        return CLI_DONE;
    }
    const struct bridge_guest debugger = debugger_guest(s->gdb);
    struct bridge bridge = {
        .board = s->board,
        .pace = s->options->pace,
        .way = s->options->way,
        .where = s->options->where,
        .pcap = s->pcap,
        .observe = observe,
        .before_slice = before_slice,
        .stopped = stopped,
        .guest = s->gdb ? &debugger : NULL,
        .context = s,
    };
    int status = bridge_run(&bridge, s->options->command, error->text, sizeof(error->text));
    return error->text[0] ? -1 : status;
}

/* What is left when the board has run: the files are complete, the sums are told. */
static bool finish(struct session *s, struct error *error)
{
    const struct options *options = s->options;
    struct vcd *vcd = s->vcd;
    struct pcap *pcap = s->pcap;
    s->vcd = NULL;
    s->pcap = NULL;
    if (!pcap_close(pcap))
        return error_set(error, "%s: %s", options->pcap, strerror(errno));
    if (vcd && !vcd_close(vcd, l072_now(s->board)))
        return error_set(error, "%s: %s", options->vcd, strerror(errno));
    if (options->summary)
        report_summary(&s->report);
    if (!options->flash)
        return true;
    l072_power(s->board, false);
    return target_save(s->board, options->flash, error);
}

static int run(int argc, char **argv)
{
    struct options options = {.config = {.seed = 1}, .address = IMAGE_FLASH};
    struct session s = {.options = &options};
    struct error error;
    int status = parse(&options, argc, argv);
    if (status >= 0)
        return status;

    setvbuf(stdout, NULL, _IOLBF, 0); /* UART output in whole lines, however the command prints */
    status = set_up(&s, &error) ? run_session(&s, &error) : -1;
    if (s.board && l072_stop(s.board)->kind != L072_STOP_NONE)
        status = CLI_WRONG; /* also when the board stopped before the command began */
    if (status >= 0 && !finish(&s, &error))
        status = -1;
    tear_down(&s);
    return status >= 0 ? status : cli_fail("sim", "%s", error.text);
}

const struct verb verb_sim = {"sim", "run an image on the simulated board", help, run};
