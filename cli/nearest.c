/* SPDX-License-Identifier: MIT */
#include "nearest.h"

#include <stdbool.h>
#include <string.h>

#define LENGTH_MAX 24

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Letters put in, left out, changed, and neighbours swapped, from `a` to `b` (Damerau); the rows
 * of the table are for prefixes of `a`, the columns for those of `b`. */
static unsigned slips_between(const char *a, const char *b)
{
    unsigned table[LENGTH_MAX + 1][LENGTH_MAX + 1];
    size_t rows = strlen(a), columns = strlen(b);
    for (unsigned i = 0; i <= rows; i++) {
        for (unsigned j = 0; j <= columns; j++) {
            if (i == 0 || j == 0) {
                table[i][j] = i + j;
                continue;
            }
            unsigned changed = table[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            table[i][j] = least(changed, least(table[i - 1][j], table[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                table[i][j] = least(table[i][j], table[i - 2][j - 2] + 1);
        }
    }
    return table[rows][columns];
}

void nearest_offer(struct nearest *nearest, const char *candidate)
{
    size_t length = strlen(nearest->word);
    if (length < 2 || length > LENGTH_MAX || strlen(candidate) > LENGTH_MAX)
        return;
    bool begun = strncmp(nearest->word, candidate, length) == 0;
    unsigned slips = begun ? 0 : slips_between(nearest->word, candidate);
    /* One slip in three letters: more is another word. */
    if (slips > (length + 1) / 3 || (nearest->best && slips >= nearest->slips))
        return;
    nearest->best = candidate;
    nearest->slips = slips;
}
