/* SPDX-License-Identifier: MIT */
/*
 * Exception entry and return (ARM DDI 0419 B1.5).
 *
 * Not modelled / simplified:
 *  - Tail-chaining and late arrival: each entry and each return costs its full time.
 *  - A bus fault while a frame is popped, or a frame that no entry has pushed, is a HardFault of
 * the returning instruction, with a frame of its own.
 *  - Lockup ends with a reset only; NMI does not break it.
 * Unconfirmed, and how it is read here:
 * - An entry takes 15 cycles, a return 13.
 */
#include "board.h"
#include "core.h"

/* Zero wait states; the usual figures for the core, not in its reference manual. */
#define ENTRY_CYCLES 15
#define EXIT_CYCLES  13

#define FRAME_SIZE 32u
#define XPSR_ALIGN (1u << 9) /* in a frame: 4 bytes of padding above it */

/* EXC_RETURN */
#define RETURN_HANDLER    0xFFFFFFF1u
#define RETURN_THREAD_MSP 0xFFFFFFF9u
#define RETURN_THREAD_PSP 0xFFFFFFFDu

/* Words of a frame, from its lowest address. */
enum frame { FRAME_R0, FRAME_R12 = 4, FRAME_LR, FRAME_PC, FRAME_XPSR, FRAME_WORDS };

bool exception_abandoned(const struct board *b)
{
    return b->stop.kind || b->reset_request || !b->powered;
}

/* ---- Entry ---------------------------------------------------------------------------------- */

static void lock_up(struct board *b)
{
    board_complain(b, L072_STOP_LOCKUP, b->cpu.here,
                   "lockup: fault inside HardFault or NMI, or no usable vector or stack for them");
    if (exception_abandoned(b))
        return;
    b->cpu.lockup = true;
    b->cpu.attention = true;
}

static bool push_frame(struct board *b, uint32_t sp, uint32_t align)
{
    const struct cpu *c = &b->cpu;
    const uint32_t word[FRAME_WORDS] = {c->r[0],  c->r[1],  c->r[2],  c->r[3],
                                        c->r[12], c->r[LR], c->r[PC], cpu_xpsr(b) | align};

    for (uint32_t i = 0; i < FRAME_WORDS; i++)
        if (!bus_write(b, sp + 4 * i, 4, word[i]) || exception_abandoned(b))
            return false;
    return true;
}

static bool read_vector(struct board *b, unsigned exception, uint32_t *vector)
{
    if (!bus_read(b, b->nvic.vtor + 4 * exception, 4, vector) || exception_abandoned(b))
        return false;
    if (!(*vector & 1))
        board_complain(b, L072_STOP_STATE, *vector,
                       "vector of exception %u is 0x%08X, without the Thumb bit", exception,
                       *vector);
    return true;
}

/* Registers as the handler finds them; `sp` is below the frame. */
static void start_handler(struct board *b, unsigned exception, uint32_t sp, uint32_t vector)
{
    struct cpu *c = &b->cpu;

    c->r[SP] = core_grow_stack(b, sp);
    c->r[LR] = RETURN_HANDLER;
    if (!c->ipsr)
        c->r[LR] = RETURN_THREAD_MSP;
    if (core_process_stack(c)) {
        c->r[LR] = RETURN_THREAD_PSP;
        c->r[SP] = c->banked_sp;
        c->banked_sp = sp;
    }
    c->control &= (uint8_t)~CONTROL_SPSEL;
    c->r[PC] = vector & ~1u;
    c->t = vector & 1;
    c->ipsr = (uint8_t)exception;
    c->event = true;
    c->attention = true;
    nvic_activate(b, exception);
}

/* Changes nothing but memory below the stack until it is sure to succeed. */
static void enter(struct board *b, unsigned exception)
{
    uint32_t align = (b->cpu.r[SP] & 4) ? XPSR_ALIGN : 0;
    uint32_t sp = (b->cpu.r[SP] - FRAME_SIZE) & ~4u;
    uint32_t vector;
    bool ok = push_frame(b, sp, align) && read_vector(b, exception, &vector);

    if (!ok && !exception_abandoned(b) && nvic_priority(b, exception) >= 0) {
        exception = EXC_HARDFAULT;
        ok = read_vector(b, exception, &vector);
    }
    if (exception_abandoned(b))
        return;
    if (!ok) {
        lock_up(b);
        return;
    }
    start_handler(b, exception, sp, vector);
    b->time.cycles += ENTRY_CYCLES;
}

static int execution_priority(const struct board *b)
{
    int active = nvic_active_priority(b);

    return b->cpu.primask && active > 0 ? 0 : active;
}

void exception_fault(struct board *b)
{
    b->cpu.r[PC] = b->cpu.here;
    if (exception_abandoned(b))
        return;
    if (nvic_active_priority(b) < 0)
        lock_up(b);
    else
        enter(b, EXC_HARDFAULT);
}

void exception_svc(struct board *b)
{
    struct cpu *c = &b->cpu;

    if (nvic_priority(b, EXC_SVCALL) < execution_priority(b)) {
        enter(b, EXC_SVCALL);
    } else {
        board_complain(b, L072_STOP_RULE, c->here,
                       "SVC with PRIMASK set or in a handler of its priority or above: HardFault");
        exception_fault(b);
    }
    if (exception_abandoned(b))
        c->r[PC] = c->here;
}

