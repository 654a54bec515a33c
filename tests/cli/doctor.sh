#!/bin/sh
# SPDX-License-Identifier: MIT
# dfuse doctor: names the cause that a program was made with, at its line, and no other.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

fixtures=build/examples/test/doctor

# names STATUS CAUSES ARGUMENTS...: the exit status, and just these causes in this order.
names() {
    expected=$1 causes=$2
    shift 2
    status=0
    "$dfuse" doctor --json "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
    named=$(sed -n 's/^.*"id": "\([^"]*\)".*$/\1/p' "$work/out" | tr '\n' ' ')
    [ "$status" -eq "$expected" ] && [ "${named% }" = "$causes" ]
}
# at PATTERN: the place of a cause that was named.
at() { grep -q "\"place\": \"$1\"" "$work/out"; }
# ends V40 V41: how it ends on each ROM.
ends() {
    [ "$(grep -o '"outcome": "[^"]*"' "$work/out" | cut -d '"' -f 4 | tr '\n' ' ')" = "$1 $2 " ]
}

check "an application that works" names 0 "" build/examples/app-1.elf
check "... on both ROMs" ends dfu dfu
check "... by DFU_DETACH" names 0 "" --detach build/examples/app-1.elf
check "... by a button" names 0 "" --press PA0 build/examples/app-1.elf
check "... latched" names 0 "" --press PA1 build/examples/app-1.elf
check "what people do" names 1 "token-cleared wrong-reset bank1-visible" \
    build/examples/forum-2017.elf
check "... the token, cleared by start-up code" at "start (ram.h:[0-9]*)"
check "... which startup.c uses" grep -q '"use": "startup.c:[0-9]*"' "$work/out"
check "... the AIRCR write" at "main (main.c:57)"
check "... the jump" at "main (main.c:64)"
check "... its token put right" names 1 "wrong-reset bank1-visible" \
    build/examples/forum-2017-token.elf
check "... which is enough for ROM V4.0" ends dfu bounce

for good in healthy-reset healthy-jump systick-left-on pll-left-on iwdg-running; do
    check "$good" names 0 "" $fixtures/$good.elf
done
check "by a serial line" names 0 "" --uart 'x!' $fixtures/uart-asked.elf
# With --press nothing in it asks for DFU, so that the serial line is what did.
check "... by nothing else" names 1 never-jumps --press PA5 $fixtures/uart-asked.elf
check "what the entry library refuses" names 1 request-refused \
    build/examples/test/reset-visible.elf
check "... on ROM V4.1 only" ends dfu no-jump
check "several mistakes" names 1 "syscfg-clock-off primask-set vtor-left bank1-visible" \
    $fixtures/popular.elf
# one CAUSE V40 V41 [FIXTURE]
one() {
    check "$1: the cause${4:+ of $4}" names 1 "$1" "$fixtures/${4:-$1}.elf"
    check "$1: the outcome" ends "$2" "$3"
}
one wrong-reset no-jump no-jump
one wrong-reset no-jump no-jump wrong-key
one token-cleared no-jump no-jump
one token-on-stack no-jump no-jump
one token-never-checked no-jump no-jump
one never-jumps no-jump no-jump
one wrong-address crash crash
one no-thumb-bit crash crash
one read-twice crash crash
check "wrong-entry: the cause" names 1 wrong-entry $fixtures/wrong-entry.elf
one stack-switched crash crash
one first-page-erased dfu dfu
one syscfg-clock-off no-jump no-jump
one no-remap no-device no-device
one msp-from-zero crash crash
one jump-from-handler no-device no-device
one primask-set no-device no-device
one vtor-left no-device no-device
one interrupt-left-on no-device no-device
one usb-pullup-left no-device no-device
one bank1-visible dfu bounce
check "bank2-visible: the cause" names 1 bank2-visible $fixtures/bank2-visible.elf
one crash crash crash
check "no-rom-dfu: the cause" names 1 no-rom-dfu --part l052x8 $fixtures/no-rom-dfu.elf

readable() {
    "$dfuse" doctor build/examples/forum-2017.elf >"$work/out" 2>"$work/err"
    grep -q "^1. start-up code clears the token (token-cleared)$" "$work/out" &&
        awk 'length > 80 { exit 1 }' "$work/out"
}
check "for people, in 80 columns" readable
arm-none-eabi-objcopy -O binary $fixtures/primask-set.elf "$work/plain.bin"
check "plain bytes: the button" gives 1 "never-jumps" doctor "$work/plain.bin"

check "--explain" gives 0 "^primask-set: interrupts are masked" doctor --explain primask-set
check "--explain list" gives 0 "^bank1-visible  *ROM V4.1 finds" doctor --explain list
same_page() {
    "$dfuse" doctor --explain all >"$work/out" 2>"$work/err"
    cmp -s "$work/out" docs/why-no-dfu-device.md
}
check "docs/why-no-dfu-device.md is what --explain all prints" same_page
# The README begins with the first lines of an answer.
readme_answer() {
    sed -n '/^\$ dfuse doctor/,/^\.\.\./p' README.md | sed '1d;$d' >"$work/readme"
    "$dfuse" doctor build/examples/forum-2017.elf >"$work/out" 2>"$work/err"
    [ -s "$work/readme" ] && head -n "$(wc -l <"$work/readme")" "$work/out" | cmp -s - "$work/readme"
}
check "the README has the answer for examples/forum-2017" readme_answer
check "no such cause" refuses "no cause 'frob'" doctor --explain frob
check "no image" refuses "give one IMAGE" doctor
check "two requests" refuses "give one of" doctor --detach --press PA0 build/examples/app-1.elf
check "no such function" refuses "has no function 'frob'" doctor --call frob build/examples/app-1.elf
check "no such pin" refuses "no pin 'PX9'" doctor --press PX9 build/examples/app-1.elf
check "no such part" refuses "unknown part" doctor --part l999 build/examples/app-1.elf
check "an image behind a bootloader" refuses "no vector table" doctor build/examples/resident-1.elf
plan
