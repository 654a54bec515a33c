/* SPDX-License-Identifier: MIT */
/* What the user asks of `dfuse sim`. */
#ifndef CLI_SIM_OPTIONS_H
#define CLI_SIM_OPTIONS_H

#include "bridge.h"
#include "faults.h"
#include "fields.h"
#include "l072.h"
#include "panel.h"

extern const char sim_help[];

struct sim_options {
    struct l072_config config;
    const char *image, *system_memory, *flash, *vcd, *pcap; /* files; NULL: none */
    char **command;                                         /* NULL: none */
    enum bridge_way way;
    const char *where; /* of the way; NULL: none asked for */
    uint32_t address;
    uint64_t timeout; /* picoseconds, 0: none */
    enum bridge_pace pace;
    struct fields fields;
    struct panel panel;
    struct faults_list faults;
    uint32_t gdb_port;
    bool gdb, trace, summary;
};

/* Fills *options from the command line; argv loses its "--" and what follows. Returns the exit
 * status when there is nothing more to do, else -1. */
int sim_parse(struct sim_options *options, int argc, char **argv);

#endif
