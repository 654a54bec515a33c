/* SPDX-License-Identifier: MIT */
#include "sim_options.h"

#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "debugger.h"
#include "file.h"
#include "image.h"
#include "listener.h"

const char sim_help[] =
    "usage: dfuse sim [options] IMAGE [-- COMMAND...]\n"
    "\n"
    "Runs IMAGE (ELF, Intel HEX or plain bytes) on a simulated STM32L072 board, and\n"
    "COMMAND with the board on its USB: dfu-util, lsusb or a program of your own,\n"
    "unmodified. Without COMMAND the board runs until Ctrl-C. What happens on the\n"
    "board is told on stderr, with the simulated time; what firmware sends by UART\n"
    "goes to stdout.\n"
    "\n"
    "Options of the board:\n"
    "  --rom v4.0|v4.1       system memory to imitate (v4.1)\n"
    "  --system-memory FILE  run this dump of ST's system memory instead\n"
    "  --part PART           part on the board (l072xz): one of 'dfuse help parts'\n"
    "  --boot0               BOOT0 pin high\n"
    "  --hse HZ|none         crystal or clock at OSC_IN (8000000)\n"
    "  --option NAME=VALUE   set a field of the option bytes, as BFB2=1; may be\n"
    "                        repeated\n"
    "  --flash FILE          keep flash, data EEPROM and option bytes in FILE (Intel\n"
    "                        HEX) from run to run; IMAGE, if given, is programmed\n"
    "                        over them\n"
    "  --address ADDRESS     where an IMAGE of plain bytes goes (0x08000000)\n"
    "  --seed N              of all that is random, as RAM at power-on (1)\n"
    "  --lenient             warn where a strict board stops\n"
    "\n"
    "Options for what happens to it:\n"
    "  --press PIN@TIME      press a button for 100 ms: PA0@1.5s drives PA0 high,\n"
    "                        PA0:0@200ms low, and the opposite before and after;\n"
    "                        NRST@TIME resets, VDD@TIME cuts the power; may be\n"
    "                        repeated\n"
    "  --fault NAME:WHEN     let something go wrong (see Faults); may be repeated\n"
    "  --cut-power WHEN      --fault cut:WHEN; power returns after 100 ms\n"
    "  --timeout TIME        without COMMAND: run this much simulated time, at full\n"
    "                        speed\n"
    "  --pace real|free      real: never faster than the clock on the wall (free)\n"
    "\n"
    "Options for who is on its USB:\n"
    "  --usbredir SOCKET     instead of COMMAND: a virtual machine, at this path\n"
    "  --usbip [ADDRESS:]PORT\n"
    "                        instead of COMMAND: a USB/IP client\n"
    "\n"
    "Options to look inside:\n"
    "  --pcap FILE           write the USB traffic for Wireshark\n"
    "  --vcd FILE            write power, reset, sleep, flash, USB and pins for\n"
    "                        GTKWave\n"
    "  --gdb PORT            serve GDB on this TCP port of 127.0.0.1, 0: any free one\n"
    "  --trace               print every instruction to stderr\n"
    "  --summary             tell at the end what the run took\n" FAULTS_HELP "\n"
    "Examples:\n"
    "  What dfu-util sees of your firmware:\n"
    "    dfuse sim app.elf -- dfu-util -l\n"
    "  The update of a hidden image by the ROM, in one call of dfu-util:\n"
    "    dfuse sim hidden.elf -- dfu-util -d 1209:0001,0483:df11 -a 0 \\\n"
    "        -s 0x08000000:leave -D update.bin\n"
    "  Does the button at PA0 lead to DFU?\n"
    "    dfuse sim --press PA0@1s hidden.elf -- sh -c 'sleep 2; dfu-util -l'\n"
    "  What the BOOT0 pin would do:\n"
    "    dfuse sim --boot0 app.elf -- dfu-util -l\n"
    "  Two seconds without a program, and their signals:\n"
    "    dfuse sim --timeout 2s --vcd signals.vcd app.elf\n"
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
    OPT_HSE,
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
    {"hse",           required_argument, NULL, OPT_HSE          },
    {"trace",         no_argument,       NULL, OPT_TRACE        },
    {"vcd",           required_argument, NULL, OPT_VCD          },
    {"gdb",           required_argument, NULL, OPT_GDB          },
    {"summary",       no_argument,       NULL, OPT_SUMMARY      },
    {"lenient",       no_argument,       NULL, OPT_LENIENT      },
    {NULL,            0,                 NULL, 0                },
};

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

