/* SPDX-License-Identifier: MIT */
/*
 * The application is run in single steps, the ROM at full speed: nothing is asked of what happens
 * inside it. The board is a lenient one, so that it does what the chip does.
 */
#include "watch.h"

#include <string.h>

#include "dfuhost.h"
#include "thumb.h"

#define AIRCR        0xE000ED0Cu
#define AIRCR_KEY    0x05FA0000u
#define AIRCR_RESET  0x00000004u
#define SYSCFG       0x40010000u
#define RCC_SFTRSTF  (UINT32_C(1) << 28)
#define RCC_IWDGRSTF (UINT32_C(1) << 29)
#define RCC_WWDGRSTF (UINT32_C(1) << 30)
#define ROM_CODE     (CHIP_SYSTEM_MEMORY + 0xC0) /* behind its 48 vectors */
#define ROM_END      (CHIP_SYSTEM_MEMORY + CHIP_SYSTEM_SIZE)
#define PATIENCE_PS  (600 * L072_PS_PER_MS) /* without any event: a device is there after 300 ms */
#define LONGEST_PS   (5 * L072_PS_PER_S)

/* ---- Facts ----------------------------------------------------------------------------------- */

static void note(struct watch *w, struct fact *fact, uint32_t pc, uint32_t address, uint32_t value)
{
    if (!fact->seen)
        *fact = (struct fact){true, l072_now(w->board), pc, address, value};
}

static bool is_ram(uint32_t address)
{
    return address >> 16 == 0x2000;
}

/* Where a request can outlast a reset: SRAM, data EEPROM, RTC backup registers (RM0376). */
static bool may_hold_token(uint32_t address)
{
    return is_ram(address) || (address >= 0x08080000 && address < 0x08081800) ||
           (address >= 0x40002850 && address < 0x40002864);
}

static bool on_stack(const struct watch *w, uint32_t address)
{
    return is_ram(address) && address >= l072_register(w->board, SP) && address < w->stack_top;
}

static void remember(struct watch *w, uint32_t pc, uint32_t address)
{
    unsigned slot = w->candidates;
    for (unsigned i = 0; i < WATCH_CANDIDATES && i < w->candidates; i++)
        if (w->candidate[(w->candidates - 1 - i) % WATCH_CANDIDATES].address == address)
            slot = w->candidates - 1 - i;
    if (slot == w->candidates)
        w->candidates++;
    w->candidate[slot % WATCH_CANDIDATES] =
        (struct fact){true, l072_now(w->board), pc, address, chip_word(w->board, address)};
}

/* A magic number is neither small, as a counter is, nor an address. */
static bool looks_magic(uint32_t value)
{
    uint32_t high = value >> 16;
    return high != 0 && high != 0x2000 && (high < 0x0800 || high > 0x0803);
}

/* Of what was stored last before the reset, the last magic number; else the last number at all. */
static void choose_token(struct watch *w)
{
    struct fact *token = &w->evidence.token;
    for (unsigned i = 0; i < WATCH_CANDIDATES && i < w->candidates; i++) {
        const struct fact *c = &w->candidate[(w->candidates - 1 - i) % WATCH_CANDIDATES];
        if (i == 0 || looks_magic(c->value))
            *token = *c;
        if (looks_magic(c->value))
            return;
    }
}

/* ---- Events of the board --------------------------------------------------------------------- */

static bool is_fault(uint32_t kind)
{
    return kind == L072_STOP_UNMAPPED || kind == L072_STOP_MISALIGNED ||
           kind == L072_STOP_UNDEFINED || kind == L072_STOP_STATE || kind == L072_STOP_EXECUTE ||
           kind == L072_STOP_LOCKUP;
}

/* System memory of other families is up here, and none of this one. */
static bool is_other_rom(uint32_t address)
{
    return address >= ROM_END && address < 0x20000000 && address >> 16 != 0x1FF8;
}

