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
    echo "${named% }" >>"$work/named"
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

for good in healthy-reset healthy-jump iwdg-running reset-cause asked-in-stop panic slow-request three-bytes \
    iwdg-resets at-power-on after-a-second; do
    check "$good" names 0 "" $fixtures/$good.elf
done
asked_by() { grep -q "\"request\": \"$1" "$work/out"; }
check "... which nobody asks" asked_by nobody
check "a button that floats" names 0 "" $fixtures/floating-button.elf
check "... is found" asked_by "a press of PB2 (low)"
check "... looked at only at power-on" names 0 "" $fixtures/floating-held.elf
check "... is held then" asked_by "PB2 held low at power-on"
check "a button" names 0 "" --press PB2:0 $fixtures/long-press.elf
check "... is pressed for long" asked_by "a long press of PB2 (low)"
check "another" names 0 "" --press PB2:0 $fixtures/held-button.elf
check "... is held at power-on" asked_by "PB2 held low at power-on"
check "by a serial line" names 0 "" --uart 'x!' $fixtures/uart-asked.elf
# With --press nothing in it asks for DFU, so that the serial line is what did.
check "... by nothing else" names 1 never-jumps --press PA5 $fixtures/uart-asked.elf
check "what the entry library refuses" names 1 request-refused \
    build/examples/test/reset-visible.elf
check "... on ROM V4.1 only" ends dfu no-jump
check "several mistakes" names 1 "syscfg-clock-off primask-set vtor-left bank1-visible" \
    $fixtures/popular.elf
