/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "l072.h"
#include "nearest.h"

int cli_fail(const char *name, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "dfuse %s: ", name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return CLI_USAGE;
}

/* The long option of this value that `argument` names or begins; NULL: none. */
static const struct option *long_option(const struct option *options, const char *argument, int val)
{
    if (strncmp(argument, "--", 2) != 0)
        return NULL;
    size_t length = strcspn(argument + 2, "=");
    for (const struct option *option = options; option->name; option++)
        if (option->val == val && strncmp(option->name, argument + 2, length) == 0)
            return option;
    return NULL;
}

static void unknown_option(const char *name, const char *option, const struct option *options)
{
    char word[32] = "";
    struct nearest nearest = {.word = word};
    if (strncmp(option, "--", 2) == 0)
        (void)snprintf(word, sizeof word, "%.*s", (int)strcspn(option + 2, "="), option + 2);
    for (const struct option *o = options; o->name; o++)
        nearest_offer(&nearest, o->name);
    if (nearest.best)
        (void)cli_fail(name, "%s is not an option of this verb; did you mean --%s?", option,
                       nearest.best);
    else
        (void)cli_fail(name, "%s is not an option of this verb; see 'dfuse help %s'", option, name);
}

/* Says what is wrong with the option just met. For an unknown letter, optopt is that letter and
 * getopt_long() may stay in the same argument; for a long option that is known, optopt is its
 * value, which may be a letter too. */
static void bad_option(const char *name, int result, const struct option *options, char **argv)
{
    const char letter[] = {(char)optopt, '\0'};
    const char *option = argv[optind - 1];
    const struct option *known = long_option(options, option, optopt);
    if (known && known->has_arg == no_argument)
        (void)cli_fail(name, "--%s takes no value; see 'dfuse help %s'", known->name, name);
    else if (result == ':')
        (void)cli_fail(name, "%s%s needs a value; see 'dfuse help %s'", known ? "--" : "-",
                       known ? known->name : letter, name);
    else if (optopt > ' ' && optopt < 127)
        (void)cli_fail(name, "-%s is not an option of this verb; see 'dfuse help %s'", letter,
                       name);
    else
        unknown_option(name, option, options);
}

int cli_next_option(const char *name, const char *letters, const struct option *options, int argc,
                    char **argv)
{
    int index = -1;
    opterr = 0;
    int id = getopt_long(argc, argv, letters, options, &index);
    if (id == '?' || id == ':') {
        bad_option(name, id, options, argv);
        return '?';
    }
    bool forgotten = id != -1 && optarg && (optarg[0] == '\0' || optarg[0] == '-');
    if (!forgotten)
        return id;
    const char letter[] = {(char)id, '\0'};
    (void)cli_fail(name, "%s%s needs a value, not '%s'; see 'dfuse help %s'",
                   index < 0 ? "-" : "--", index < 0 ? letter : options[index].name, optarg, name);
    return '?';
}

int cli_help(const struct verb *verb)
{
    fputs(verb->help, stdout);
    return CLI_DONE;
}

bool parse_u32(const char *text, uint32_t *value)
{
    if (text[0] < '0' || text[0] > '9')
        return false;
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 0);
    *value = (uint32_t)number;
    return errno == 0 && *end == '\0' && number <= UINT32_MAX;
}

bool parse_time(const char *text, uint64_t *ps)
{
    static const struct {
        const char *name;
        uint64_t ps;
    } units[] = {
        {"s",  L072_PS_PER_S },
        {"ms", L072_PS_PER_MS},
        {"us", L072_PS_PER_US}
    };

    char *unit;
    double number = strtod(text, &unit);
    if (text[0] < '0' || text[0] > '9' || unit != text + strspn(text, "0123456789."))
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(unit, units[i].name) != 0)
            continue;
        double picoseconds = number * (double)units[i].ps;
        *ps = picoseconds <= 1e18 ? (uint64_t)picoseconds : 0;
        return picoseconds <= 1e18;
    }
    return false;
}
