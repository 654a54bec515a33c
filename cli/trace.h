/* SPDX-License-Identifier: MIT */
/* Prints every instruction to stderr: address, text, and the registers it changed. */
#ifndef CLI_TRACE_H
#define CLI_TRACE_H

#include "error.h"
#include "l072.h"
#include "report.h"

struct trace;

struct trace *trace_open(const struct report *report, struct error *error);
void trace_close(struct trace *trace);
/* Runs the board to `until`, or until it has events or stops. */
void trace_run(struct trace *trace, struct l072 *board, uint64_t until);
/* Writes one instruction as text: "push {r4, lr}". Returns `text`. */
const char *trace_instruction(const struct l072 *board, uint32_t address, char *text, size_t size);

#endif
