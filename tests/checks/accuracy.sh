#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# docs/accuracy.md says what the heads of the simulator's files say, and names tests that exist.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

current() { tools/accuracy >"$work/now" 2>"$work/err" && diff docs/accuracy.md "$work/now" >"$work/out"; }
# Prints the tests in the table that are not there, and the files that have no list.
astray() {
    grep -oE 'tests/[a-z0-9_/.]+[a-z]|test_[a-z0-9_]+\.c' tools/accuracy.txt | sort -u |
        while read -r path; do
            [ -e "$path" ] || [ -e "tests/unit/$path" ] || echo "no test $path"
        done
    while read -r name _; do
        grep -qx "## sim/$name.c" docs/accuracy.md || echo "no list in sim/$name.c"
    done <tools/accuracy.txt
}
none() {
    "$@" >"$work/out" 2>"$work/err"
    [ ! -s "$work/out" ] && [ ! -s "$work/err" ]
}

check "docs/accuracy.md is what tools/accuracy prints" current
check "the tests and files it names are there" none astray
plan