check "two more" names 1 "jump-from-handler bank1-visible" $fixtures/handler-visible.elf
check "... of which one bounces" ends no-device bounce
# With what was found put right, on each ROM.
repaired() {
    [ "$(grep -o '"repaired": "[^"]*"' "$work/out" | cut -d '"' -f 4 | tr '\n' ' ')" = "$1 $2 " ]
}
# one CAUSE V40 V41 [FIXTURE]: and DFU comes when it is put right.
one() {
    fatal "$1" "$2" "$3" "$4"
    check "$1: put right" repaired dfu dfu
}
# fatal CAUSE V40 V41 [FIXTURE]: what comes behind it cannot be seen.
fatal() {
    check "$1: the cause${4:+ of $4}" names 1 "$1" "$fixtures/${4:-$1}.elf"
    check "$1: the outcome" ends "$2" "$3"
}
one wrong-reset no-jump no-jump
one wrong-reset no-jump no-jump wrong-key
one token-cleared no-jump no-jump
one token-cleared no-jump no-jump many-stores
one token-cleared no-jump no-jump text-stored
one token-cleared no-jump no-jump pair-cleared
one token-cleared no-jump no-jump small-token
one token-cleared no-jump no-jump clock-stored
one token-cleared no-jump no-jump in-data
one token-on-stack no-jump no-jump
one token-not-stored no-jump no-jump
fatal token-never-checked no-jump no-jump
one token-checked-late no-device no-device
one token-at-power-on dfu dfu token-kept
one token-at-power-on dfu dfu token-is-a-flag
one token-at-power-on dfu dfu token-is-a-byte
one token-at-power-on dfu dfu byte-and-text
one token-at-power-on dfu dfu two-bytes
fatal never-jumps no-jump no-jump
fatal wrong-address crash crash
fatal no-thumb-bit crash crash
fatal read-twice crash crash
check "wrong-entry: the cause" names 1 wrong-entry $fixtures/wrong-entry.elf
fatal stack-switched crash crash
one first-page-erased dfu dfu
one syscfg-clock-off no-jump no-jump
one no-remap no-device no-device
one msp-from-zero crash crash
one jump-from-handler no-device no-device
one primask-set no-device no-device
one vtor-left no-device no-device
one interrupt-left-on no-device no-device
one usb-pullup-left no-device no-device
one systick-left-on dfu dfu
one pll-left-on dfu dfu
one dma-left-on locked locked
one watchdog-resets watchdog watchdog iwdg-short
one watchdog-resets watchdog watchdog wwdg-running
one watchdog-resets watchdog watchdog iwdg-bites
fatal rom-silent no-device no-device
one bank1-visible dfu bounce
check "bank2-visible: the cause" names 1 bank2-visible $fixtures/bank2-visible.elf
one psp-in-use dfu dfu
one sleepdeep-left no-device no-device
fatal load-from-zero crash crash
fatal crash crash crash
check "no-rom-dfu: the cause" names 1 no-rom-dfu --part l052x8 $fixtures/no-rom-dfu.elf

# with OPTION CAUSE V40 V41 FIXTURE REPAIRED: option bytes that the image knows nothing of.
with() {
    check "$1: the cause" names 1 "$2" --option "$1" "$fixtures/$5.elf"
    check "$1: the outcome" ends "$3" "$4"
    check "$1: put right" repaired "$6" "$6"
}
with BFB2=1 "bfb2-set token-at-power-on" not-started not-started token-is-a-flag dfu
with BFB2=1 bfb2-set not-started not-started healthy-reset dfu
with BFB2=1 "bfb2-set bank1-visible" not-started bounce bank1-visible dfu
with RDP=0xBB rdp-level-1 locked locked healthy-reset dfu
with RDP=0xCC rdp-level-2 locked locked healthy-jump locked
# The lowest sectors, in a file with option bytes.
printf ':020000041FF8E3\n:040008000F00F0FFF6\n:00000001FF\n' >"$work/options.hex"
arm-none-eabi-objcopy -O ihex $fixtures/healthy-reset.elf "$work/app.hex"
grep -hv '^:00000001FF' "$work/app.hex" >"$work/both.hex"
cat "$work/options.hex" >>"$work/both.hex"
check "write-protected: the cause" names 1 write-protected "$work/both.hex"
check "write-protected: the outcome" ends locked locked
check "write-protected: put right" repaired dfu dfu
# The second of two sectors that the image has something in.
printf ':020000040801F1\n:1010C00001020304050607080102030405060708D8\n' >"$work/end.hex"
printf ':020000041FF8E3\n:04000C000200FDFFF2\n:00000001FF\n' >>"$work/end.hex"
grep -hv '^:00000001FF' "$work/app.hex" >"$work/both.hex"
cat "$work/end.hex" >>"$work/both.hex"
check "write-protected: not the first sector" names 1 write-protected "$work/both.hex"

readable() {
    "$dfuse" doctor build/examples/forum-2017.elf >"$work/out" 2>"$work/err"
    grep -q "^1. start-up code clears the token (token-cleared)$" "$work/out" &&
        awk 'length > 80 { exit 1 }' "$work/out"
}
check "for people, in 80 columns" readable
# Files that name no function: those that know system memory, or leave a number and reset, are
# found in the code.
arm-none-eabi-objcopy -O binary $fixtures/primask-set.elf "$work/plain.bin"
arm-none-eabi-objcopy -O ihex $fixtures/token-never-checked.elf "$work/app.hex"
arm-none-eabi-strip $fixtures/msp-from-zero.elf -o "$work/stripped.elf"
check "plain bytes" names 1 primask-set "$work/plain.bin"
arm-none-eabi-objcopy -O binary $fixtures/healthy-jump.elf "$work/healthy.bin"
check "... of which only the jump was found" names 1 only-the-jump "$work/healthy.bin"
# The vectors that are used are a segment of their own.
head -c 64 "$work/plain.bin" >"$work/vectors.bin"
tail -c +193 "$work/plain.bin" >"$work/code.bin"
for part in vectors:0x08000000 code:0x080000C0; do
    arm-none-eabi-objcopy -I binary -O ihex --change-addresses "${part#*:}" "$work/${part%:*}.bin" \
        "$work/${part%:*}.hex"
done
grep -v '^:00000001FF' "$work/vectors.hex" >"$work/gap.hex"
cat "$work/code.hex" >>"$work/gap.hex"
check "... in two segments" names 1 primask-set "$work/gap.hex"
image E7FE >"$work/loop.bin"
check "an application that knows nothing of DFU" names 1 not-asked "$work/loop.bin"
# Code that stores to the end of the address space: movs r0, #0; subs r0, #4; strb r0, [r0]; b .
image 2000 3804 7000 E7FE >"$work/end.bin"
check "... that stores at 0xFFFFFFFC" names 1 crash --call 0x08000008 "$work/end.bin"
harmless=$(arm-none-eabi-nm $fixtures/primask-set.elf | awk '/ SysTick_Handler/ { print "0x" $1 }')
check "... ask by an address" names 1 never-jumps --call "$harmless" "$work/plain.bin"
check "Intel HEX" names 1 token-never-checked "$work/app.hex"
check "a stripped ELF" names 1 msp-from-zero "$work/stripped.elf"
# A name that nobody expects.
renamed() {
    arm-none-eabi-objcopy --redefine-sym enter_bootloader=frobnicate "$1" "$work/renamed.elf"
    "$dfuse" doctor "$work/renamed.elf" >"$work/out" 2>"$work/err"
    grep -q "^DFU asked for by a call of frobnicate()" "$work/out"
}
check "a function that leaves a number and resets" renamed $fixtures/token-cleared.elf
check "... by a wrong key" renamed $fixtures/wrong-key.elf
check "... rather than one that does so in a panic" renamed $fixtures/panic.elf

# guesses PART WHY ARGUMENTS...
guesses() {
    part=$1 why=$2
    shift 2
    "$dfuse" doctor --json "$@" >"$work/out" 2>"$work/err"
    grep -q "\"part\": \"$part\", \"guess\": \"$why" "$work/out"
}
check "the part: by the stack" guesses l072xz "its stack ends at 0x20005000" build/examples/app-1.elf
check "... of a small part" guesses l072xz "its stack ends at 0x20002000; an L05x" \
    $fixtures/no-rom-dfu.elf
check "... unknown" guesses l072xz "nothing" "$work/plain.bin"
check "... as told" guesses l083xz '"' --part l083xz build/examples/app-1.elf
check "... as on the chip" guesses l072xb '"' --part STM32L072CBT6 build/examples/app-1.elf
cat >"$work/startup_stm32l053xx.c" <<'END'
void Reset_Handler(void) { for (;;); }
__attribute__((section(".vectors"), used)) static void (*const vectors[])(void) = {
    (void (*)(void))0x20002000, Reset_Handler};
END
arm-none-eabi-gcc -g -nostdlib -mcpu=cortex-m0plus -mthumb -Wl,-eReset_Handler,-Ttext=0x08000100 \
    -Wl,--section-start=.vectors=0x08000000 "$work/startup_stm32l053xx.c" -o "$work/named.elf"
check "... by a source file" guesses l053x8 "it is built with startup_stm32l053xx.c" "$work/named.elf"

json() {
    names 1 "token-cleared wrong-reset bank1-visible" build/examples/forum-2017.elf &&
        python3 - "$work/out" <<'END'
import json, sys
answer = json.load(open(sys.argv[1]))
assert [rom["outcome"] for rom in answer["roms"]] == ["no-jump", "no-jump"]
assert answer["causes"][0]["roms"] == ["v4.0", "v4.1"]
assert answer["causes"][1]["act"] == "stores 0x05FA0001 to AIRCR"
END
}
check "--json is JSON" json

each_alone() {
    "$dfuse" doctor --explain list | cut -d ' ' -f 1 | sort >"$work/causes"
    sort -u "$work/named" | comm -13 - "$work/causes" >"$work/out"
    [ -s "$work/causes" ] && [ ! -s "$work/out" ]
}
check "each cause was named alone by one of these" each_alone
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
# What starts it is in another file.
arm-none-eabi-objcopy -O binary -j .isr_vector $fixtures/primask-set.elf "$work/start.bin"
arm-none-eabi-objcopy -R .isr_vector $fixtures/primask-set.elf "$work/rest.elf"
check "... refused" refuses "no vector table" doctor "$work/rest.elf"
check "... with it" names 1 primask-set --with "$work/start.bin" "$work/rest.elf"
check "... with one that is no file" refuses "cannot read" doctor --with "$work/none" "$work/rest.elf"
plan
