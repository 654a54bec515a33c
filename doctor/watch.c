/* SPDX-License-Identifier: MIT */
/*
 * The application is run in single steps, the ROM at full speed: nothing is asked of what happens
 * inside it. The board is a lenient one, so that it does what the chip does.
 */
#include "watch.h"

#include <string.h>

#include "dfuhost.h"
#include "token.h"

#define AIRCR        0xE000ED0Cu
#define AIRCR_KEY    0x05FA0000u
#define AIRCR_RESET  0x00000004u
#define SYSCFG       0x40010000u
#define RCC_SFTRSTF  (UINT32_C(1) << 28)
#define RCC_IWDGRSTF (UINT32_C(1) << 29)
#define RCC_WWDGRSTF (UINT32_C(1) << 30)
#define ROM_CODE     (CHIP_SYSTEM_MEMORY + 0xC0) /* behind its 48 vectors */
#define ROM_END      (CHIP_SYSTEM_MEMORY + CHIP_SYSTEM_SIZE)
#define UDF_TRAP     0xDEFFu /* GCC's __builtin_trap() */
#define RESETS_MOST  8       /* an application that resets for ever */

void watch_note(const struct watch *w, struct fact *fact, uint32_t pc, uint32_t address,
                uint32_t value)
{
    if (!fact->seen)
        *fact = (struct fact){true, l072_now(w->board), pc, address, value};
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
        watch_note(w, &e->no_clock, event->pc, event->detail, 0);
    if (event->value == L072_STOP_FLASH && token_may_be(event->detail) && !e->reset.seen)
        watch_note(w, &e->not_stored, event->pc, event->detail, 0);
    if (!is_fault(event->value))
        return;
    w->stirred = true;
    if (is_other_rom(event->detail) || is_other_rom(event->pc))
        watch_note(w, &e->not_rom, event->pc, event->detail, 0);
    if (!e->fault.seen)
        e->fault_is_trap =
            (chip_word(w->board, event->pc & ~3u) >> (event->pc & 2) * 8 & 0xFFFF) == UDF_TRAP;
    watch_note(w, &e->fault, event->pc, event->detail, event->value);
}

/* A handler that the application has left on is no bounce: the ROM goes on behind it. */
static void on_leave(struct watch *w, const struct l072_event *event)
{
    bool bounce = event->value == w->start_up || !(l072_register(w->board, XPSR) & IPSR);
    if (bounce)
        watch_note(w, &w->evidence.leave, event->pc, event->value, 0);
    w->in_rom = false;
}

static void on_reset(struct watch *w, const struct l072_event *event)
{
    struct evidence *e = &w->evidence;
    w->called = false;
    bool watchdog = event->detail & (RCC_IWDGRSTF | RCC_WWDGRSTF);
    bool first = !e->reset.seen && !e->jump.seen;
    if (first && (watchdog || event->detail & RCC_SFTRSTF)) {
        watch_note(w, &e->reset, event->pc, 0, event->detail);
        e->reset_by_watchdog = watchdog; /* that may be how the application resets */
    } else if (watchdog) {
        watch_note(w, &e->watchdog, event->pc, 0, event->detail);
    }
    if (w->repairs & REPAIR_WATCHDOG)
        chip_calm_watchdogs(w->board);
}

