/* SPDX-License-Identifier: MIT */
/* dfuse: finds the verb, and helps those who know none. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "nearest.h"
#include "parts.h"

static const struct verb *const verbs[] = {&verb_doctor, &verb_sim,  &verb_explore,
                                           &verb_hide,   &verb_pack, &verb_inspect};
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
    fputs("usage: dfuse VERB [options] ...\n"
          "\n"
          "Runs your STM32L0 firmware on a simulated board, with real USB programs such as\n"
          "dfu-util, to see whether a USB firmware update (DFU) works before anyone flashes\n"
          "it. For STM32L072, L073, L082 and L083, and others ('dfuse help parts').\n"
          "\n"
          "Verbs:\n",
          out);
    for (size_t i = 0; i < VERBS; i++)
        fprintf(out, "  %-8s  %s\n", verbs[i]->name, verbs[i]->summary);
    fputs("  help      tell all about a verb: 'dfuse help sim'; or 'dfuse help parts'\n"
          "\n"
          "Options:\n"
          "  -h, --help     after a verb: the same as 'dfuse help VERB'\n"
          "  -V, --version  print the version\n"
          "\n"
          "Examples:\n"
          "  What dfu-util sees of your firmware:\n"
          "    dfuse sim app.elf -- dfu-util -l\n"
          "  Make the image one that ST's ROM does not jump back into:\n"
          "    dfuse hide app.elf -o hidden.elf\n"
          "\n"
          "Exit status: 0 done, 1 the thing checked is wrong, 2 wrong usage or environment.\n",
          out);
    return out == stdout ? CLI_DONE : CLI_USAGE;
}

static int unknown(const char *name)
{
    struct nearest nearest = {.word = name};
    for (size_t i = 0; i < VERBS; i++)
        nearest_offer(&nearest, verbs[i]->name);
    nearest_offer(&nearest, "help");
    fprintf(stderr, "dfuse: '%s' is not a verb", name);
    if (nearest.best)
        fprintf(stderr, "; did you mean '%s'?\n", nearest.best);
    else if (access(name, F_OK) == 0)
        fprintf(stderr, "; to run it: 'dfuse sim %s'\n", name);
    else
        fputs("; 'dfuse help' lists them\n", stderr);
    return CLI_USAGE;
}

static int help(const char *name)
{
    if (!name || name[0] == '-')
        return usage(stdout);
    if (strcmp(name, "parts") == 0)
        return parts_help();
    const struct verb *verb = find(name);
    if (!verb && strcmp(name, "help") == 0)
        return usage(stdout);
    return verb ? cli_help(verb) : unknown(name);
}

static bool is_one_of(const char *word, const char *first, const char *second, const char *third)
{
    return strcmp(word, first) == 0 || strcmp(word, second) == 0 || strcmp(word, third) == 0;
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2)
        return usage(stderr);
    const char *name = argv[1];
    if (is_one_of(name, "help", "--help", "-h"))
        return help(argv[2]);
    if (is_one_of(name, "version", "--version", "-V")) {
        puts("dfuse " DFUSE_VERSION);
        return CLI_DONE;
    }
    if (name[0] == '-') {
        fprintf(stderr, "dfuse: %s: options go after the verb; 'dfuse help' lists them\n", name);
        return CLI_USAGE;
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
