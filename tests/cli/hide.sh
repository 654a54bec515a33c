#!/bin/sh
# SPDX-License-Identifier: MIT
# dfuse hide: what it changes in ELF, HEX and plain bytes, and that a refusal writes nothing.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

image 4800 4685 5000 2000 >"$work/good.bin" # ldr r0, [pc]; mov sp, r0
image B510 E7FE 0000 0000 >"$work/bad.bin"  # push {r4, lr}
arm-none-eabi-objcopy -I binary -O ihex --change-addresses 0x08000000 \
    "$work/good.bin" "$work/good.hex"
arm-none-eabi-objcopy -I binary -O elf32-littlearm -B arm --rename-section .data=.text \
    "$work/good.bin" "$work/good.o"
arm-none-eabi-ld -Ttext=0x08000000 -e 0x08000009 --no-warn-rwx-segments \
    "$work/good.o" -o "$work/good.elf"

# changed KIND: the hidden copy differs from its original in word 0 alone.
changed() {
    for file in good hidden; do
        case $1 in
        elf) arm-none-eabi-objcopy -O binary "$work/$file.elf" "$work/$file.raw" ;;
        hex) arm-none-eabi-objcopy -I ihex -O binary "$work/$file.hex" "$work/$file.raw" ;;
        bin) cp "$work/$file.bin" "$work/$file.raw" ;;
        esac
    done
    [ "$(od -An -tx4 -N4 "$work/hidden.raw" | tr -d ' ')" = be00be00 ] &&
        cmp -s -i 4 "$work/good.raw" "$work/hidden.raw"
}

for kind in elf hex bin; do
    check "$kind: hides" gives 0 "hidden$" hide "$work/good.$kind" -o "$work/hidden.$kind"
    check "$kind: only word 0 changed" changed $kind
    check "$kind: hides again" gives 0 "already" \
        hide "$work/hidden.$kind" -o "$work/again.$kind"
    check "$kind: the same file" cmp -s "$work/hidden.$kind" "$work/again.$kind"
done
same_size() {
    [ "$(wc -c <"$work/good.elf")" -eq "$(wc -c <"$work/hidden.elf")" ] &&
        [ "$(cmp -l "$work/good.elf" "$work/hidden.elf" | wc -l)" -le 4 ]
}
check "elf: at most 4 bytes of the file changed" same_size

check "--check of a visible image" gives 0 "can be hidden" hide --check "$work/good.bin"
check "--check of a hidden image" gives 0 "already hidden" hide --check "$work/hidden.bin"

check "tells what it changes" gives 0 \
    "word 0 at 0x08000000 was 0x20005000, is now 0xBE00BE00" hide "$work/good.bin" -o "$work/hidden.bin"
check "... or would" gives 0 "is 0x20005000, would be 0xBE00BE00" hide --check "$work/good.bin"
# bfb2 VALUE CHECKSUM: the image and the option word at 0x1FF80004, whose bit 7 is BFB2.
bfb2() {
    sed -e '/^:00000001FF/d' -e '/^:04000005/d' "$work/good.hex"
    printf ':020000041FF8E3\n:04000400%s%s\n:00000001FF\n' "$1" "$2"
}
bfb2 F0800F7F FA >"$work/bfb2.hex"
bfb2 70808F7F FA >"$work/no-bfb2.hex"
check "option bytes with BFB2" gives 1 "set BFB2, and with that the ROM never starts" \
    hide --check "$work/bfb2.hex"
check "... without" gives 0 "can be hidden" hide --check "$work/no-bfb2.hex"

# start FILE LINES: an ELF whose Reset_Handler, as ST's start-up file has it, begins with LINES.
start() {
    cat >"$work/$1.s" <<S
    .syntax unified
    .cpu cortex-m0plus
    .thumb
    .section .text.Reset_Handler
    .weak Reset_Handler
    .type Reset_Handler, %function
Reset_Handler:
$2
    bl main
LoopForever:
    b LoopForever
    .size Reset_Handler, .-Reset_Handler
    .section .text.main
    .type main, %function
main:
    push {r4, lr}
    b .
    .size main, .-main
    .section .isr_vector, "a", %progbits
g_pfnVectors:
    .word _estack
    .word Reset_Handler
S
    arm-none-eabi-gcc -g -mcpu=cortex-m0plus -mthumb -nostdlib -T stm32l0/app.ld "$work/$1.s" \
        -o "$work/$1.elf"
}
load_sp='    ldr   r0, =_estack
    mov   sp, r0'
start st "$load_sp"
start early "    bl main
$load_sp"
start pushing "    push {r0}
$load_sp"
check "ST's start-up file" gives 0 "hidden$" hide "$work/st.elf" -o "$work/st-hidden.elf"
check "a push before SP is loaded" gives 1 \
    "'push {r0}' at 0x[0-9A-F]* Reset_Handler (pushing.s:8); load SP" hide --check "$work/pushing.elf"
check "a push in a function called before" gives 1 \
    "'push {r4, lr}' at 0x[0-9A-F]* main (early.s:18)" hide --check "$work/early.elf"
cp "$work/st.elf" "$work/same.elf"
check "over its own input" gives 0 "hidden$" hide "$work/same.elf" -o "$work/same.elf"
check "... the same result" cmp -s "$work/same.elf" "$work/st-hidden.elf"

check "an image for a bootloader in front" gives 1 "at 0x08001100, for a bootloader in front" \
    hide --check build/examples/resident-1.elf

kept() {
    [ "$(cat "$work/old")" = old ] && [ "$(find "$work" -name 'old*' | wc -l)" -eq 1 ]
}
echo old >"$work/old"
check "refuses a stack used too early" gives 1 "'push {r4, lr}' at 0x08000008" \
    hide "$work/bad.bin" -o "$work/old"
check "a refusal writes nothing" kept
plan