static bool set_way(struct sim_options *options, enum bridge_way way, const char *where,
                    struct error *error)
{
    if (options->where)
        return error_set(error, "one of --usbredir and --usbip only");
    options->way = way;
    options->where = where;
    return way != BRIDGE_USBIP || listener_check_tcp(where, error->text, sizeof(error->text));
}

static bool parse_hse(const char *text, uint32_t *hz, struct error *error)
{
    *hz = L072_HSE_NONE;
    return strcmp(text, "none") == 0 ||
           (parse_u32(text, hz) && *hz >= L072_HSE_MIN && *hz <= L072_HSE_MAX) ||
           error_set(error,
                     "--hse: '%s' is neither none nor a frequency from 1000000 to 32000000 Hz",
                     text);
}

static bool set_option(struct sim_options *options, int id, char *value, struct error *error)
{
    bool second;
    switch ((enum option_id)id) {
    case OPT_HELP: break; /* answered by sim_parse() */
    case OPT_ROM:
        if (!parse_choice("rom", value, "v4.1", "v4.0", &second, error))
            return false;
        options->config.rom = second ? L072_ROM_V40 : L072_ROM_V41;
        return true;
    case OPT_SYSTEM_MEMORY: options->system_memory = value; return true;
    case OPT_PART: options->config.part = value; return true;
    case OPT_BOOT0: options->config.boot0 = true; return true;
    case OPT_OPTION: return fields_add(&options->fields, value, error);
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
    case OPT_HSE: return parse_hse(value, &options->config.hse_hz, error);
    case OPT_TRACE: options->trace = true; return true;
    case OPT_VCD: options->vcd = value; return true;
    case OPT_GDB: options->gdb = true; return debugger_parse(value, &options->gdb_port, error);
    case OPT_SUMMARY: options->summary = true; return true;
    case OPT_LENIENT: options->config.lenient = true; return true;
    }
    return false;
}

static bool check_ways(const struct sim_options *options, struct error *error)
{
    if (options->command && !options->command[0])
        return error_set(error, "no command after '--'");
    if ((options->command || options->gdb) && options->timeout)
        return error_set(error, "--timeout is for a run without command and without --gdb");
    if (options->where && (options->command || options->timeout))
        return error_set(error, "--usbredir and --usbip go without command and --timeout");
    if (options->timeout && options->pace == BRIDGE_PACE_REAL)
        return error_set(error, "--timeout is for a run at full speed, without --pace real");
    return true;
}

/* A file written from the start of the run on must be no other file of the run. */
static bool check_files(const struct sim_options *options, struct error *error)
{
    const char *const files[] = {options->vcd, options->pcap, options->image,
                                 options->system_memory, options->flash};
    for (size_t written = 0; written < 2; written++)
        for (size_t i = written + 1; i < sizeof(files) / sizeof(files[0]); i++)
            if (file_same(files[written], files[i]))
                return error_set(error, "'%s' would be written over; give another name",
                                 files[written]);
    return !options->flash || file_can_write(options->flash, error);
}

/* A word that is no option: IMAGE, before the "--" that was cut off. Said at once, as the options
 * after a second one are those of a command. */
static bool set_image(struct sim_options *options, const char *word, struct error *error)
{
    if (options->image)
        return error_set(error, "one IMAGE only; write '--' before the command '%s'", word);
    options->image = word;
    return true;
}

static bool check_all(const struct sim_options *options, struct error *error)
{
    if (!options->image && (!options->flash || access(options->flash, F_OK) != 0))
        return error_set(error, "no IMAGE; see 'dfuse help sim'");
    return check_ways(options, error) && check_files(options, error);
}

int sim_parse(struct sim_options *options, int argc, char **argv)
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
    optind = 1;
    while ((id = cli_next_option("sim", "+:h", long_options, argc, argv)) != -1 || optind < argc) {
        if (id == '?')
            return CLI_USAGE;
        if (id == OPT_HELP)
            return cli_help(&verb_sim);
        if (id == -1 ? !set_image(options, argv[optind++], &error)
                     : !set_option(options, id, optarg, &error))
            return cli_fail("sim", "%s", error.text);
    }
    if (!check_all(options, &error))
        return cli_fail("sim", "%s", error.text);
    return -1;
}
