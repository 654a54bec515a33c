#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Unit tests once more, under valgrind, which sees the use of memory that was never written and
# what is left allocated. VALGRIND_PROGRAMS names them: `make check` the quick ones, `make
# check-valgrind` all.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

clean() {
    CMOCKA_MESSAGE_OUTPUT=STDOUT valgrind --quiet --error-exitcode=99 --leak-check=full \
        "$1" >"$work/out" 2>"$work/err"
}

for program in ${VALGRIND_PROGRAMS:-build/host/tests/unit/test_image}; do
    check "valgrind finds nothing in ${program##*/}" clean "$program"
done
plan
