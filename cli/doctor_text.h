/* SPDX-License-Identifier: MIT */
/* What dfuse doctor prints, for people and for programs. */
#ifndef CLI_DOCTOR_TEXT_H
#define CLI_DOCTOR_TEXT_H

#include "doctor.h"
#include "guess.h"
#include "symbols.h"

#define DOCTOR_ROMS 2

struct doctor_text {
    const char *file, *part;
    char guess[GUESS_MAX];         /* why this part, empty: it was named */
    bool guessed;                  /* how it is asked */
    const struct symbols *symbols; /* may be NULL */
    const char *rom[DOCTOR_ROMS];  /* as on the command line: "v4.0" */
    struct doctor_diagnosis diagnosis[DOCTOR_ROMS];
};

void doctor_print(const struct doctor_text *text);
void doctor_print_json(const struct doctor_text *text);
void doctor_explain(const struct cause *cause);
/* All causes as docs/why-no-dfu-device.md. */
void doctor_explain_all(void);

#endif