static void on_warning(struct watch *w, const struct l072_event *event)
{
    struct evidence *e = &w->evidence;
    if (event->value == L072_STOP_NO_CLOCK && event->detail >> 10 == SYSCFG >> 10)
        note(w, &e->no_clock, event->pc, event->detail, 0);
    if (!is_fault(event->value))
        return;
    if (is_other_rom(event->detail) || is_other_rom(event->pc))
        note(w, &e->not_rom, event->pc, event->detail, 0);
    note(w, &e->fault, event->pc, event->detail, event->value);
}

/* A handler that the application has left on is no bounce: the ROM goes on behind it. Nor is the
 * start after a reset by a watchdog. */
static void on_leave(struct watch *w, const struct l072_event *event)
{
    if (!(l072_register(w->board, XPSR) & IPSR) && !w->evidence.watchdog.seen)
        note(w, &w->evidence.leave, event->pc, event->value, 0);
    w->in_rom = false;
}

static void on_reset(struct watch *w, const struct l072_event *event)
{
    struct evidence *e = &w->evidence;
    w->called = false;
    if (event->detail & (RCC_IWDGRSTF | RCC_WWDGRSTF))
        note(w, &e->watchdog, event->pc, 0, event->detail);
    if (event->detail & RCC_SFTRSTF && !e->reset.seen && !e->jump.seen) {
        note(w, &e->reset, event->pc, 0, event->detail);
        choose_token(w);
    }
    if (w->repairs & REPAIR_WATCHDOG)
        chip_calm_watchdogs(w->board);
}

static void observe(void *context, const struct l072_event *event)
{
    struct watch *w = context;
    if (!w->asked && event->kind != L072_EVENT_WARNING)
        return;
    switch (event->kind) {
    case L072_EVENT_RESET: on_reset(w, event); break;
    case L072_EVENT_LEAVE_ROM: on_leave(w, event); break;
    case L072_EVENT_WARNING: on_warning(w, event); return; /* they may go on for ever */
    case L072_EVENT_ENTER_ROM: break;
    default: return;
    }
    w->last = event->time;
}

/* ---- The jump -------------------------------------------------------------------------------- */

static bool in_system_memory(uint32_t address)
{
    return address - CHIP_SYSTEM_MEMORY < CHIP_SYSTEM_SIZE;
}

static void enter_rom(struct watch *w, uint32_t from)
{
    struct evidence *e = &w->evidence;
    uint32_t target = l072_register(w->board, PC);
    w->in_rom = true;
    if (!w->asked && !in_system_memory(from)) /* where a power-on may begin */
        note(w, &e->unasked, from, target, 0);
    if (!w->asked || e->jump.seen)
        return;
    note(w, &e->jump, from, target, 0);
    e->chip = chip_look(w->board);
    e->rdp = chip_rdp(w->board);
    e->write_protected = chip_write_protected(w->board);
    if (w->repairs & REPAIR_LOOK) /* which is not the application's doing */
        e->chip.bank1 = e->bank1;
    if (w->repairs & REPAIR_WATCHDOG)
        chip_calm_watchdogs(w->board);
    chip_repair_jump(w->board, w->repairs);
}

/* ---- Single steps ---------------------------------------------------------------------------- */

static bool covers(const struct thumb *t, uint32_t address)
{
    return (t->address & ~3u) <= address && address < t->address + t->size;
}

/* What came of the token after the reset. The token is put back until something reads it. */
static void follow_token(struct watch *w, const struct thumb *t, uint32_t pc)
{
    struct evidence *e = &w->evidence;
    if (!e->reset.seen || !e->token.seen || e->token_read.seen || e->jump.seen)
        return;
    uint32_t address = e->token.address, value = chip_word(w->board, address);
    if (t->kind == THUMB_LOAD && covers(t, address)) {
        note(w, &e->token_read, pc, address, value);
    } else if (value != e->token.value) {
        if (!e->token_lost.seen)
            e->token_lost_to_stack = t->stack || on_stack(w, address);
        note(w, &e->token_lost, pc, address, value);
        if (w->repairs & REPAIR_TOKEN && address == w->token_address)
            (void)l072_write(w->board, address, 4, e->token.value); /* is SRAM: it was lost */
    }
}

