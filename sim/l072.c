/* SPDX-License-Identifier: MIT */
/* The public functions of l072.h. */
#include "board.h"

#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "options.h"
#include "rom/images.h"

struct l072 {
    struct board board;
};

/* A ROM without DFU, for parts that have no stand-in: SP, reset vector, an endless loop. */
static const uint8_t silent_rom[] = {0x00, 0x10, 0x00, 0x20, 0x09, 0x00, 0xF0, 0x1F, 0xFE, 0xE7};

/* Bootloader ID bytes at the end of the ROM (AN2606 table 3): V12.0 on L052, V11.2 on L071. */
static uint8_t silent_rom_id(const struct part *part)
{
    return part->usb ? 0xC0 : 0xB2;
}

static void load_rom(struct board *b, const struct l072_config *config)
{
    const uint8_t *image = config->rom == L072_ROM_V40 ? l072_rom_v40 : l072_rom_v41;
    size_t size = ROM_IMAGE_SIZE;

    if (config->system_memory) {
        image = config->system_memory;
        size = config->system_memory_size;
    } else if (!b->part.rom_dfu) {
        image = silent_rom;
        size = sizeof silent_rom;
        b->rom[b->part.rom_size - 2] = silent_rom_id(&b->part);
    }
    memcpy(b->rom, image, size < sizeof b->rom ? size : sizeof b->rom);
}

/* ST's boards for this series have 8 MHz there: eval boards a crystal, Nucleos a clock. */
#define HSE_DEFAULT 8000000u

static bool hse_valid(uint32_t hz)
{
    return hz == 0 || hz == L072_HSE_NONE || (hz >= L072_HSE_MIN && hz <= L072_HSE_MAX);
}

static uint32_t hse_of(uint32_t hz)
{
    if (hz == L072_HSE_NONE)
        return 0;
    return hz ? hz : HSE_DEFAULT;
}

struct l072 *l072_create(const struct l072_config *config)
{
    const struct part *part = part_find(config->part ? config->part : "l072xz");
    bool valid = part && hse_valid(config->hse_hz);
    struct l072 *board = valid ? calloc(1, sizeof *board) : NULL;
    struct board *b;

    if (!board)
        return NULL;
    b = &board->board;
    b->part = *part;
    /* V4.0 came with silicon revision B, V4.1 with revision Z (ES0292, AN2606). */
    if (config->rom == L072_ROM_V40)
        b->part.idcode = (part->idcode & 0xFFFF) | 0x20000000;
    b->boot0 = config->boot0;
    b->rcc.hse_hz = hse_of(config->hse_hz);
    b->lenient = config->lenient;
    b->random = config->seed * 2654435761u + 0x9E3779B9u;
    if (!b->random)
        b->random = 1;
    b->time.period_ps = PS_PER_US;
    for (unsigned i = 0; i < EVENT_COUNT; i++)
        b->time.due[i] = NEVER;
    b->time.next_due = NEVER;
    host_init(b);
    options_factory(b);
    load_rom(b, config);
    return board;
}

void l072_destroy(struct l072 *board)
{
    free(board);
}

struct l072 *l072_clone(const struct l072 *board)
{
    struct l072 *copy = malloc(sizeof *copy);

    if (copy)
        *copy = *board;
    return copy;
}

void l072_assign(struct l072 *to, const struct l072 *from)
{
    *to = *from;
}

const char *l072_part_name(size_t i)
{
    const struct part *part = part_at(i);

    return part ? part->name : NULL;
}

void l072_get_geometry(const struct l072 *board, struct l072_geometry *geometry)
{
    const struct part *part = &board->board.part;

    *geometry = (struct l072_geometry){
        .flash_base = 0x08000000,
        .flash_size = part->flash_size,
        .bank2_base = part->bank2 ? 0x08000000 + part->bank2 : 0,
        .eeprom_base = 0x08080000,
        .eeprom_size = part->eeprom_size,
        .sram_base = 0x20000000,
        .sram_size = part->sram_size,
    };
}

int l072_load(struct l072 *board, uint32_t address, const void *data, size_t size)
{
    struct board *b = &board->board;
    uint8_t *memory = size <= UINT32_MAX ? bus_memory(b, address, (uint32_t)size) : NULL;

    if (!memory || (memory >= b->rom && memory < b->rom + sizeof b->rom))
        return L072_ERR_ADDRESS;
    memcpy(memory, data, size);
    return 0;
}

int l072_peek(const struct l072 *board, uint32_t address, void *data, size_t size)
{
    /* bus_memory() only computes an address. */
    struct board *b = (struct board *)&board->board;
    const uint8_t *memory = size <= UINT32_MAX ? bus_memory(b, address, (uint32_t)size) : NULL;

    if (!memory)
        return L072_ERR_ADDRESS;
    memcpy(data, memory, size);
    return 0;
}

int l072_set_option(struct l072 *board, const char *name, uint32_t value)
{
    return options_set_field(board->board.option, name, value);
}

void l072_power(struct l072 *board, bool on)
{
    struct board *b = &board->board;

    if (on && !b->powered)
        board_power_on(b);
    if (!on && b->powered)
        board_power_off(b);
}

bool l072_powered(const struct l072 *board)
{
    return board->board.powered;
}

int l072_fault(struct l072 *board, const struct l072_fault *fault)
{
    return fault_arm(&board->board, fault);
}

