/* SPDX-License-Identifier: MIT */
/* dfuse sim: runs an image on the simulated board, with a command on its USB. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge.h"
#include "cli.h"
#include "debugger.h"
#include "device.h"
#include "file.h"
#include "image.h"
#include "pcap.h"
#include "report.h"
#include "sim_options.h"
#include "symbols.h"
#include "target.h"
#include "trace.h"
#include "vcd.h"

#define ROM_BASE 0x1FF00000u
#define ROM_SIZE 8192u

struct session {
    const struct sim_options *options;
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
    const struct sim_options *options = s->options;
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

/* The last step of the set-up: what is refused before leaves files as they were. */
static bool open_files(struct session *s, struct error *error)
{
    const struct sim_options *options = s->options;
    if (options->pcap && !(s->pcap = pcap_open(options->pcap)))
        return error_set(error, "%s: %s", options->pcap, strerror(errno));
    if (options->vcd && !(s->vcd = vcd_open(options->vcd, s->board)))
        return error_set(error, "%s: %s", options->vcd, strerror(errno));
    return true;
}

static bool set_up(struct session *s, struct error *error)
{
    const struct sim_options *options = s->options;
    struct l072_config config = options->config;
    if (options->command && !file_find_program(options->command[0], error))
        return false;
    if (!load_files(s, &config, error))
        return false;
    s->board = target_create(&config, error);
    if (!s->board || !load_kept(s->board, options->flash, error) ||
        !target_load(s->board, &s->image, error) || !fields_set(&options->fields, s->board, error))
        return false;
    s->panel = options->panel;
    s->report = (struct report){.board = s->board, .symbols = s->symbols, .image = &s->image};
    l072_power(s->board, true);
    if (!panel_connect(&s->panel, s->board, error) ||
        !faults_arm(&options->faults, s->board, error))
        return false;
    if (options->trace && !(s->trace = trace_open(&s->report, error)))
        return false;
    if (options->gdb && !(s->gdb = debugger_open(s->board, options->gdb_port, error)))
        return false;
    return open_files(s, error);
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

static bool close_files(struct session *s, struct error *error)
{
    const struct sim_options *options = s->options;
    struct vcd *vcd = s->vcd;
    struct pcap *pcap = s->pcap;
    bool ok = true;
    s->vcd = NULL;
    s->pcap = NULL;
    if (!pcap_close(pcap))
        ok = error_set(error, "%s: %s", options->pcap, strerror(errno));
    if (vcd && !vcd_close(vcd, l072_now(s->board)))
        ok = error_set(error, "%s: %s", options->vcd, strerror(errno));
    return ok;
}

/* What is left when the board has run: the files are complete, the sums are told. A file that
 * cannot be completed is no reason to lose the others. */
static bool finish(struct session *s, struct error *error)
{
    const struct sim_options *options = s->options;
    bool ok = close_files(s, error);
    report_faults(&s->report, options->faults.count);
    if (options->summary)
        report_summary(&s->report);
    if (!options->flash)
        return ok;
    l072_power(s->board, false);
    return target_save(s->board, options->flash, error) && ok;
}

static int run(int argc, char **argv)
{
    struct sim_options options = {.config = {.seed = 1}, .address = IMAGE_FLASH};
    struct session s = {.options = &options};
    struct error error;
    int status = sim_parse(&options, argc, argv);
    if (status >= 0)
        return status;

    setvbuf(stdout, NULL, _IOLBF, 0); /* UART output in whole lines, however the command prints */
    bool ready = set_up(&s, &error);
    if (ready && s.gdb)
        debugger_tell(s.gdb);
    status = ready ? run_session(&s, &error) : -1;
    if (s.board && l072_stop(s.board)->kind != L072_STOP_NONE)
        status = CLI_WRONG; /* also when the board stopped before the command began */
    if (status >= 0 && !finish(&s, &error))
        status = -1;
    tear_down(&s);
    return status >= 0 ? status : cli_fail("sim", "%s", error.text);
}

const struct verb verb_sim = {"sim", "run an image on the simulated board", sim_help, run};
