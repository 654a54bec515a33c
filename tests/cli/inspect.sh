#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# dfuse inspect: what it tells of good files, and that each fault in a file is found.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

app=build/examples/app-1
resident=build/examples/resident-1
arm-none-eabi-objcopy -O ihex $app.elf "$work/app.hex"
"$dfuse" pack $resident.elf -o "$work/good.dfu" >"$work/out"
image 4800 4685 5000 2000 >"$work/visible.bin"
says() { grep -q -e "$1" "$work/out"; }

# ---- What is right

check "ELF" gives 0 ": ELF, " inspect $app.elf
check "... where it goes" says "flash     0x08000000-0x0800[0-9A-F]* *[0-9]* bytes"
check "... its vectors" says "vectors   0x08000000: stack pointer 0xBE00BE00 is none"
check "... is hidden" says "word 0    0xBE00BE00: hidden"
check "HEX" gives 0 ": Intel HEX, " inspect "$work/app.hex"
check "plain bytes" gives 0 ": plain bytes, 16 bytes" inspect "$work/visible.bin"
check "... are visible" says "0x20005000: visible"
check "behind the bootloader" gives 0 "vectors   0x08001100: stack pointer 0x20005000 right" \
    inspect $resident.elf
check "DfuSe" gives 0 ": DfuSe, " inspect "$work/good.dfu"
check "... its target" says 'target    alternate 0 "Flash"'
narrow() { ! "$dfuse" inspect "$1" | sed 1d | grep -q '.\{81\}'; }
check "in 80 columns" narrow "$work/good.dfu"
check "a name that shows, not its folder" gives 0 "options   0x1FF80000" inspect <(
    printf ':020000041FF8E3\n:0400000000000000FC\n:00000001FF\n')

# bank2 OFFSET PART...: a stack pointer there in an image.
bank2() {
    { cat "$work/visible.bin" && head -c $(($1 - 16)) /dev/zero && image; } >"$work/bank2.bin"
    gives 0 "$2" inspect "$work/bank2.bin"
}
check "the second bank of 128 KB parts" bank2 65536 "0x08010000 (128 KB parts): 0x20005000, visible"
check "... of 192 KB parts" bank2 98304 "0x08018000 (192 KB parts): 0x20005000, visible"
check "... that is not in the file" says "0x08010000 (128 KB parts): 0x00000000, hidden"

# ---- JSON

json() {
    "$dfuse" inspect --json "$1" >"$work/out" 2>"$work/err"
    python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
sys.exit(not eval(sys.argv[2], {}, {"d": d}))' "$work/out" "$2" 2>"$work/err"
}
check "JSON: an ELF" json $app.elf "d['word0']['hidden'] and d['vectors']['reset_sane'] and not d['problems']"
check "JSON: a DfuSe file" json "$work/good.dfu" \
    "d['suffix']['crc_right'] and d['targets'][0]['elements'][0]['address'] == 0x08001100"

# ---- What is wrong: exit status 1, and the rest is told

# wrong PATTERN OFFSET BYTES: the good file with bytes changed has such a problem.
wrong() {
    cp "$work/good.dfu" "$work/wrong.dfu"
    # shellcheck disable=SC2059 # octal escapes are of the format
    printf "$3" | dd of="$work/wrong.dfu" bs=1 seek="$2" conv=notrunc status=none
    gives 1 "^problem: " inspect "$work/wrong.dfu" && narrow "$work/wrong.dfu" &&
        json "$work/wrong.dfu" "d['problems']" && says "^    \"$1"
}
size=$(stat -c %s "$work/good.dfu")
check "CRC" wrong "the CRC is 0x.* and should be 0x" $((size - 1)) '\0'
check "data" wrong "the CRC is 0x" 1000 x
check "length of the suffix" wrong "the suffix says that it has 1 bytes" $((size - 5)) '\1'
check "bcdDFU" wrong "bcdDFU is 0x0100, but there is a DfuSe prefix" $((size - 10)) '\0\1'
check "DFUImageSize" wrong "DFUImageSize is 0 and should be $((size - 16))" 6 '\0\0\0\0'
check "version" wrong "the DfuSe prefix is of version 2" 5 '\2'
check "number of targets" wrong "target 2 of 2 is missing" 10 '\2'
check "... that is too small" wrong "there are [0-9]* bytes behind the last target" 10 '\0'
check "name of a target" wrong "target 1 of 1 is missing" 11 t
check "size of a target" wrong "target 1 says 1 bytes" 277 '\1\0\0\0'
check "number of elements" wrong "element 2 of target 1 is missing" 281 '\2'
check "size of an element" wrong "the element for 0x08001100 says 4294967295 bytes" 289 '\377\377\377\377'
check "address of an element" wrong "the image has data at 0x01001100, outside flash" 288 '\1'
check "an address that wraps" wrong "data at 0xFFFFFFFF goes past the end" 285 '\377\377\377\377'
head -c 2000 "$work/good.dfu" >"$work/cut.dfu"
check "cut short" gives 1 "the DFU suffix is missing" inspect "$work/cut.dfu"
check "... and what is there is told" says "DfuSe, 2000 bytes"
# A layout that dfu-util's dfuse-pack writes is fine but for one field.
dfuse-pack -b "0x08001100:$resident.bin" -D 0x1209:0x0001 "$work/theirs.dfu" >/dev/null 2>&1
check "dfuse-pack counts the suffix" gives 1 "should be [0-9]*: the suffix does not count" \
    inspect "$work/theirs.dfu"
check "... and all else is right" [ "$(grep -c WRONG "$work/out")" = 1 ]

printf '\0\0\1\0\11\0\0\10' >"$work/even.bin"
check "a reset vector outside the image" gives 1 "the reset vector 0x08000009 is no Thumb" \
    inspect "$work/even.bin"
{ printf '\0\140\0\040' && tail -c +5 "$work/visible.bin"; } >"$work/sp.bin"
check "a stack pointer outside the RAM" gives 1 "the stack pointer 0x20006000 is not" \
    inspect "$work/sp.bin"
check "too short for vectors" gives 1 "too short for a vector table" inspect <(printf abc)
check "too large for the part" gives 1 "larger than the part" \
    inspect --part l072x8 "$work/bank2.bin"

# ---- What cannot be read

head -c 3000 $app.elf >"$work/cut.elf"
check "an ELF cut short" refuses "cut short" inspect "$work/cut.elf"
check "a HEX without end" refuses "the end record is missing" inspect <(head -n 3 "$work/app.hex")
check "not there" refuses "No such file" inspect "$work/nowhere"
check "no file" refuses "needs one FILE" inspect
check "no part" refuses "unknown part" inspect --part f103 $app.elf
plan
