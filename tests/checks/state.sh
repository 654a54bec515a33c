#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# libl072 keeps no state of its own: no object in it lives in memory that can be written. Constant
# tables of pointers lie in .data.rel.ro, which is read-only once the program runs.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

# variables FILE: the objects in writable memory.
variables() {
    objdump -t "$1" | awk '/ (\.t?(data|bss)|\*COM\*)/ && !/\.data\.rel\.ro/ && !/ d  \./'
}
none() {
    variables "$1" >"$work/out" 2>"$work/err"
    [ ! -s "$work/out" ] && [ ! -s "$work/err" ]
}
some() { ! none "$1"; }

check "libl072.a has no variables" none build/host/libl072.a
echo 'static int n; int f(void); int f(void) { return n++; }' |
    gcc -xc -c - -o "$work/variable.o"
check "a static variable would be seen" some "$work/variable.o"
echo 'int g = 1;' | gcc -xc -c - -o "$work/variable.o"
check "a global variable would be seen" some "$work/variable.o"
plan
