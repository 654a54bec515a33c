#!/bin/sh
# SPDX-License-Identifier: MIT
# The board on the USB of real tools: dfu-util and lsusb, unmodified.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

image E7FE >"$work/loop.bin" # b .
head -c 5000 /dev/urandom >"$work/new.bin"
app=build/examples/app-1.elf
next=build/examples/app-2.bin

rom() {
    "$dfuse" sim --rom v4.0 --boot0 "$work/loop.bin" -- "$@" >"$work/out" 2>"$work/err" </dev/null
}

shows() {
    grep -q -e "$1" "$work/out"
}

rom dfu-util -l
check "dfu-util lists the ROM" shows 'Found DFU: \[0483:df11\].*devnum=2.*path="1-1".*@Internal Flash'
rom lsusb
check "lsusb lists the device" shows "Bus 001 Device 002: ID 0483:df11 STMicroelectronics"
check "lsusb lists the root hub" shows "Bus 001 Device 001: ID 1d6b:0002"
rom lsusb -v -d 0483:
check "lsusb -v shows its DFU interface" shows "bInterfaceProtocol *2"
check "lsusb -v asks the device itself" shows "Device Status: "
rom lsusb -t
check "lsusb -t shows the tree" shows "Port 1: Dev 2, If 0.* 12M"
# shellcheck disable=SC2016 # expands in the command, here and below
check "a board without USB leaves the root hub alone" sh -c \
    '"$1" sim "$2" -- lsusb 2>/dev/null | grep -c . | grep -qx 1' - "$dfuse" "$work/loop.bin"

check "download" rom dfu-util -a 0 -s 0x08000000 -D "$work/new.bin"
# shellcheck disable=SC2016
check "download, upload with reset, the same" rom sh -c '
    dfu-util -a 0 -s 0x08000000 -D "$1/new.bin" && dfu-util -a 0 -s 0x08000000:5000 -U "$1/read.bin" &&
    dfu-util -R -a 0 -s 0x08000000:64 -U "$1/part.bin"; cmp "$1/new.bin" "$1/read.bin"' - "$work"

# One dfu-util sees the application leave, the ROM come and the new application start.
detach() {
    gives 0 "File downloaded successfully" sim "$app" -- dfu-util -E 1 -d 1209:0001,0483:df11 -a 0 \
        -s 0x08000000:leave -D "$next"
}
check "detach, re-enumeration, download and leave in one process" detach
check "... through the ROM" grep -q "jump to ROM" "$work/err"

# shellcheck disable=SC2016
check "a process that waits sees the device come" gives 0 "Upload done" sim "$app" -- sh -c '
    dfu-util -w -d ,0483:df11 -a 0 -s 0x08000000:64 -U "$1/waited.bin" & dfu-util -e -d 1209:0001
    wait $!' - "$work"
# shellcheck disable=SC2016
check "two processes at once" rom sh -c '
    dfu-util -a 0 -s 0x08000000:1000 -U "$1/one.bin" & lsusb -v; wait $!' - "$work"
# The pause lets the ROM end its half-pages: while the CPU is stalled, SETUP packets can get lost. A
# host that dies between DNLOAD and GETSTATUS leaves the work to the next GETSTATUS, which is
# answered dfuDNBUSY; dfu-util does not wait for that, so then it is called once more.
# shellcheck disable=SC2016
check "a process killed in the middle frees the device" rom sh -c '
    dfu-util -a 0 -s 0x08000000 -D "$1/new.bin" & sleep 0.2; kill -9 $!; wait $!; sleep 0.3
    after() { rm -f "$1"; dfu-util -a 0 -s 0x08000000:64 -U "$1" | tee "$1.log"; [ -s "$1" ]; }
    after "$1/after" || { grep -q "dfuDNBUSY" "$1/after.log" && after "$1/after"; }' - "$work"
check "real pace works too" gives 0 "Found DFU" sim --pace real --rom v4.0 --boot0 \
    "$work/loop.bin" -- dfu-util -l
plan