static void after_store(struct watch *w, const struct thumb *t, uint32_t pc)
{
    uint32_t first = t->address & ~3u;
    if (w->evidence.reset.seen || w->evidence.jump.seen || !w->asked)
        return;
    for (uint32_t a = first; a < t->address + t->size; a += 4)
        if (may_hold_token(a) && !t->stack)
            remember(w, pc, a);
}

/* A store to AIRCR, before it happens. */
static void before_aircr(struct watch *w, uint32_t pc, uint32_t value)
{
    if ((value & 0xFFFF0000) == AIRCR_KEY && value & AIRCR_RESET)
        return;
    note(w, &w->evidence.useless_reset, pc, AIRCR, value);
    if (w->repairs & REPAIR_RESET && !w->evidence.reset.seen)
        (void)l072_write(w->board, AIRCR, 4, AIRCR_KEY | AIRCR_RESET);
}

/* The register that a store of a word takes its value from: Rt of STR. */
static uint32_t stored_value(const struct watch *w, uint32_t pc)
{
    uint16_t opcode = 0;
    if (l072_peek(w->board, pc, &opcode, sizeof opcode) != 0)
        return 0;
    return l072_register(w->board, opcode >> 12 == 9 ? opcode >> 8 & 7 : opcode & 7);
}

static void before_load(struct watch *w, const struct thumb *t, uint32_t pc)
{
    struct evidence *e = &w->evidence;
    if (t->stack && e->msp.seen && !e->jump.seen)
        note(w, &e->popped, pc, t->address, chip_word(w->board, t->address));
    if (t->address >= ROM_CODE && t->address < ROM_END - 2) /* the bootloader ID is there */
        note(w, &e->read_code, pc, t->address, 0);
    if (!e->reset.seen || e->jump.seen || t->address != CHIP_BANK1)
        return;
    note(w, &e->bank1_read, pc, CHIP_BANK1, e->bank1);
    if (w->repairs & REPAIR_LOOK)
        chip_hide_bank(w->board, CHIP_BANK1);
}

static void before_step(struct watch *w, const struct thumb *t, uint32_t pc)
{
    struct evidence *e = &w->evidence;
    if (t->kind == THUMB_STORE && t->address == AIRCR && t->size == 4)
        before_aircr(w, pc, stored_value(w, pc));
    if (t->kind == THUMB_STORE && t->address >> 10 == SYSCFG >> 10 && w->repairs & REPAIR_SYSCFG)
        chip_clock_syscfg(w->board);
    if (t->kind == THUMB_SET_MSP && !e->jump.seen) {
        e->msp = (struct fact){true, l072_now(w->board), pc, 0, t->address};
        e->msp_is_rom = t->address == chip_word(w->board, CHIP_SYSTEM_MEMORY);
    }
    if (t->kind == THUMB_LOAD)
        before_load(w, t, pc);
    if (t->kind == THUMB_BRANCH && t->wants_thumb_bit && !(t->address & 1))
        note(w, &e->no_thumb_bit, pc, t->address, 0);
}

/* The function that was called is back: the main loop goes on as if nothing had been. */
static void come_back(struct watch *w)
{
    if (!w->called || l072_register(w->board, PC) != w->saved[PC] ||
        l072_register(w->board, SP) != w->saved[SP])
        return;
    w->called = false;
    for (unsigned i = 0; i <= XPSR; i++)
        l072_set_register(w->board, i, w->saved[i]);
}

static enum l072_why step(struct watch *w)
{
    uint32_t pc = l072_register(w->board, PC), sp = l072_register(w->board, SP);
    if (is_ram(sp) && sp > w->stack_top)
        w->stack_top = sp;
    struct thumb t = w->asked ? thumb_next(w->board) : (struct thumb){0};
    before_step(w, &t, pc);
    enum l072_why why = l072_step(w->board);
    if (t.kind == THUMB_STORE)
        after_store(w, &t, pc);
    follow_token(w, &t, pc);
    come_back(w);
    if (in_system_memory(l072_register(w->board, PC)))
        enter_rom(w, pc);
    return why;
}

