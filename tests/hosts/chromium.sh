#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Chromium, without a window: a page reads the resident bootloader and updates the application over
# WebUSB. That the page may use the device without asking comes from the policy in webusb.json.
# shellcheck source=tests/hosts/rig
. "$(dirname "$0")/rig"

new=build/examples/resident-2.bin
url=$(sed -n 's/#define BOOT_LANDING_PAGE "\(.*\)"/\1/p' boot/config.h)
visit() { board "${button[@]}" -- node tests/hosts/webusb-server.js "$base" "$new" "$work"; }
tells() { grep -q -x -e "$1" "$work/told"; }

board build/boot.elf -- dfu-util -a 0 -s "$base" -D build/examples/resident-1.bin
check "the page comes to its end" visit
cp "$work/out" "$work/told"
check "... without an error" [ "$(grep -c '^error' "$work/told")" = 0 ]
check "product" tells "product: Bootloader"
check "serial number" tells "serial: [0-9A-F]\{12\}"
check "flash" tells "alternate 0: @.*/0x08000000/.*g"
check "data EEPROM" tells "alternate 1: @.*/0x08080000/.*e"
check "option bytes" tells "alternate 2: @.*/0x1FF80000/.*e"
check "device information" tells "alternate 3: @.*/0x1FF80050/.*a"
check "the landing page is https, and the one of config.h" tells "landing page: 1 $url"
check "1 KB uploaded" [ "$(stat -c %s "$work/uploaded")" = 1024 ]
check "... as it is in flash" cmp -n 1024 "$work/uploaded" build/examples/resident-1.bin
check "the update, and the page sees the application" tells "then: dfuse example app 2"
check "the flash holds it" reads "$new"
check "it starts at power-on" starts 2
plan
