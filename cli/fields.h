/* SPDX-License-Identifier: MIT */
/* Fields of the option bytes, as --option gives them. */
#ifndef CLI_FIELDS_H
#define CLI_FIELDS_H

#include "error.h"
#include "l072.h"

#define FIELDS_MAX 16

struct fields {
    struct {
        char name[16]; /* of l072_set_option() */
        uint32_t value;
    } field[FIELDS_MAX];
    size_t count;
};

/* Adds a field from "NAME=VALUE". */
bool fields_add(struct fields *fields, const char *text, struct error *error);
/* Sets them in the option bytes of a board without power. */
bool fields_set(const struct fields *fields, struct l072 *board, struct error *error);

#endif
