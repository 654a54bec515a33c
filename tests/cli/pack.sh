#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# dfuse pack: what is in the file, from each kind of input; and that a refusal writes nothing.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

resident=build/examples/resident-1
rom=build/examples/app-1
arm-none-eabi-objcopy -O ihex $resident.elf "$work/resident.hex"
cp $resident.bin "$work/resident.bin"
cp $resident.elf "$work/resident.elf"

# says PATTERN: the last output has such a line.
says() { grep -q -e "$1" "$work/out"; }
# number AT BYTES FILE: the little-endian number there.
number() { od -An -tu"$2" -j"$1" -N"$2" "$3" | tr -d ' '; }
# hex ADDRESS FILE OUT: the bytes of a file as HEX for an address.
hex() {
    arm-none-eabi-objcopy -I binary -O ihex --change-addresses "$1" "$2" "$3"
}
segments() { "$dfuse" inspect --json "$1" | tr -d ' \n' | sed 's/.*"segments":\(\[[^]]*\]\).*/\1/'; }

for kind in elf hex bin; do
    check "$kind: packs" gives 0 "DfuSe file for 1209:0001" \
        pack "$work/resident.$kind" -o "$work/$kind.dfu"
    check "$kind: the same file" cmp -s "$work/elf.dfu" "$work/$kind.dfu"
done
check "inspect finds it right" gives 0 "dwCRC 0x[0-9A-F]* right" inspect "$work/elf.dfu"
check "... at the address of the ELF" says "element 0x08001100"
check "DFUImageSize is that of the file without its suffix" \
    [ "$(number 6 4 "$work/elf.dfu")" = $(($(stat -c %s "$work/elf.dfu") - 16)) ]
check "a DfuSe file is packed again" gives 0 DfuSe pack "$work/elf.dfu" -o "$work/again.dfu"
check "... to the same" cmp -s "$work/elf.dfu" "$work/again.dfu"

# ---- Order and erase units

first_and_last() {
    [ "$(grep -c 'element 0x08000000     128' "$work/out")" = 2 ] &&
        [ "$(awk '$1 == "element" { print $2; }' "$work/out" | sed -n 2p)" = 0x08000080 ]
}
check "for the ROM" gives 0 "0483:df11" pack --rom $rom.elf -o "$work/rom.dfu"
gives 0 . inspect "$work/rom.dfu"
check "... the vector page comes first, as zeros, and last" first_and_last
check "... and is zero at first" cmp -s -n 128 -i 293:0 "$work/rom.dfu" /dev/zero
check "... and right in the end" cmp -s -n 128 "$rom.bin" <(tail -c 144 "$work/rom.dfu")

head -c 20000 /dev/urandom | cat $resident.bin - >"$work/long.bin"
check "for the bootloader" gives 0 "0x08002000" pack "$work/long.bin" -o "$work/long.dfu"
check "... the sector of the vectors is last" [ "$(tail -n 1 "$work/out" | tr -s ' ')" = " 0x08001100 3840 bytes" ]
gap() {
    hex 0x08001100 $resident.bin "$work/a.hex" && head -c 10 /dev/urandom >"$work/10" &&
        hex "$1" "$work/10" "$work/b.hex" &&
        gives 0 "$2" pack "$work/a.hex" "$work/b.hex" -o "$work/gap.dfu"
}
check "a gap in a sector is filled" gap 0x08001F01 "0x08001100    3600 bytes"
check "one between sectors is not" gap 0x08009003 "0x08009000      16 bytes"

# ---- Memories

head -c 64 /dev/urandom >"$work/64"
head -c 20 /dev/zero >"$work/20"
hex 0x08080400 "$work/64" "$work/eeprom.hex"
hex 0x1FF80000 "$work/20" "$work/options.hex"
all=("$work/resident.elf" "$work/eeprom.hex" "$work/options.hex")
alternates() { [ "$(sed -n 's/^  alternate \([0-9]*\).*/\1/p' "$work/out" | tr -d '\n')" = "$1" ]; }
check "flash, EEPROM and option bytes" gives 0 DfuSe pack "${all[@]}" -o "$work/all.dfu"
check "... are EEPROM, flash, options of the bootloader" alternates 102
check "for the ROM" gives 0 DfuSe pack --rom $rom.elf "${all[@]:1}" -o "$work/all-rom.dfu"
check "... they are its alternates" alternates 201
check "others can be given" gives 0 'alternate 7 "Mine"' pack "${all[@]}" -o "$work/mine.dfu" \
    --alternate eeprom=7:Mine --alternate flash=4 --alternate options=255
check "... for each" alternates 74255
check "vendor, product, version" gives 0 "1234:abcd" \
    pack -d 1234:ABCD:0217 $resident.elf -o "$work/ids.dfu"
check "... are in the suffix" gives 0 \
    "idVendor 0x1234, idProduct 0xABCD, bcdDevice 0x0217, bcdDFU 0x011A" inspect "$work/ids.dfu"

# ---- Plain DFU, and what dfu-util's own tools say

plain() {
    gives 0 "plain DFU file" pack --plain "$1" -o "$work/plain.dfu" &&
        cmp -s -n "$(stat -c %s $resident.bin)" $resident.bin "$work/plain.dfu"
}
check "plain DFU: the bytes, then a suffix" plain $resident.elf
check "... of DFU 1.0, as dfu-suffix has it" gives 0 "bcdDFU 0x0100" \
    inspect --address 0x08001100 "$work/plain.dfu"
