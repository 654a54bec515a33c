/* SPDX-License-Identifier: MIT */
/* What the printers of findings and of the doctor's answers share. All goes to stdout. */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

/* Prints words up to column 80 and ends the line. `indent` characters, the label, stand on the
 * line already; the lines that follow begin below the first word. */
void print_wrapped(int indent, const char *words);
/* Prints a JSON string (RFC 8259) with its quotes. Bytes above 0x7E become U+007F to U+00FF, so
 * that any name gives valid JSON. */
void print_json_string(const char *text);

#endif
