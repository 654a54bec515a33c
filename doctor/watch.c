/* SPDX-License-Identifier: MIT */
/*
 * The application is run in single steps, the ROM at full speed: nothing is asked of what happens
 * inside it. The board is a lenient one, so that it does what the chip does.
 */
#include "watch.h"

#include <string.h>

#include "dfuhost.h"
#include "thumb.h"

enum { SP = 13, LR = 14, PC = 15, XPSR = 16, MSP = 17, PRIMASK = 19 };
enum { HARD_FAULT = 3, IPSR = 0x3F };

#define VTOR          0xE000ED08u
#define AIRCR         0xE000ED0Cu
#define AIRCR_KEY     0x05FA0000u
#define AIRCR_RESET   0x00000004u
#define SYST_CSR      0xE000E010u
#define NVIC_ISER     0xE000E100u
#define NVIC_ICER     0xE000E180u
#define SYSCFG        0x40010000u
#define RCC_APB2ENR   0x40021034u
#define USB_BCDR      0x40005C58u
#define RCC_SFTRSTF   (UINT32_C(1) << 28)
#define BANK1         0x08000000u
#define ROM_CODE      0x1FF000C0u /* behind its 48 vectors */
#define SYSTEM_MEMORY 0x1FF00000u
#define SYSTEM_SIZE   0x2000u
#define HIDDEN_WORD   0xBE00BE00u
#define PATIENCE_PS   (600 * L072_PS_PER_MS) /* without any event: a device is there after 300 ms */
#define LONGEST_PS    (5 * L072_PS_PER_S)

/* ---- Facts ----------------------------------------------------------------------------------- */

static void note(struct watch *w, struct fact *fact, uint32_t pc, uint32_t address, uint32_t value)
{
    if (!fact->seen)
        *fact = (struct fact){true, l072_now(w->board), pc, address, value};
}

static uint32_t read_word(const struct watch *w, uint32_t address)
{
    uint32_t word = 0;
    if (l072_peek(w->board, address, &word, sizeof word) != 0)
        (void)l072_read(w->board, address, 4, &word);
    return word;
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
        (struct fact){true, l072_now(w->board), pc, address, read_word(w, address)};
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
    return address >= SYSTEM_MEMORY + SYSTEM_SIZE && address < 0x20000000 &&
           address >> 16 != 0x1FF8;
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
    if (!e->fault.seen)
        e->fault_in_rom = w->in_rom;
    note(w, &e->fault, event->pc, event->detail, event->value);
}

/* A handler that the application has left on is no bounce: the ROM goes on behind it. */
static void on_leave(struct watch *w, const struct l072_event *event)
{
    if (!(l072_register(w->board, XPSR) & IPSR))
        note(w, &w->evidence.leave, event->pc, event->value, 0);
    w->in_rom = false;
}

static void observe(void *context, const struct l072_event *event)
{
    struct watch *w = context;
    if (!w->asked && event->kind != L072_EVENT_WARNING)
        return;
    switch (event->kind) {
    case L072_EVENT_RESET:
        w->called = false;
        if (event->detail & RCC_SFTRSTF && !w->evidence.reset.seen && !w->evidence.jump.seen) {
            note(w, &w->evidence.reset, event->pc, 0, event->detail);
            choose_token(w);
        }
        break;
    case L072_EVENT_LEAVE_ROM: on_leave(w, event); break;
    case L072_EVENT_WARNING: on_warning(w, event); return; /* they may go on for ever */
    case L072_EVENT_ENTER_ROM: break;
    default: return;
    }
    w->last = event->time;
}

/* ---- The jump -------------------------------------------------------------------------------- */

static void hide_bank(struct watch *w, uint32_t address)
{
    static const uint32_t word = HIDDEN_WORD;
    (void)l072_load(w->board, address, &word, sizeof word); /* is flash of this part */
}

static bool is_remapped(const struct watch *w)
{
    uint32_t word = 0;
    (void)l072_read(w->board, 4, 4, &word);
    return word == read_word(w, SYSTEM_MEMORY + 4);
}

static void clock_syscfg(struct watch *w)
{
    (void)l072_write(w->board, RCC_APB2ENR, 4, read_word(w, RCC_APB2ENR) | 1);
}

/* Makes the chip return from the exception to where it is about to go: it runs BX LR on a frame
 * made for that, at the end of SRAM, which the ROM does not use. */
static void leave_handler(struct watch *w)
{
    enum { FRAME_PC = 24, FRAME_XPSR = 28, CODE = 64 };
    static const uint32_t thread_main = 0xFFFFFFF9, bx_lr = 0x4770, thumb = UINT32_C(1) << 24;
    struct l072 *board = w->board;
    uint32_t pc = l072_register(board, PC), msp = l072_register(board, MSP);
    struct l072_geometry geometry;
    l072_get_geometry(board, &geometry);
    uint32_t frame = geometry.sram_base + geometry.sram_size - 0x100;
    if (!(l072_register(board, XPSR) & IPSR))
        return;
    (void)l072_write(board, frame + FRAME_PC, 4, pc); /* is SRAM, as all here */
    (void)l072_write(board, frame + FRAME_XPSR, 4, thumb);
    (void)l072_write(board, frame + CODE, 2, bx_lr);
    l072_set_register(board, SP, frame);
    l072_set_register(board, LR, thread_main);
    l072_set_register(board, PC, frame + CODE);
    (void)l072_step(board);
    l072_set_register(board, MSP, msp);
}

