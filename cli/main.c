/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

static const struct verb *const verbs[] = {&verb_sim, &verb_explore, &verb_hide};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static const struct verb *find(const char *name)
{
    for (size_t i = 0; i < VERBS; i++)
        if (strcmp(name, verbs[i]->name) == 0)
            return verbs[i];
    return NULL;
}

static int usage(FILE *out)
{
    fputs("usage: dfuse VERB [options] ...\n\n", out);
    for (size_t i = 0; i < VERBS; i++)
        fprintf(out, "  %-7s %s\n", verbs[i]->name, verbs[i]->summary);
    fputs("  help    tell more about a verb\n\n"
          "'dfuse help VERB' or 'dfuse VERB --help' lists the options; 'dfuse --version'.\n"
          "Exit status: 0 done, 1 the thing checked is wrong, 2 wrong usage or environment.\n",
          out);
    return out == stdout ? CLI_DONE : CLI_USAGE;
}

static int unknown(const char *name)
{
    fprintf(stderr, "dfuse: '%s' is not a verb; 'dfuse help' lists them\n", name);
    return CLI_USAGE;
}

static int help(const char *name)
{
    if (!name)
        return usage(stdout);
    const struct verb *verb = find(name);
    return verb ? cli_help(verb) : unknown(name);
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2)
        return usage(stderr);
    const char *name = argv[1];
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return help(argv[2]);
    if (strcmp(name, "--version") == 0) {
        puts("dfuse " DFUSE_VERSION);
        return CLI_DONE;
    }
    const struct verb *verb = find(name);
    return verb ? verb->run(argc - 1, argv + 1) : unknown(name);
}

int main(int argc, char **argv)
{
    int status = dispatch(argc, argv);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "dfuse: cannot write the output: %s\n", strerror(errno));
    return CLI_USAGE;
}
