/* SPDX-License-Identifier: MIT */
#include "print.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS 80

void print_wrapped(int indent, const char *words)
{
    int column = indent;
    while (*words) {
        int length = (int)strcspn(words, " ");
        if (column > indent && column + 1 + length > COLUMNS)
            column = printf("\n%*s", indent, "") - 1;
        column += printf("%s%.*s", column > indent ? " " : "", length, words);
        words += length + strspn(words + length, " ");
    }
    putchar('\n');
}

void print_json_string(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < ' ' || c > '~')
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}
