#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# lsusb -v reads and decodes all that describes the resident bootloader.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

url=$(sed -n 's/#define BOOT_LANDING_PAGE "\(.*\)"/\1/p' boot/config.h)
"$dfuse" sim build/boot.elf -- sh -c "lsusb -v -d 1209: 2>$work/complaints" \
    >"$work/out" 2>"$work/err" </dev/null
# shows PATTERN...: lines like these, one behind the other.
shows() {
    tr -s ' ' <"$work/out" >"$work/lines"
    printf '%s\n' "$@" | awk '
        NR == FNR { wanted[NR] = $0; next }
        { at = $0 ~ "^ ?" wanted[at + 1] ? at + 1 : $0 ~ "^ ?" wanted[1] ? 1 : 0 }
        at == length(wanted) { found = 1; exit }
        END { exit !found }' - "$work/lines"
}
clean() {
    [ ! -s "$work/complaints" ] &&
        ! grep -i 'unavailable\|unrecognized\|warning\|error\|invalid' "$work/out"
}

check "nothing that it cannot read" clean
check "the device" shows "idVendor 0x1209" "idProduct 0x0001" "bcdDevice 1.00" \
    "iManufacturer 1 dfuse-l0" "iProduct 2 Bootloader" "iSerial 3 [0-9A-F]+$"
check "four alternate settings of one interface" \
    [ "$(grep -c 'bInterfaceSubClass .*Device Firmware Update' "$work/out")" = 4 ]
check "the DFU functional descriptor" shows "bLength 9" "bDescriptorType 33" "bmAttributes 11" \
    "Will Detach" "Manifestation Intolerant" "Upload Supported" "Download Supported" \
    "wDetachTimeout 255 milliseconds" "wTransferSize 2048 bytes" "bcdDFUVersion 1.1a"
check "BOS: Microsoft OS 2.0, for Windows 8.1 and later" shows \
    "PlatformCapabilityUUID \{d8dd60df-4589-4cc7-9cd2-659d9e648a9f\}" \
    "CapabilityData.0. 0x00" "CapabilityData.1. 0x00" "CapabilityData.2. 0x03" \
    "CapabilityData.3. 0x06"
check "BOS: WebUSB" shows "PlatformCapabilityUUID \{3408b638-09a9-47a0-8bfd-a0768815b665\}" \
    "WebUSB:" "bcdVersion 1.00" "bVendorCode [0-9]+" "iLandingPage 1 https://$url\$"
check "the device's status" shows "Device Status: 0x0000"
check "none of it was for DFU: dfu-util after it" gives 0 "Upload done" sim build/boot.elf -- sh -c \
    "lsusb -v -d 1209: && dfu-util -a 0 -s 0x08000000:64 -U $work/read"
plan