void l072_reset(struct l072 *board)
{
    if (board->board.powered)
        board_reset(&board->board, RESET_PIN);
}

int l072_drive_pin(struct l072 *board, const char *pin, bool level)
{
    return gpio_drive(&board->board, pin, level);
}

int l072_uart_receive(struct l072 *board, unsigned port, uint8_t byte)
{
    return usart_receive(&board->board, port, byte);
}

enum l072_why l072_run(struct l072 *board, uint64_t until)
{
    return board_run(&board->board, until);
}

enum l072_why l072_step(struct l072 *board)
{
    return board_step(&board->board);
}

uint64_t l072_now(const struct l072 *board)
{
    return time_now(&board->board);
}

uint64_t l072_cycles(const struct l072 *board)
{
    return board->board.time.cycles - board->board.power_on_cycles;
}

uint32_t l072_register(const struct l072 *board, unsigned n)
{
    const struct cpu *cpu = &board->board.cpu;
    bool psp = cpu->control & 2 && !cpu->ipsr;

    if (n < 16)
        return cpu->r[n];
    switch (n) {
    case 16: return cpu_xpsr(&board->board);
    case 17: return psp ? cpu->banked_sp : cpu->r[13];
    case 18: return psp ? cpu->r[13] : cpu->banked_sp;
    case 19: return cpu->primask;
    case 20: return cpu->control;
    default: return 0;
    }
}

/* MSR as a debugger may do it in any mode. */
static void write_special(struct board *b, unsigned sysm, uint32_t value)
{
    const uint8_t npriv = b->cpu.control & CONTROL_NPRIV;

    b->cpu.control ^= npriv;
    special_write(b, sysm, value);
    b->cpu.control |= npriv;
}

static void write_pc(struct board *b, uint32_t value)
{
    b->cpu.r[PC] = value & ~1u;
    b->cpu.t = true;
    b->cpu.sleep = CPU_AWAKE;
    b->stop = (struct l072_stop){0};
}

void l072_set_register(struct l072 *board, unsigned n, uint32_t value)
{
    struct board *b = &board->board;

    switch (n) {
    case SP: b->cpu.r[SP] = value & ~3u; break;
    case PC: write_pc(b, value); break;
    case 16: core_set_flags(&b->cpu, value); break; /* IPSR and EPSR are the core's */
    case 17: write_special(b, 8, value); break;
    case 18: write_special(b, 9, value); break;
    case 19: write_special(b, 16, value & 1); break;
    case 20:
        b->cpu.control &= (uint8_t)~CONTROL_NPRIV;
        special_write(b, 20, value);
        break;
    default:
        if (n < SP || n == LR)
            b->cpu.r[n] = value;
    }
}

int l072_read(struct l072 *board, uint32_t address, unsigned size, uint32_t *value)
{
    if (address & (size - 1) || !bus_debug_read(&board->board, address, size, value))
        return L072_ERR_ADDRESS;
    return 0;
}

int l072_write(struct l072 *board, uint32_t address, unsigned size, uint32_t value)
{
    if (address & (size - 1) || !bus_debug_write(&board->board, address, size, value))
        return L072_ERR_ADDRESS;
    return 0;
}

void l072_get_counters(const struct l072 *board, struct l072_counters *counters)
{
    const struct board *b = &board->board;

    *counters = (struct l072_counters){
        .cycles = b->time.cycles,
        .instructions = b->counters.instructions,
        .usb_transactions = b->counters.usb_transactions,
        .flash_operations = b->flash.operations,
        .flash_busy_ps = b->flash.busy_ps,
        .stack_depth = counters_stack_depth(&b->counters),
    };
}

void l072_log_signals(struct l072 *board, bool on)
{
    board->board.signals.on = on;
    signals_update(&board->board);
}

bool l072_next_event(struct l072 *board, struct l072_event *event)
{
    struct event_log *log = &board->board.log;

    if (!log->count)
        return false;
    *event = log->entry[log->head];
    log->head = (log->head + 1) % LOG_SIZE;
    log->count--;
    return true;
}

const struct l072_stop *l072_stop(const struct l072 *board)
{
    return &board->board.stop;
}

int l072_urb_submit(struct l072 *board, const struct l072_urb *urb)
{
    return host_submit(&board->board, urb);
}

enum l072_urb_status l072_urb_take(struct l072 *board, int id, void *data, uint32_t size,
                                   uint32_t *actual)
{
    return host_take(&board->board, id, data, size, actual);
}

void l072_urb_cancel(struct l072 *board, int id)
{
    host_cancel(&board->board, id);
}

void l072_usb_clear_toggle(struct l072 *board, uint8_t address, uint8_t endpoint)
{
    host_clear_toggle(&board->board, address, endpoint);
}

void l072_usb_plug(struct l072 *board, bool plugged)
{
    host_plug(&board->board, plugged);
}

bool l072_usb_attached(const struct l072 *board)
{
    return host_attached(&board->board);
}

void l072_usb_reset(struct l072 *board, uint64_t ps)
{
    host_bus_reset(&board->board, ps);
}

void l072_usb_suspend(struct l072 *board)
{
    host_suspend(&board->board);
}

void l072_usb_resume(struct l072 *board)
{
    host_resume(&board->board);
}

bool l072_usb_suspended(const struct l072 *board)
{
    return host_suspended(&board->board);
}