static void observe(void *context, const struct l072_event *event)
{
    struct watch *w = context;
    w->entered |= event->kind == L072_EVENT_ENTER_ROM;
    w->resets += event->kind == L072_EVENT_RESET;
    w->stirred |= event->kind == L072_EVENT_RESET || event->kind == L072_EVENT_ENTER_ROM;
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

/* An instruction at `from` has led into the ROM: no jump when the chip begins there, or takes an
 * exception whose vector is the ROM's. */
static void enter_rom(struct watch *w, uint32_t from, uint32_t exception)
{
    struct evidence *e = &w->evidence;
    uint32_t target = l072_register(w->board, PC);
    w->in_rom = true;
    if (in_system_memory(from) || (l072_register(w->board, XPSR) & IPSR) != exception)
        return;
    w->last = l072_now(w->board);
    if (!w->asked)
        watch_note(w, &e->unasked, from, target, 0);
    if (!w->asked || e->jump.seen)
        return;
    watch_note(w, &e->jump, from, target, 0);
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

/* A store to AIRCR, before it happens. Only a whole word counts. */
static void before_aircr(struct watch *w, const struct thumb *t, uint32_t pc)
{
    if (t->size == 4 && (t->value & 0xFFFF0000) == AIRCR_KEY && t->value & AIRCR_RESET)
        return;
    watch_note(w, &w->evidence.useless_reset, pc, AIRCR, t->value);
    if (w->repairs & REPAIR_RESET && !w->evidence.reset.seen)
        (void)l072_write(w->board, AIRCR, 4, AIRCR_KEY | AIRCR_RESET);
}

static void before_store(struct watch *w, const struct thumb *t, uint32_t pc)
{
    if (t->address == AIRCR)
        before_aircr(w, t, pc);
    if (t->address >> 10 == SYSCFG >> 10 && w->repairs & REPAIR_SYSCFG)
        chip_clock_syscfg(w->board);
    if (w->repairs & REPAIR_STORE && token_is_backup(t->address))
        chip_open_backup(w->board);
}

static void before_load(struct watch *w, const struct thumb *t, uint32_t pc)
{
    struct evidence *e = &w->evidence;
    /* Above where MSP was set nothing has been pushed since. */
    if (t->stack && e->msp.seen && !e->jump.seen && !(l072_register(w->board, CONTROL) & 2) &&
        t->address + t->size > e->msp.value)
        watch_note(w, &e->popped, pc, t->address, chip_word(w->board, t->address));
    if (t->address >= ROM_CODE && t->address < ROM_END - 2) /* the bootloader ID is there */
        watch_note(w, &e->read_code, pc, t->address, 0);
    if (t->address == 0)
        w->zero_read = chip_word(w->board, 0) != chip_word(w->board, CHIP_SYSTEM_MEMORY);
    if (!e->reset.seen || e->jump.seen || t->address != CHIP_BANK1)
        return;
    watch_note(w, &e->bank1_read, pc, CHIP_BANK1, e->bank1);
    if (w->repairs & REPAIR_LOOK)
        chip_hide_bank(w->board, CHIP_BANK1);
}

static void before_step(struct watch *w, const struct thumb *t, uint32_t pc)
{
    struct evidence *e = &w->evidence;
    if (pc == w->start_up)
        e->msp.seen = false; /* start-up code has a stack of its own */
    if (t->kind == THUMB_STORE)
        before_store(w, t, pc);
    if (t->kind == THUMB_SET_MSP && !e->jump.seen && t->address != l072_register(w->board, MSP)) {
        e->msp = (struct fact){true, l072_now(w->board), pc, 0, t->address};
        e->msp_is_rom = t->address == chip_word(w->board, CHIP_SYSTEM_MEMORY);
        e->msp_from_zero = w->zero_read && !e->msp_is_rom;
    }
    if (t->kind == THUMB_LOAD)
        before_load(w, t, pc);
    if (t->kind == THUMB_BRANCH && t->wants_thumb_bit && !(t->address & 1))
        watch_note(w, &e->no_thumb_bit, pc, t->address, 0);
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
    uint32_t exception = l072_register(w->board, XPSR) & IPSR;
    if (chip_is_sram(sp) && sp > w->stack_top)
        w->stack_top = sp;
    struct thumb t = w->asked ? thumb_next(w->board) : (struct thumb){0};
    before_step(w, &t, pc);
    enum l072_why why = l072_step(w->board);
    token_follow(w, &t, pc, (l072_register(w->board, XPSR) & IPSR) != exception);
    come_back(w);
    if (in_system_memory(l072_register(w->board, PC)))
        enter_rom(w, pc, exception);
    return why;
}

/* ---- Running --------------------------------------------------------------------------------- */

void watch_init(struct watch *watch, struct l072 *board)
{
    *watch = (struct watch){.board = board};
    usb_device_init(&watch->device, board);
    watch->device.observe = observe;
    watch->device.context = watch;
    usb_device_poll(&watch->device); /* takes what came with the power */
    watch->resets = 0;
}

void watch_fork(struct watch *watch, const struct watch *from)
{
    struct l072 *board = watch->board;
    l072_assign(board, from->board);
    *watch = *from;
    watch->board = board;
    watch->device.board = board;
    watch->device.context = watch;
}

/* The next instruction is WFI or WFE, into Stop or Standby. */
static bool stops(const struct watch *w)
{
    uint16_t opcode = 0;
    (void)l072_peek(w->board, l072_register(w->board, PC), &opcode, sizeof opcode);
    return (opcode == 0xBF30 || opcode == 0xBF20) &&
           chip_word(w->board, CHIP_SCR) & CHIP_SCR_SLEEPDEEP;
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

void watch_start(struct watch *watch, uint64_t ps)
{
    uint64_t end = l072_now(watch->board) + ps;
    while (l072_now(watch->board) < end && !watch->evidence.unasked.seen && !stops(watch))
        if (!run_slice(watch, end))
            return;
}

bool watch_glance(struct watch *watch, uint64_t ps)
{
    uint64_t end = l072_now(watch->board) + ps;
    watch->stirred = watch->entered = false;
    while (!watch->stirred && l072_now(watch->board) < end) {
        uint64_t due = usb_device_due(&watch->device);
        if (l072_run(watch->board, due < end ? due : end) == L072_STOPPED)
            return true;
        usb_device_poll(&watch->device);
    }
    return watch->stirred;
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
    w->start_up = chip_word(w->board, geometry.flash_base + 4) & ~1u;
}

bool watch_crashed(const struct watch *watch)
{
    return l072_stop(watch->board)->kind ||
           (l072_register(watch->board, XPSR) & IPSR) == HARD_FAULT;
}

void watch_request(struct watch *watch)
{
    struct evidence *e = &watch->evidence;
    watch->asked = true;
    watch->resets = 0;
    watch->last = l072_now(watch->board);
    read_chip(watch);
    if (!watch_crashed(watch))
        e->fault.seen = e->not_rom.seen = e->no_clock.seen = e->not_stored.seen = false;
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
    bool survived = e->reset.seen && e->fault.time < e->reset.time;
    if (watch_crashed(w) || (e->fault.seen && !survived))
        return OUTCOME_CRASH;
    if (e->leave.seen)
        return OUTCOME_BOUNCE;
    if (e->watchdog.seen || (e->reset_by_watchdog && !e->jump.seen && !e->token_read.seen))
        return OUTCOME_WATCHDOG;
    if (!e->jump.seen)
        return w->in_rom ? OUTCOME_NOT_STARTED : OUTCOME_NO_JUMP;
    return OUTCOME_NO_DEVICE;
}

static bool is_over(const struct watch *w, uint64_t patience_ps)
{
    const struct evidence *e = &w->evidence;
    bool begun = e->reset.seen || e->jump.seen || e->fault.seen;
    uint64_t patience = begun ? WATCH_PATIENCE_PS : patience_ps;
    return dfu_appeared(w) || e->watchdog.seen || w->resets > RESETS_MOST ||
           l072_now(w->board) >= w->last + patience;
}

void watch_to_the_end(struct watch *watch, uint64_t patience_ps)
{
    uint64_t end = l072_now(watch->board) + WATCH_LONGEST_PS;
    while (l072_now(watch->board) < end && !is_over(watch, patience_ps))
        if (!run_slice(watch, end))
            break;
    token_conclude(watch);
    watch->evidence.outcome = judge(watch);
}
