#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What dfuse pack wrote, downloaded by the real dfu-util: to the resident bootloader, plain and DfuSe,
# and to ST's ROM; and a power cut amid the latter.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

examples=build/examples
chip=$work/chip.hex
head -c 96 /dev/urandom >"$work/eeprom"
arm-none-eabi-objcopy -I binary -O ihex --change-addresses 0x08080000 "$work/eeprom" "$work/eeprom.hex"
packs() { gives 0 "file for" pack "$@"; }
# board OPTIONS... -- COMMAND: the same chip each time.
board() {
    options=()
    while [ "$1" != -- ]; do options+=("$1") && shift; done
    "$dfuse" sim --flash "$chip" "${options[@]}" -- sh -c "cd '$work' && $2" \
        >"$work/out" 2>"$work/err" </dev/null
}
seen() { echo "timeout 10 sh -c 'until dfu-util -l | grep -q Runtime.*ver=0${1}00; do sleep 0.02; done'"; }
# holds FILE ADDRESS: the chip has these bytes there.
holds() {
    python3 - "$chip" "$1" "$2" <<'P' >"$work/out"
import sys
memory, base = {}, 0
for line in open(sys.argv[1]):
    record = bytes.fromhex(line.strip()[1:])
    if record[3] == 4:
        base = int.from_bytes(record[4:6], "big") << 16
    elif record[3] == 0:
        at = base + int.from_bytes(record[1:3], "big")
        memory.update(zip(range(at, at + record[0]), record[4:-1]))
data, at = open(sys.argv[2], "rb").read(), int(sys.argv[3], 0)
sys.exit(any(memory.get(at + i, 0) != byte for i, byte in enumerate(data)))
P
}

# ---- The resident bootloader

packs $examples/resident-1.elf "$work/eeprom.hex" -o "$work/1.dfu"
head -c 9000 /dev/zero | tr '\0' x >"$work/x"
arm-none-eabi-objcopy -I binary -O ihex --change-addresses 0x08003000 "$work/x" "$work/x.hex"
packs $examples/resident-2.elf "$work/x.hex" -o "$work/2.dfu"
check "bootloader: flash and EEPROM in one download" \
    board build/boot.elf -- "dfu-util -s :leave -D 1.dfu && $(seen 1)"
check "... the EEPROM" holds "$work/eeprom" 0x08080000
check "an update, the sector of the vectors last" \
    board -- "dfu-util -E 3 -d 1209:0001 -a 0 -s :leave -D 2.dfu && $(seen 2)"
check "... the application" holds $examples/resident-2.bin 0x08001100
check "... and what is far behind it" holds "$work/x" 0x08003000
# Plain DFU ends in a reset of the bus, after which dfu-util looks no further.
rm "$chip"
packs --plain $examples/resident-1.elf -o "$work/plain.dfu"
board build/boot-plain.elf -- "dfu-util -D plain.dfu; $(seen 1)"
check "plain DFU 1.1" [ $? = 0 ]
check "... the application" holds $examples/resident-1.bin 0x08001100

# ---- ST's ROM

rm "$chip"
packs --rom $examples/app-1.elf "$work/eeprom.hex" -o "$work/1.dfu"
packs --rom $examples/app-2.elf -o "$work/2.dfu"
head -c 16 /dev/zero >"$work/empty.bin"
check "ROM: flash and EEPROM in one download" \
    board --boot0 "$work/empty.bin" -- "dfu-util -s :leave -D 1.dfu && $(seen 1)"
check "... the application" holds $examples/app-1.bin 0x08000000
check "... the EEPROM" holds "$work/eeprom" 0x08080000
# cut N: the power goes at a flash operation; then the chip has no vectors to start from, old or new.
cut() {
    cp "$chip" "$work/kept"
    board --boot0 --fault "cut:n=$1" -- "dfu-util -D 2.dfu"
    grep -q "fault: cut" "$work/err" || return 1
    holds "$work/none" 0x08000000
    status=$?
    cp "$work/kept" "$chip"
    return $status
}
head -c 8 /dev/zero >"$work/none"
for n in 2 10 40 60; do
    check "power cut at operation $n: half an application has no vectors" cut "$n"
done
check "an update through the ROM" \
    board --boot0 -- "dfu-util -s :leave -D 2.dfu && $(seen 2)"
check "... the application" holds $examples/app-2.bin 0x08000000
plan
