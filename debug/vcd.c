/* SPDX-License-Identifier: MIT */
#include "vcd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Names of variables in the file: one or two printable characters (IEEE 1364-2005, 18.2.1). */
enum { ID_FIRST = '!' };

enum wire { WIRE_POWER, WIRE_RESET, WIRE_ROM, WIRE_SLEEP, WIRE_FLASH, WIRE_USB, WIRES };

static const struct {
    const char *type, *name;
} wires[WIRES] = {
    [WIRE_POWER] = {"wire",  "power"       },
      [WIRE_RESET] = {"event", "reset"       },
    [WIRE_ROM] = {"wire",  "in_rom"      },
      [WIRE_SLEEP] = {"wire",  "cpu_sleep"   },
    [WIRE_FLASH] = {"wire",  "flash_busy"  },
      [WIRE_USB] = {"wire",  "usb_attached"},
};

/* The ports of this part that have pins in its packages of up to 64 pins. */
static const struct {
    unsigned number; /* as in L072_EVENT_PINS */
    char letter;
    unsigned pins;
} ports[] = {
    {0, 'A', 16},
    {1, 'B', 16},
    {2, 'C', 16},
    {7, 'H', 2 },
};
#define PORTS (sizeof ports / sizeof ports[0])

struct vcd {
    FILE *file;
    uint64_t time;          /* picoseconds: of the last line "#time" */
    uint32_t levels[PORTS]; /* of the pins */
};

static void name_wire(FILE *file, enum wire wire)
{
    fprintf(file, "%c", ID_FIRST + (int)wire);
}

/* Two characters: port, pin. */
static void name_pin(FILE *file, size_t port, unsigned pin)
{
    fprintf(file, "%c%c", ports[port].letter, ID_FIRST + (int)pin);
}

static void declare(FILE *file)
{
    fprintf(file, "$version dfuse sim $end\n$timescale 1 ps $end\n$scope module l072 $end\n");
    for (int i = 0; i < WIRES; i++) {
        fprintf(file, "$var %s 1 ", wires[i].type);
        name_wire(file, (enum wire)i);
        fprintf(file, " %s $end\n", wires[i].name);
    }
    for (size_t port = 0; port < PORTS; port++) {
        for (unsigned pin = 0; pin < ports[port].pins; pin++) {
            fprintf(file, "$var wire 1 ");
            name_pin(file, port, pin);
            fprintf(file, " P%c%u $end\n", ports[port].letter, pin);
        }
    }
    fprintf(file, "$upscope $end\n$enddefinitions $end\n");
}

static void set_wire(struct vcd *vcd, enum wire wire, bool level)
{
    fputc('0' + level, vcd->file);
    name_wire(vcd->file, wire);
    fputc('\n', vcd->file);
}

static void set_pins(struct vcd *vcd, size_t port, uint32_t levels, uint32_t changed)
{
    for (unsigned pin = 0; pin < ports[port].pins; pin++) {
        if (!(changed >> pin & 1))
            continue;
        fputc('0' + (int)(levels >> pin & 1), vcd->file);
        name_pin(vcd->file, port, pin);
        fputc('\n', vcd->file);
    }
    vcd->levels[port] = levels;
}

static void go_to(struct vcd *vcd, uint64_t time)
{
    if (time == vcd->time)
        return;
    vcd->time = time;
    fprintf(vcd->file, "#%llu\n", (unsigned long long)time);
}

struct vcd *vcd_open(const char *path, struct l072 *board)
{
    struct vcd *vcd = calloc(1, sizeof *vcd);

    if (!vcd)
        return NULL;
    vcd->file = fopen(path, "w");
    if (!vcd->file) {
        free(vcd);
        return NULL;
    }
    declare(vcd->file);
    vcd->time = l072_now(board);
    fprintf(vcd->file, "#%llu\n$dumpvars\n", (unsigned long long)vcd->time);
    for (int i = 0; i < WIRES; i++)
        if (i != WIRE_RESET)
            set_wire(vcd, (enum wire)i, i == WIRE_USB && l072_usb_attached(board));
    for (size_t port = 0; port < PORTS; port++)
        set_pins(vcd, port, 0, UINT32_MAX);
    fprintf(vcd->file, "$end\n");
    l072_log_signals(board, true);
    return vcd;
}

static void pins_event(struct vcd *vcd, const struct l072_event *event)
{
    for (size_t port = 0; port < PORTS; port++) {
        if (ports[port].number != event->value || vcd->levels[port] == event->detail)
            continue;
        go_to(vcd, event->time);
        set_pins(vcd, port, event->detail, vcd->levels[port] ^ event->detail);
    }
}

/* What runs in the ROM does not leave it when power goes. */
static void power_event(struct vcd *vcd, const struct l072_event *event)
{
    go_to(vcd, event->time);
    set_wire(vcd, WIRE_POWER, event->value);
    if (!event->value)
        set_wire(vcd, WIRE_ROM, false);
}

void vcd_event(struct vcd *vcd, const struct l072_event *event)
{
    enum wire wire;
    bool level = event->value;

    switch (event->kind) {
    case L072_EVENT_POWER: power_event(vcd, event); return;
    case L072_EVENT_SLEEP: wire = WIRE_SLEEP; break;
    case L072_EVENT_FLASH: wire = WIRE_FLASH; break;
    case L072_EVENT_RESET: wire = WIRE_RESET, level = true; break;
    case L072_EVENT_ENTER_ROM: wire = WIRE_ROM, level = true; break;
    case L072_EVENT_LEAVE_ROM: wire = WIRE_ROM, level = false; break;
    case L072_EVENT_USB_ATTACH: wire = WIRE_USB, level = true; break;
    case L072_EVENT_USB_DETACH: wire = WIRE_USB, level = false; break;
    case L072_EVENT_PINS: pins_event(vcd, event); return;
    default: return;
    }
    go_to(vcd, event->time);
    set_wire(vcd, wire, level);
}

bool vcd_close(struct vcd *vcd, uint64_t now)
{
    go_to(vcd, now);
    bool written = !ferror(vcd->file);
    written = fclose(vcd->file) == 0 && written;
    free(vcd);
    if (!written && errno == 0)
        errno = EIO;
    return written;
}
