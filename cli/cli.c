/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "l072.h"

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

/* Says what is wrong with the option just met. */
static void bad_option(const char *name, int result, char **argv)
{
    /* getopt_long() leaves a short option's letter in optopt, and goes on in the same argument. */
    const char letter[] = {'-', (char)optopt, '\0'};
    bool is_short = optopt > ' ' && optopt < 127;
    const char *option = is_short ? letter : argv[optind - 1];
    const char *what = "is not an option of this verb";
    if (result == ':')
        what = "needs a value";
    else if (!is_short && strchr(option, '='))
        what = "is no option, or takes no value";
    (void)cli_fail(name, "%s %s; see 'dfuse help %s'", option, what, name);
}

int cli_next_option(const char *name, const char *letters, const struct option *options, int argc,
                    char **argv)
{
    int index = -1;
    opterr = 0;
    int id = getopt_long(argc, argv, letters, options, &index);
    if (id == '?' || id == ':') {
        bad_option(name, id, argv);
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
