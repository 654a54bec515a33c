#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The resident bootloader without DfuSe, as DFU 1.1 has it, and the real dfu-util.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

examples=$PWD/build/examples
# board COMMAND: the same chip each time, with COMMAND on its USB.
board() {
    "$dfuse" sim "${options[@]}" --flash "$work/chip.hex" "${image[@]}" -- sh -c "cd $work && $1" \
        >"$work/out" 2>"$work/err" </dev/null
}
says() { grep -q -e "$1" "$work/out" "$work/err"; }
# Until the version has started and a host has seen it, for at most 10 s.
seen() { echo "timeout 10 sh -c 'until dfu-util -l | grep -q Runtime.*ver=0${1}00; do sleep 0.02; done'"; }
options=()
image=(build/boot-plain.elf)

check "an empty chip is in DFU" board "dfu-util -l"
check "... with one memory" [ "$(grep -c '^Found DFU: .1209:0001. ver=0100' "$work/out")" = 1 ]
check "an application is installed" board "dfu-util -a 0 -D $examples/resident-1.bin; [ \$? = 74 ] && $(seen 1)"
check "... by DFU 1.1" says 'DFU version 0110'
check "... which leaves by a bus reset" says 'Resetting USB'
image=()
check "... and starts at power-on" board "$(seen 1)"
check "an update from it, in one call" board "dfu-util -E 3 -d 1209:0001 -a 0 \
    -D $examples/resident-2.bin; [ \$? = 74 ] && $(seen 2)"
options=(--press PA0@0s)
size=$(wc -c <"$examples/resident-2.bin")
check "all of it can be read" board "dfu-util -d ,1209:0001 -a 0 -U read"
check "... to the end of the flash" [ "$(wc -c <"$work/read")" = $((192 * 1024 - 4096 - 256)) ]
check "... the application first" cmp -n "$size" "$work/read" "$examples/resident-2.bin"
check "what is no application is told" board "head -c 9000 /dev/urandom >junk;
    ! dfu-util -d ,1209:0001 -a 0 -D junk || dfu-util -l"
check "... as corrupt" says 'status(10)'
check "... and the next download succeeds" board "dfu-util -d ,1209:0001 -a 0 -D $examples/resident-1.bin; [ \$? = 74 ]"
options=()
check "... and starts" board "$(seen 1)"
plan
