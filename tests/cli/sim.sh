#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# dfuse sim short of real USB programs: stops, kept memory, buttons, trace, exit status.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

image E7FE >"$work/loop.bin"                # b .
image 2003 0740 6001 E7FE >"$work/stop.bin" # r0 = 0x60000000; str r1, [r0]
image BF30 E7FD >"$work/sleep.bin"          # wfi, for ever

check "runs for a time" gives 0 "0.000000 s  power on" sim --timeout 10ms "$work/loop.bin"
check "sleeps through a long time" gives 0 "power on" sim --timeout 1000s "$work/sleep.bin"
check "a stop is exit status 1" gives 1 "stopped: .*0x60000000" sim --timeout 1s "$work/stop.bin"
check "... in one line, where and what to do" gives 1 "stopped: .*, at 0x0800000C; what to do: " \
    sim --timeout 1s "$work/stop.bin"
check "lenient boards warn" gives 0 "warning: access to nothing 0x60000000" \
    sim --lenient --timeout 1s "$work/stop.bin"
check "trace" gives 1 "^0800000A  lsls r0, r0, #0x1d  *r0=60000000" \
    sim --trace --timeout 1s "$work/stop.bin"
check "... with function and line" gives 0 "^main (main.c:[0-9]*)$" \
    sim --trace --timeout 2ms build/examples/app-1.elf
check "... and exceptions" grep -q "^-- exception 15 " "$work/err"
check "reset button" gives 0 "0.500000 s  reset by NRST" \
    sim --press NRST@500ms --timeout 1s "$work/loop.bin"
check "power cut" gives 0 "0.60000[01] s  power on" \
    sim --press VDD@500ms --timeout 1s "$work/loop.bin"
check "... by --cut-power, in the middle of what happens" gives 0 "fault: cut, after 0 flash" \
    sim --cut-power t=500ms --timeout 1s "$work/loop.bin"
check "... and power returns" grep -q "0.60000[01] s  power on" "$work/err"
check "a brown-out" gives 0 "0.50000[01] s  power on" \
    sim --fault brown-out:t=500ms --timeout 1s "$work/loop.bin"
check "bits of the program rot" gives 1 "0.50000[01] s  stopped: " \
    sim --fault 'flip:t=500ms:0x08000008^0x39FE' --timeout 1s "$work/loop.bin"
# Without the first the command would not be there at the time of the second.
check "a transfer waits while the bus is suspended" gives 0 "iProduct.*dfuse example app 1" \
    sim --fault suspend:t=300ms --fault wake:t=5s build/examples/app-1.elf -- \
    sh -c 'sleep 0.5; lsusb -v -d 1209:1'
check "... until it is not" sh -c 'grep -q "0.30000[01] s  fault: suspend" "$1" &&
    grep -q "5.00000[01] s  fault: wake" "$1"' - "$work/err"
for fault in cut cut:n=0 cut:t=1s:n=1 cut:n=1:n=2 cut:n=1:torn:after cut:n=1:often cut:n=1: \
    cut::n=1 'cut:n=1:0^1' flip:t=1s 'flip:t=1s:0^0' fly:t=1s; do
    check "no fault: '$fault'" refuses "is no fault" \
        sim --fault "$fault" --timeout 1s "$work/loop.bin"
done
check "no moment" refuses "^dfuse sim: --cut-power: '117' is no moment; write n=117:torn" \
    sim --cut-power 117 --timeout 1s "$work/loop.bin"
check "a fault that does not happen is told" gives 0 "^1 of 2 faults did not happen" \
    sim --cut-power n=1 --fault nrst:t=1ms --timeout 1s "$work/loop.bin"
check "a time has no before" refuses "cannot be 'before'" \
    sim --cut-power t=1s:before --timeout 1s "$work/loop.bin"
check "BOOT0 boots the ROM" gives 0 "jump to ROM 0x1FF0" \
    sim --boot0 --timeout 1ms "$work/loop.bin"

check "an image for kept memory" gives 1 "stopped: " \
    sim --flash "$work/kept.hex" --option BFB2=1 --timeout 1s "$work/stop.bin"
check "memory is kept as Intel HEX" grep -q "^:02000004080" "$work/kept.hex"
check "kept memory runs without an image" gives 1 "stopped: .*0x60000000" \
    sim --flash "$work/kept.hex" --timeout 1s
check "option bytes are kept too" gives 1 "jump to ROM" \
    sim --flash "$work/kept.hex" --timeout 1s
cp "$work/kept.hex" "$work/before.hex"
check "a kept memory of another kind" refuses "not a memory file" \
    sim --flash "$work/loop.bin" --timeout 1s
check "an image that does not fit" refuses "outside flash" \
    sim --flash "$work/kept.hex" --part l052x8 --address 0x08010000 --timeout 1s "$work/loop.bin"
check "... stays as it was" cmp -s "$work/before.hex" "$work/kept.hex"

# What is refused leaves the files of earlier runs as they were.
spared() {
    echo old >"$work/old.vcd"
    echo old >"$work/old.pcap"
    refuses "$1" sim --vcd "$work/old.vcd" --pcap "$work/old.pcap" "${@:2}" "$work/loop.bin" &&
        [ "$(cat "$work/old.vcd" "$work/old.pcap")" = "old
old" ]
}
check "no pin: no file is touched" spared "no pin" --press PX9@1s
check "no word to flip: no file is touched" spared "no word" --fault 'flip:t=1s:0x60000000^1'
check "no address: no file is touched" spared "is not PORT" --usbip here:1
check "an output over the image" refuses "would be written over" \
    sim --vcd "$work/stop.bin" --timeout 1s "$work/stop.bin"
check "one file for two outputs" refuses "would be written over" \
    sim --vcd "$work/new" --pcap "$work/new" --timeout 1s "$work/loop.bin"
check "... is not made" [ ! -e "$work/new" ]
check "a full disk for one file" gives 2 "No space left" \
    sim --vcd /dev/full --flash "$work/new.hex" --timeout 10ms "$work/loop.bin"
check "... spares the other" [ -s "$work/new.hex" ]

check "exit status of the command" gives 7 "power on" sim "$work/loop.bin" -- sh -c 'exit 7'
check "a stop wins over the command" gives 1 "stopped: " sim "$work/stop.bin" -- sleep 5
plan
