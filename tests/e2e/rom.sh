#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The stand-in for ST's ROM under the real dfu-util: its three memories, what it refuses, read
# protection, and a ROM that is stricter when it leaves.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

app1=build/examples/app-1
app2=build/examples/app-2.bin
strict=build/rom/v41-strict.bin
download="dfu-util -w -d ,0483:df11 -a 0 -s 0x08000000:leave -D $app2"
export work app1 app2

# run "OPTIONS" COMMAND: the board with app 1, and the command on its USB.
run() {
    # shellcheck disable=SC2086 # words are wanted
    "$dfuse" sim $1 $app1.elf -- bash -c "$2" >"$work/out" 2>"$work/err" </dev/null
}
# rom COMMAND: the same, started by BOOT0.
rom() { run "--boot0" "$1"; }

# fails STATUS PATTERN COMMAND: dfu-util gives up with this status and message.
fails() {
    rom "$3"
    [ $? = "$1" ] && grep -q -e "$2" "$work/err"
}

# ---- Flash and EEPROM

upload() {
    rom "dfu-util -a 0 -s 0x08000000:$(stat -c %s $app1.bin) -U '$work/flash'" &&
        cmp "$work/flash" $app1.bin
}
eeprom() {
    head -c 96 $app1.bin >"$work/96"
    rom 'for from in 96 other; do
             [ $from = 96 ] || tac -rs . "$work/96" | head -c 96 >"$work/other"
             dfu-util -a 2 -s 0x08080C00 -D "$work/$from" &&
                 dfu-util -a 2 -s 0x08080C00:96 -U "$work/$from.back" &&
                 cmp "$work/$from" "$work/$from.back" || exit 1
         done'
}
erases_nothing() {
    rom "dfu-util -a 0 -s 0x08000000:mass-erase:force -D $app2
         dfu-util -a 0 -s 0x08000000:$(stat -c %s $app1.bin) -U '$work/kept'"
    cmp "$work/kept" $app1.bin
}

check "upload gives the image" upload
check "EEPROM written twice and read back" eeprom
check "a download beyond the flash" fails 64 "not writeable" \
    "dfu-util -a 0 -s 0x0802FFC0 -D $app2"
check "mass erase is refused" fails 74 "MASS_ERASE not correctly executed" \
    "dfu-util -a 0 -s 0x08000000:mass-erase:force -D $app2"
check "... and erases nothing" erases_nothing

# ---- Option bytes: OPTR[31:16] at offset 4, its complement at 6; BFB2 is bit 7 of both

cat >"$work/lib" <<'L'
# read_memory ALTERNATE ADDRESS:BYTES FILE: tries again while the chip resets.
read_memory() {
    for _ in $(seq 50); do
        rm -f "$3"
        dfu-util -d ,0483:df11 -a "$1" -s "$2" -U "$3" && return
        sleep 0.1
    done
    return 1
}
read_options() { read_memory 1 0x1FF80000:32 "$1"; }
# with_bfb2 0|1 FROM TO
with_bfb2() {
    local bytes=80708F7F hex
    [ "$1" = 0 ] || bytes=80F00F7F
    hex=$bytes
    cp "$2" "$3"
    printf "\x${hex:2:2}\x${hex:0:2}\x${hex:4:2}\x${hex:6:2}" |
        dd of="$3" bs=1 seek=4 conv=notrunc status=none
}
# set_bfb2 0|1: as a user does it: read, change, write; then the chip resets by itself.
set_bfb2() {
    read_options "$work/was" && with_bfb2 "$1" "$work/was" "$work/new" &&
        dfu-util -w -d ,0483:df11 -a 1 -s 0x1FF80000:will-reset -D "$work/new"
}
app_runs() {
    timeout 10 bash -c "until dfu-util -l | grep -q '1209:0001.*ver=0$1'; do sleep 0.02; done"
}
L
with="set -e; . '$work/lib';"
options() {
    rom "$with set_bfb2 1; read_options '$work/is'; cmp '$work/is' '$work/new'
         set_bfb2 0; read_options '$work/back'; cmp '$work/back' '$work/new'" &&
        [ "$(grep -c 'option bytes reloaded' "$work/err")" = 2 ]
}
ends_the_latch() { run "--option BFB2=1 $1" "$with set_bfb2 0; app_runs 100"; }

check "option bytes: BFB2 set and cleared" options

# ---- Read protection level 1

protected="--boot0 --option RDP=0xBB"
refused_when_protected() {
    ! run "$protected" "dfu-util -a 0 -s 0x08000000:64 -U '$work/secret'" &&
        grep -q PIPE "$work/err" && [ ! -s "$work/secret" ] &&
        ! run "$protected" "dfu-util -a 0 -s 0x08000000 -D $app2" &&
        grep -q "ERASE_PAGE not correctly executed" "$work/err"
}
unprotect() {
    run "$protected" "$with dfu-util -a 0 -s :unprotect:force
        read_memory 0 0x08000000:64 '$work/erased'
        $download" &&
        cmp -n 64 "$work/erased" /dev/zero
}

check "level 1: upload and download are refused" refused_when_protected
check "level 1: read unprotect erases, then all is allowed" unprotect

# ---- A ROM that starts only an image with a stack pointer: leave ends in a reset

once_with_a_strict_rom() {
    run "--system-memory $strict --press PA0@300ms" "$with $download; app_runs 200" &&
        [ "$(grep -c 'reset by software' "$work/err")" = 2 ] # the request, and leave
}
latched_with_a_strict_rom() {
    run "--system-memory $strict --press PA1@300ms" "$with $download
        read_memory 0 0x08000000:64 '$work/there'
        dfu-util -l >'$work/list'; ! grep -q 1209:0001 '$work/list' || exit 1
        set_bfb2 0; app_runs 200"
}

check "the latch is ended by the host's option bytes" ends_the_latch ""
check "strict ROM: once works" once_with_a_strict_rom
check "strict ROM: the latch stays until the host writes the option bytes" \
    latched_with_a_strict_rom
plan