/* ---- Return --------------------------------------------------------------------------------- */

/* The value fits the exceptions that are active: one when returning to Thread mode. */
static bool valid_return(const struct board *b, uint32_t exc_return)
{
    uint64_t active = b->nvic.active;
    bool nested = active & (active - 1);

    switch (exc_return) {
    case RETURN_HANDLER: return nested;
    case RETURN_THREAD_MSP:
    case RETURN_THREAD_PSP: return !nested;
    default: return false;
    }
}

static bool pop_frame(struct board *b, uint32_t sp, uint32_t word[FRAME_WORDS])
{
    for (uint32_t i = 0; i < FRAME_WORDS; i++)
        if (!bus_read(b, sp + 4 * i, 4, &word[i]))
            return false;
    return !exception_abandoned(b);
}

/* The frame is one that an entry may have pushed for this mode. */
static bool valid_frame(struct board *b, const uint32_t word[FRAME_WORDS], bool thread)
{
    bool in_thread = !(word[FRAME_XPSR] & XPSR_IPSR);

    if (word[FRAME_XPSR] & XPSR_T && in_thread == thread)
        return true;
    board_complain(b, L072_STOP_STATE, word[FRAME_PC],
                   "exception return to 0x%08X with xPSR 0x%08X: the stack frame is damaged",
                   word[FRAME_PC], word[FRAME_XPSR]);
    return false;
}

static void restore(struct board *b, const uint32_t word[FRAME_WORDS], uint32_t exc_return,
                    uint32_t sp)
{
    struct cpu *c = &b->cpu;
    uint32_t xpsr = word[FRAME_XPSR];

    nvic_deactivate(b, c->ipsr);
    for (unsigned i = 0; i < 4; i++)
        c->r[i] = word[FRAME_R0 + i];
    c->r[12] = word[FRAME_R12];
    c->r[LR] = word[FRAME_LR];
    c->r[PC] = word[FRAME_PC] & ~1u;
    core_set_flags(c, xpsr);
    c->ipsr = xpsr & XPSR_IPSR;
    if (exc_return == RETURN_THREAD_PSP) {
        c->control |= CONTROL_SPSEL;
        c->banked_sp = c->r[SP];
    }
    c->r[SP] = sp;
}

void exception_return(struct board *b, uint32_t exc_return)
{
    struct cpu *c = &b->cpu;
    uint32_t sp = exc_return == RETURN_THREAD_PSP ? c->banked_sp : c->r[SP];
    bool thread = exc_return != RETURN_HANDLER;
    uint32_t word[FRAME_WORDS];

    if (!valid_return(b, exc_return)) {
        board_complain(b, L072_STOP_STATE, exc_return,
                       "exception return with 0x%08X: no such EXC_RETURN, or not for the "
                       "exceptions that are active",
                       exc_return);
        exception_fault(b);
        return;
    }
    if (!pop_frame(b, sp, word) || !valid_frame(b, word, thread)) {
        exception_fault(b);
        return;
    }
    sp = (sp + FRAME_SIZE) | ((word[FRAME_XPSR] & XPSR_ALIGN) ? 4 : 0);
    restore(b, word, exc_return, sp);
    b->time.cycles += EXIT_CYCLES;
    c->event = true;
    c->attention = true;
    if (thread && b->nvic.scr & SCR_SLEEPONEXIT)
        exception_sleep(b, CPU_WFI);
}

/* ---- Between two instructions --------------------------------------------------------------- */

/* An exception would be taken at this execution priority. */
static bool preempts(const struct board *b, int priority)
{
    unsigned exception = nvic_most_urgent(b);

    return exception && nvic_priority(b, exception) < priority;
}

/* WFI wakes as if PRIMASK were 0 (ARM DDI 0419 B1.5.17). */
static bool wakes(const struct board *b)
{
    switch (b->cpu.sleep) {
    case CPU_WFI: return preempts(b, nvic_active_priority(b));
    case CPU_WFE: return b->cpu.event || preempts(b, execution_priority(b));
    default: return true;
    }
}

bool cpu_idle(const struct board *b)
{
    return b->cpu.lockup || b->pwr.mode != PWR_RUN || !wakes(b);
}

void exception_sleep(struct board *b, enum cpu_sleep how)
{
    b->cpu.sleep = how;
    b->cpu.attention = true;
    if (b->nvic.scr & SCR_SLEEPDEEP && cpu_idle(b) && !pwr_deep_sleep(b))
        b->cpu.sleep = CPU_AWAKE;
    signals_update(b);
}

bool exception_attend(struct board *b)
{
    struct cpu *c = &b->cpu;

    if (board_must_return(b) || cpu_idle(b))
        return false;
    if (c->sleep == CPU_WFE)
        c->event = false;
    c->sleep = CPU_AWAKE;
    c->attention = false;
    signals_update(b);
    if (preempts(b, execution_priority(b))) {
        c->here = c->r[PC];
        enter(b, nvic_most_urgent(b));
    } else if (!c->t) {
        c->here = c->r[PC];
        exception_fault(b);
    }
    return true;
}