/* ---- Running --------------------------------------------------------------------------------- */

void watch_init(struct watch *watch, struct l072 *board)
{
    *watch = (struct watch){.board = board};
    usb_device_init(&watch->device, board);
    watch->device.observe = observe;
    watch->device.context = watch;
}

void watch_fork(struct watch *watch, const struct watch *from, struct l072 *board)
{
    *watch = *from;
    watch->board = board;
    watch->device.board = board;
    watch->device.context = watch;
}

static bool dfu_appeared(const struct watch *w)
{
    return w->evidence.jump.seen && dfuhost_in_dfu(&w->device);
}

/* One step of the application, or the ROM until something happens. False: the board stopped. */
static bool run_slice(struct watch *w, uint64_t end)
{
    uint64_t due = usb_device_due(&w->device);
    enum l072_why why = w->in_rom ? l072_run(w->board, due < end ? due : end) : step(w);
    if (why != L072_TIME || w->in_rom || l072_now(w->board) >= due)
        usb_device_poll(&w->device);
    if (w->in_rom && !in_system_memory(l072_register(w->board, PC)))
        w->in_rom = false; /* a handler of the application, or a reset */
    return why != L072_STOPPED;
}

void watch_run(struct watch *watch, uint64_t ps)
{
    uint64_t end = l072_now(watch->board) + ps;
    while (l072_now(watch->board) < end && !watch->evidence.unasked.seen && !dfu_appeared(watch))
        if (!run_slice(watch, end))
            return;
}

static void read_chip(struct watch *w)
{
    struct l072_geometry geometry;
    l072_get_geometry(w->board, &geometry);
    w->evidence.bank1 = chip_word(w->board, geometry.flash_base);
    w->evidence.rom_start = chip_word(w->board, CHIP_SYSTEM_MEMORY + 4);
    w->evidence.has_bank2 = geometry.bank2_base != 0;
    w->evidence.bank2 = geometry.bank2_base ? chip_word(w->board, geometry.bank2_base) : 0;
    w->evidence.bfb2 = chip_bfb2(w->board);
}

void watch_request(struct watch *watch)
{
    watch->asked = true;
    watch->last = l072_now(watch->board);
    read_chip(watch);
    if (watch->repairs & REPAIR_WATCHDOG)
        chip_calm_watchdogs(watch->board);
}

void watch_call(struct watch *watch, uint32_t function)
{
    /* Not inside an interrupt, whose stack is not the main loop's. */
    uint64_t late = l072_now(watch->board) + L072_PS_PER_S / 10;
    while (l072_register(watch->board, XPSR) & IPSR && l072_now(watch->board) < late)
        if (!run_slice(watch, late))
            return;
    watch_request(watch);
    for (unsigned i = 0; i <= XPSR; i++)
        watch->saved[i] = l072_register(watch->board, i);
    l072_set_register(watch->board, LR, watch->saved[PC] | 1);
    l072_set_register(watch->board, PC, function & ~1u);
    watch->called = true;
}

static enum outcome judge(const struct watch *w)
{
    const struct evidence *e = &w->evidence;
    if (dfu_appeared(w))
        return OUTCOME_DFU;
    if (l072_stop(w->board)->kind || e->fault.seen ||
        (l072_register(w->board, XPSR) & IPSR) == HARD_FAULT)
        return OUTCOME_CRASH;
    if (e->watchdog.seen)
        return OUTCOME_WATCHDOG;
    if (!e->jump.seen)
        return w->in_rom ? OUTCOME_NOT_STARTED : OUTCOME_NO_JUMP;
    return e->leave.seen ? OUTCOME_BOUNCE : OUTCOME_NO_DEVICE;
}

void watch_to_the_end(struct watch *watch)
{
    uint64_t end = l072_now(watch->board) + LONGEST_PS;
    while (l072_now(watch->board) < end && l072_now(watch->board) < watch->last + PATIENCE_PS &&
           !watch->evidence.watchdog.seen && !dfu_appeared(watch))
        if (!run_slice(watch, end))
            break;
    watch->evidence.outcome = judge(watch);
}
