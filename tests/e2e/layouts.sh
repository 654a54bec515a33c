#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The memory strings of the resident bootloader, on parts of each size, by the rules of the programs
# that parse them, and whether they tell the size of the part.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

# What each takes as a whole string; of CubeProgrammer it is known that it wants a unit.
pages='0*[1-9][0-9]*\*0*[1-9][0-9]*[BKM ].'
segment='[0-9]{1,3}\*[0-9]{1,3}[BKM ][a-g]'
rules=(
    "CubeProgrammer|@[^/@]+/0x[0-9A-F]{1,8}/$segment(,$segment)*"
    "fwupd|@[^/]+/0x[0-9A-Fa-f]+/$segment(,$segment)*"
    "webdfu|@[^/]*/\s*0x[0-9a-fA-F]{1,8}\s*/(\s*[0-9]+\s*\*\s*[0-9]+\s?[BKM ]\s*[a-g]\s*,?\s*)+"
    "betaflight|@[^/]+/0x[0-9a-fA-F]+/$pages(,$pages)*"
)
parts=("l072xz 192 6" "l072xb 128 6" "l072x8 64 3" "l052x8 64 2" "l053x6 32 2")

strings() {
    "$dfuse" sim --part "$1" build/boot.elf -- dfu-util -l 2>"$work/err" </dev/null |
        sed -n 's/.*, name="\([^"]*\)".*/\1/p' >"$work/out"
    [ "$(wc -l <"$work/out")" = 4 ]
}
all_like() { ! grep -Evx -e "$1" "$work/out"; }
# kilobytes BASE: all segments from there on together.
kilobytes() {
    sed -n "s,.*/$1/,,p" "$work/out" | tr , '\n' | awk -F '[*K]' '{ n += $1 * $2 } END { print n }'
}

for part in "${parts[@]}"; do
    read -r name flash eeprom <<<"$part"
    check "$name: four memories" strings "$name"
    for rule in "${rules[@]}"; do
        check "... for ${rule%%|*}" all_like "${rule#*|}"
    done
    check "... $flash KB of flash" [ "$(kilobytes 0x08000000)" = "$flash" ]
    check "... $eeprom KB of data EEPROM" [ "$(kilobytes 0x08080000)" = "$eeprom" ]
done
plan
