#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The resident bootloader and the real dfu-util.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

examples=$PWD/build/examples
base=$(loads_at build/examples/resident-1.elf)
# board COMMAND: the same chip each time, with COMMAND on its USB.
board() {
    "$dfuse" sim "${options[@]}" --flash "$work/chip.hex" "${image[@]}" -- sh -c "cd $work && $1" \
        >"$work/out" 2>"$work/err" </dev/null
}
says() { grep -q -e "$1" "$work/out" "$work/err"; }
options=()
image=(build/boot.elf)

# Until the version has started and a host has seen it, for at most 10 s.
seen() { echo "timeout 10 sh -c 'until dfu-util -l | grep -q Runtime.*ver=0${1}00; do sleep 0.02; done'"; }

check "an empty chip is in DFU" board "dfu-util -l"
check "... with flash, EEPROM, option bytes and device" [ "$(grep -c '^Found DFU: .1209:0001. ver=0100' "$work/out")" = 4 ]
check "... of its sizes" says '@Flash /0x08000000/1\*4Ka,47\*4Kg.*serial="[0-9A-F]\{12\}"'
check "an application is installed" board "dfu-util -a 0 -s $base:leave -D $examples/resident-1.bin && $(seen 1)"
image=()
check "... and starts at power-on" board "$(seen 1)"
check "an update from it, in one call" board "dfu-util -E 3 -d 1209:0001 -a 0 -s $base:leave \
    -D $examples/resident-2.bin && $(seen 2)"
options=(--press PA0@0s)
check "a button at reset leads to DFU" board "dfu-util -w -d ,1209:0001 -a 0 -s $base:3000 -U read"
check "... where the application can be read" cmp -n 3000 "$work/read" "$examples/resident-2.bin"
check "data EEPROM is written and read" board "head -c 512 /dev/urandom >data &&
    dfu-util -d ,1209:0001 -a 1 -s 0x08080000 -D data &&
    dfu-util -d ,1209:0001 -a 1 -s 0x08080000:512 -U back && cmp data back"
check "it does not overwrite itself" board "! dfu-util -d ,1209:0001 -a 0 -s 0x08000800 -D data"
check "... nor erase itself" board "! dfu-util -d ,1209:0001 -a 0 -s 0x08000000 -D data"
plan
