/* SPDX-License-Identifier: MIT */
/* What the verbs of the command share. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

#define DFUSE_VERSION "0.1.0"

enum cli_exit {
    CLI_DONE = 0,
    CLI_WRONG = 1, /* the thing checked is wrong, or the board stopped */
    CLI_USAGE = 2, /* wrong usage, or the environment does not allow it */
};

struct verb {
    const char *name;
    const char *summary;
    /* Also the manual page, and what bash completes: in the form that tools/manual tells, 80
     * columns, with Examples that work (tests/cli/help.sh runs them) and the exit status. A value
     * is FILE, PART, one of a|b, or another word in capitals, of which nothing is completed. */
    const char *help;
    int (*run)(int argc, char **argv); /* argv[0] is the name; returns the exit status */
};

extern const struct verb verb_doctor, verb_sim, verb_explore, verb_hide, verb_pack, verb_inspect;

/* Prints "dfuse NAME: ..." and returns CLI_USAGE. */
__attribute__((format(printf, 2, 3))) int cli_fail(const char *name, const char *format, ...);
/* getopt_long() for the verb `name`, optind set to 1 before the first; '?': what is wrong was said.
 * A value is neither empty nor like an option: then it was forgotten. */
int cli_next_option(const char *name, const char *letters, const struct option *options, int argc,
                    char **argv);
int cli_help(const struct verb *verb);

/* A number in decimal, 0x hexadecimal or 0 octal, nothing after it. */
bool parse_u32(const char *text, uint32_t *value);
/* "1.5s", "200ms" or "10us" in picoseconds, at most 10^6 s; nothing but digits and a point. */
bool parse_time(const char *text, uint64_t *ps);

#endif
