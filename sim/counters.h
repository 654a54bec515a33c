/* SPDX-License-Identifier: MIT */
/*
 * What l072_get_counters() tells and nobody else counts.
 *
 * Simplified: the stack is the main one (MSP); process stacks are not measured. A new one begins at
 * a reset, and when SP is set above its top or while it is empty.
 */
#ifndef SIM_COUNTERS_H
#define SIM_COUNTERS_H

#include <stdint.h>

struct counters {
    uint64_t instructions, usb_transactions;
    uint32_t stack_top, stack_low; /* of the present main stack */
    uint32_t stack_depth;          /* greatest of those before it */
};

static inline uint32_t counters_stack_depth(const struct counters *k)
{
    uint32_t depth = k->stack_top - k->stack_low;

    return depth > k->stack_depth ? depth : k->stack_depth;
}

/* The main stack pointer went down to `sp`. */
static inline void counters_stack_grew(struct counters *k, uint32_t sp)
{
    if (sp < k->stack_low)
        k->stack_low = sp;
}

/* A reset, or MSR MSP: another stack. */
static inline void counters_stack_new(struct counters *k, uint32_t sp)
{
    k->stack_depth = counters_stack_depth(k);
    k->stack_top = k->stack_low = sp;
}

/* MOV or ADD to the main stack pointer: start-up code, a frame released, or a large one made. */
static inline void counters_stack_set(struct counters *k, uint32_t sp)
{
    if (sp > k->stack_top || k->stack_low == k->stack_top)
        counters_stack_new(k, sp);
    else
        counters_stack_grew(k, sp);
}

#endif