static void repair_jump(struct watch *w)
{
    struct l072_geometry geometry;
    l072_get_geometry(w->board, &geometry);
    if (w->repairs & REPAIR_HANDLER)
        leave_handler(w);
    if (w->repairs & REPAIR_ENTRY)
        l072_set_register(w->board, PC, w->evidence.rom_start & ~1u);
    if (w->repairs & REPAIR_MSP)
        l072_set_register(w->board, MSP, read_word(w, SYSTEM_MEMORY));
    if (w->repairs & REPAIR_PRIMASK)
        l072_set_register(w->board, PRIMASK, 0);
    if (w->repairs & REPAIR_SYSTICK)
        (void)l072_write(w->board, SYST_CSR, 4, 0);
    if (w->repairs & REPAIR_NVIC)
        (void)l072_write(w->board, NVIC_ICER, 4, UINT32_MAX);
    if (w->repairs & REPAIR_PULLUP)
        (void)l072_write(w->board, USB_BCDR, 2, 0);
    if (w->repairs & REPAIR_VTOR)
        (void)l072_write(w->board, VTOR, 4, 0);
    if (w->repairs & REPAIR_REMAP) {
        clock_syscfg(w);
        (void)l072_write(w->board, SYSCFG, 4, 1);
    }
    if (w->repairs & REPAIR_BANK1)
        hide_bank(w, geometry.flash_base);
    if (w->repairs & REPAIR_BANK2 && geometry.bank2_base)
        hide_bank(w, geometry.bank2_base);
}

static void enter_rom(struct watch *w, uint32_t from)
{
    struct evidence *e = &w->evidence;
    w->in_rom = true;
    if (!w->asked || e->jump.seen)
        return;
    note(w, &e->jump, from, l072_register(w->board, PC), 0);
    e->jump_primask = l072_register(w->board, PRIMASK);
    e->jump_exception = l072_register(w->board, XPSR) & IPSR;
    e->jump_systick = read_word(w, SYST_CSR) & 1;
    e->jump_nvic = read_word(w, NVIC_ISER);
    /* What the repair has changed is not the application's doing. */
    e->jump_bank1 = w->repairs & REPAIR_LOOK ? e->bank1 : read_word(w, BANK1);
    e->jump_vtor = read_word(w, VTOR);
    e->jump_remapped = is_remapped(w);
    e->jump_pullup = l072_usb_attached(w->board);
    repair_jump(w);
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
    uint32_t address = e->token.address, value = read_word(w, address);
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
        note(w, &e->popped, pc, t->address, read_word(w, t->address));
    if (t->address >= ROM_CODE &&
        t->address < SYSTEM_MEMORY + SYSTEM_SIZE - 2) /* the bootloader ID is there */
        note(w, &e->read_code, pc, t->address, 0);
    if (!e->reset.seen || e->jump.seen || t->address != BANK1)
        return;
    note(w, &e->bank1_read, pc, BANK1, e->bank1);
    if (w->repairs & REPAIR_LOOK)
        hide_bank(w, BANK1);
}

static void before_step(struct watch *w, const struct thumb *t, uint32_t pc)
{
    struct evidence *e = &w->evidence;
    if (t->kind == THUMB_STORE && t->address == AIRCR && t->size == 4)
        before_aircr(w, pc, stored_value(w, pc));
    if (t->kind == THUMB_STORE && t->address >> 10 == SYSCFG >> 10 && w->repairs & REPAIR_SYSCFG)
        clock_syscfg(w);
    if (t->kind == THUMB_SET_MSP && !e->jump.seen) {
        e->msp = (struct fact){true, l072_now(w->board), pc, 0, t->address};
        e->msp_is_rom = t->address == read_word(w, SYSTEM_MEMORY);
    }
    if (t->kind == THUMB_LOAD)
        before_load(w, t, pc);
    if (t->kind == THUMB_BRANCH && t->wants_thumb_bit && !(t->address & 1))
        note(w, &e->no_thumb_bit, pc, t->address, 0);
}

static bool in_system_memory(uint32_t address)
{
    return address - SYSTEM_MEMORY < SYSTEM_SIZE;
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
    while (l072_now(watch->board) < end && !dfu_appeared(watch))
        if (!run_slice(watch, end))
            return;
}

static void read_chip(struct watch *w)
{
    struct l072_geometry geometry;
    l072_get_geometry(w->board, &geometry);
    w->evidence.bank1 = read_word(w, geometry.flash_base);
    w->evidence.rom_start = read_word(w, SYSTEM_MEMORY + 4);
    w->evidence.has_bank2 = geometry.bank2_base != 0;
    w->evidence.bank2 = geometry.bank2_base ? read_word(w, geometry.bank2_base) : 0;
}

void watch_request(struct watch *watch)
{
    watch->asked = true;
    watch->last = l072_now(watch->board);
    read_chip(watch);
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
    if (!e->jump.seen)
        return OUTCOME_NO_JUMP;
    return e->leave.seen ? OUTCOME_BOUNCE : OUTCOME_NO_DEVICE;
}

void watch_to_the_end(struct watch *watch)
{
    uint64_t end = l072_now(watch->board) + LONGEST_PS;
    while (l072_now(watch->board) < end && l072_now(watch->board) < watch->last + PATIENCE_PS &&
           !dfu_appeared(watch))
        if (!run_slice(watch, end))
            break;
    watch->evidence.outcome = judge(watch);
}