same_as_dfu_suffix() {
    cp $resident.bin "$work/suffix.dfu"
    dfu-suffix -v 1209 -p 0001 -d ffff -a "$work/suffix.dfu" >"$work/out" 2>"$work/err" &&
        cmp "$work/suffix.dfu" "$work/plain.dfu" >>"$work/out"
}
accepted() { dfu-suffix -c "$1" >"$work/out" 2>"$work/err" && says "Length:.*16"; }
check "... byte for byte what dfu-suffix makes" same_as_dfu_suffix
for file in elf all rom plain; do
    check "dfu-suffix -c takes it: $file" accepted "$work/$file.dfu"
done
head -c 13 /dev/urandom >"$work/13"
exact() {
    gives 0 "29 bytes" pack --plain "$work/13" -o "$work/29.dfu" && cmp -s -n 13 "$work/13" "$work/29.dfu"
}
check "... and no byte more" exact
same_as_objcopy() {
    segments "$1" >"$work/out" && segments "$2" >"$work/err" && cmp -s "$work/out" "$work/err"
}
check "inspect: ELF and objcopy's HEX are the same" same_as_objcopy $resident.elf "$work/resident.hex"
check "a DFU file runs on the board" gives 0 "app 1 starts" sim --timeout 100ms "$work/rom.dfu"
check "a DFU file is hidden" gives 0 "hidden" hide "$work/rom.dfu" -o "$work/hidden.dfu"

# ---- Refused: one line, and the file that was there is left alone

head -c 2000 "$work/elf.dfu" >"$work/cut.dfu"
head -c 3000 $resident.elf >"$work/cut.elf"
head -n 5 "$work/resident.hex" >"$work/cut.hex"
sed '3s/[0-9A-F]\r*$/!/' "$work/resident.hex" >"$work/bad.hex"
{ head -c 100 "$work/elf.dfu" && printf x && tail -c +102 "$work/elf.dfu"; } >"$work/crc.dfu"
head -c 5 /dev/zero >"$work/5"
hex 0x08080000 "$work/5" "$work/odd.hex"
hex 0x20000000 "$work/64" "$work/ram.hex"
# elf AT BYTE OUT: an ELF with a byte of its header changed.
elf() {
    cp $resident.elf "$3"
    # shellcheck disable=SC2059 # octal escapes are of the format
    printf "$2" | dd of="$3" bs=1 seek="$1" conv=notrunc status=none
}
elf 4 '\2' "$work/64.elf"
elf 5 '\2' "$work/big.elf"
elf 18 '\3' "$work/x86.elf"
echo old >"$work/old"
# leaves PATTERN ARGUMENTS...
leaves() {
    pattern=$1
    shift
    refuses "$pattern" pack "$@" -o "$work/old" && [ "$(cat "$work/old")" = old ] &&
        [ "$(find "$work" -name 'old*' | wc -l)" = 1 ]
}
check "a DFU file cut short" leaves "the DFU suffix is missing; the file is cut short" "$work/cut.dfu"
check "a DFU file with another CRC" leaves "the CRC is 0x.* should be" "$work/crc.dfu"
check "an ELF cut short" leaves "cut short" "$work/cut.elf"
check "a HEX cut short" leaves "the end record is missing" "$work/cut.hex"
check "a HEX with a bad digit" leaves "line 3: " "$work/bad.hex"
sed '1p' "$work/eeprom.hex" | sed '2,3p' >"$work/twice.hex"
check "a HEX that gives an address twice" leaves "gives address 0x08080400 twice" "$work/twice.hex"
check "64-bit" leaves "not for 32-bit little-endian ARM" "$work/64.elf"
check "big-endian" leaves "not for 32-bit little-endian ARM" "$work/big.elf"
check "not ARM" leaves "not for 32-bit little-endian ARM" "$work/x86.elf"
check "the same memory twice" leaves "0x08001100 is in a file before it too" \
    $resident.elf build/examples/resident-2.elf
check "RAM" leaves "data at 0x20000000, outside flash" "$work/ram.hex"
check "more than the part has" leaves "larger than the part" --rom --part l072x8 \
    --address 0x0800FFF0 "$work/64"
check "an application for elsewhere" leaves "link it for 0x08001100" $rom.elf
check "EEPROM that is no whole words" leaves "no whole words" "$work/odd.hex"
check "EEPROM in a plain file" leaves "leave out --plain" --plain "${all[@]}"
check "the output is the input" refuses "is IN and OUT" pack "$work/resident.bin" -o "$work/resident.bin"
check "no output" refuses "needs IN and -o OUT" pack $resident.elf
check "no input" refuses "needs IN and -o OUT" pack -o "$work/old"
check "no device" refuses "is no device; write" pack -d 12345:1 $resident.elf -o "$work/old"
check "no address" refuses "is no address" pack --address x $resident.elf -o "$work/old"
check "no such memory" refuses "the memories are" pack --alternate ram=1 $resident.elf -o "$work/old"
check "no alternate" refuses "a number up to 255" pack --alternate flash=256 $resident.elf -o "$work/old"
plan
