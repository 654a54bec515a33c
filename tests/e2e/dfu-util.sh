#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What dfu-util can do with a device in DFU mode, done with the resident bootloader.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

base=$(loads_at build/examples/resident-1.elf)
app=$PWD/build/examples/resident-1.bin
flash_end=0x08030000

# dfu COMMAND: a shell's, on the same chip each time.
dfu() {
    "$dfuse" sim "${button[@]}" --flash "$work/chip.hex" "${image[@]}" -- \
        sh -c "cd $work || exit; $1" >"$work/out" 2>"$work/err" </dev/null
}
says() { grep -q -e "$1" "$work/out" "$work/err"; }
# fails STATUS PATTERN COMMAND
fails() {
    status=0
    dfu "$3" || status=$?
    [ "$status" -eq "$1" ] && says "$2"
}
# bytes FILE OFFSET COUNT: in hex, without spaces.
bytes() { od -An -v -tx1 -j "$2" -N "$3" "$work/$1" | tr -d ' \n'; }
size() { stat -c %s "$work/$1"; }
blank() { [ "$(size "$1")" -gt 0 ] && cmp -n "$(size "$1")" "$work/$1" /dev/zero; }

button=(--press PA0@0s) # keeps the bootloader
image=(build/boot.elf)
arm-none-eabi-objcopy -O binary build/boot.elf "$work/boot"
head -c 5000 /dev/urandom >"$work/data"
head -c 300 /dev/urandom >"$work/eeprom"
head -c 20000 /dev/urandom >"$work/long"

check "the bootloader can be read: the first segment, without a length" dfu "
    dfu-util -a 0 -s 0x08000000 -U read && cmp -n \$(stat -c %s boot) boot read"
image=()
check "flash is written" dfu "dfu-util -a 0 -s $base -D long"
check "... and read up to its end, without a length" dfu "dfu-util -a 0 -s $base -U all"
check "... which is the end of the chip" [ "$(size all)" = $((flash_end - base)) ]
check "... as it was written" cmp -n 20000 "$work/all" "$work/long"
check "a shorter one erases whole sectors only" dfu "dfu-util -a 0 -s $base -D data &&
    dfu-util -a 0 -s $base -U all2"
sector_end=$(((base + 5000 + 4095) / 4096 * 4096 - base))
dd if="$work/all2" of="$work/gap" bs=1 skip=5000 count=$((sector_end - 5000)) status=none
check "... blank up to the end of its last" blank gap
check "... and nothing changed behind" cmp -i $sector_end "$work/all" "$work/all2"
check "mass erase, then a download" dfu "for again in 1 2 3; do
        dfu-util -a 0 -s $base -D long && dfu-util -a 0 -s $base:mass-erase:force -D data || exit
    done; dfu-util -a 0 -s $base -U all3 && dfu-util -a 0 -s 0x08000000 -U boot2"
tail -c +5001 "$work/all3" >"$work/gap"
check "... leaves nothing else" blank gap
check "... but the bootloader" cmp "$work/read" "$work/boot2"
check "a block that is not of words" dfu "head -c 301 data >odd && dfu-util -a 0 -s $base -D odd &&
    dfu-util -a 0 -s $base:304 -U back && cmp -n 301 odd back"
check "... is filled up with nothing" [ "$(bytes back 301 3)" = 000000 ]

serial=327B6B413638 # of the simulated chip
check "-S: the serial number of this chip" dfu "dfu-util -S ,$serial -a 0 -s $base:4 -U serial"
check "... and of another" fails 74 "No DFU capable USB device" \
    "dfu-util -S ,0 -a 0 -s $base:4 -U no"
check "-p: the port" dfu "dfu-util -p 1-1 -a 0 -s $base:4 -U port"
check "... another" fails 74 "No DFU capable USB device" "dfu-util -p 1-2 -a 0 -s $base:4 -U no"
check "-d: another product" fails 74 "No DFU capable USB device" \
    "dfu-util -d ,1209:0002 -a 0 -s $base:4 -U no"
check "no -a: which of the four?" fails 74 "More than one DFU capable USB device" \
    "dfu-util -s $base:4 -U no"
check "-a: by its name" dfu "
    dfu-util -l | sed -n 's,.*name=.\(@.*/0x08080000/.*\).\, serial.*,\1,p' >name
    dfu-util -a \"\$(cat name)\" -s 0x08080000 -D eeprom && dfu-util -a 1 -s 0x08080000 -U e2 &&
    cmp -n 300 eeprom e2 && [ \$(stat -c %s e2) = 6144 ]"
check "-R: reset after the upload, and DFU again" dfu "dfu-util -R -a 0 -s $base:64 -U reset &&
    cmp -n 64 reset odd && dfu-util -a 0 -s $base:64 -U reset2"

check "option bytes: all five words" dfu "dfu-util -a 2 -s 0x1FF80000 -U options"
complements() {
    [ "$(size options)" = 20 ] || return
    for at in 0 4 8 12 16; do
        [ $((0x$(bytes options $at 2) ^ 0x$(bytes options $((at + 2)) 2))) = 65535 ] || return
    done
}
check "... each half beside its complement" complements
check "device information: the size of the flash" dfu "dfu-util -a 3 -s 0x1FF80050 -U device"
check "... 192 KB" [ "$(bytes device 44 2)" = c000 ]
check "... and nothing to write" fails 64 "not writeable" "dfu-util -a 3 -s 0x1FF80050 -D eeprom"
check "beyond the flash there is nothing" fails 64 "not writeable" \
    "dfu-util -a 0 -s $flash_end -D eeprom"

# Files with suffix: DfuSe's own format, here with two memories, and plain DFU's around raw bytes.
head -c 700 /dev/urandom >"$work/eeprom2"
dfuse-pack -b "$base@0:$app" -b "0x08080000@1:$work/eeprom2" -D 0x1209:0x0001 "$work/both.dfu" \
    >"$work/out" 2>&1
cp "$app" "$work/suffixed.dfu"
dfu-suffix -v 1209 -p 0001 -d ffff -a "$work/suffixed.dfu" >"$work/out" 2>&1
check "a DfuSe file: flash and EEPROM in one call" dfu "dfu-util -D both.dfu"
check "... as it was in the file" dfu "dfu-util -a 0 -s $base -U f1 &&
    cmp -n \$(stat -c %s $app) f1 $app && dfu-util -a 1 -s 0x08080000:700 -U f2 && cmp f2 eeprom2"
check "a file with a suffix, and leave: the application starts" dfu "
    dfu-util -a 0 -s $base:leave -D suffixed.dfu && timeout 10 sh -c '
    until dfu-util -l | grep -q Runtime.*ver=0100; do sleep 0.02; done'"
button=()
check "-w waits for the bootloader, -e leads from the application to it" dfu "
    dfu-util -w -S ,$serial -d ,1209:0001 -a 0 -s $base:2048 -U waited & dfu-util -S $serial -e
    wait \$! && cmp -n 2048 waited $app"
plan
