#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# --pcap FILE, read by the real tshark: an update of an application, from enumeration to leave.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

file=$work/usb.pcapng
update() {
    "$dfuse" sim --pcap "$file" build/examples/app-1.elf -- dfu-util -E 1 \
        -d 1209:0001,0483:df11 -a 0 -s 0x08000000:leave -D build/examples/app-2.bin \
        >"$work/out" 2>"$work/err" </dev/null
}
# Wireshark 4.0 has to be told which products speak DFU.
shark() {
    tshark -r "$file" -d usb.product==0x0483df11,usbdfu -d usb.product==0x12090001,usbdfu "$@" \
        >"$work/out" 2>"$work/err"
}
# found FILTER [COUNT]: that many packets, at least one when not told.
found() {
    shark -Y "$1" && n=$(wc -l <"$work/out") && [ "$n" -ge "${2:-1}" ] && [ "$n" -le "${2:-$n}" ]
}
# states: those of the answers to GETSTATUS, in order, repeats left out.
states() {
    shark -Y 'usbdfu.response == 3 && usb.urb_len == 6' -T fields -e usbdfu.state &&
        [ "$(uniq "$work/out" | tr '\n' ' ' | sed 's/\(4 5 \)\+/4 5 ... /g')" = "$1" ]
}
# Each transfer is submitted once and completed once; time never goes back.
pairs() {
    shark -T fields -e frame.time_epoch -e usb.urb_id -e usb.urb_type && sort -cn "$work/out" &&
        ! cut -f 2 "$work/out" | sort | uniq -c | grep -qv '^ *2 '
}

check "an update with --pcap" update
check "link type USB_LINUX_MMAPPED" found 'frame.encap_type == 115'
# Wireshark cannot read a DNLOAD of no bytes, which ends a download.
check "no malformed packet" found '_ws.malformed && usb.urb_len > 0' 0
check "each transfer begins and ends" pairs
check "the enumeration" found 'usb.setup.bRequest == 5'
check "... with descriptors" found 'usb.idVendor == 0x0483 && usb.idProduct == 0xdf11'
check "DETACH" found 'usbdfu.command == 0' 1
check "the last DNLOAD is empty" found 'usbdfu.command == 1 && usbdfu.length == 0' 1
check "the states" states "0 2 4 5 ... 2 4 5 ... 7 "
refused() { refuses "nowhere.*No such file" sim --pcap "$work/nowhere/x" build/examples/app-1.elf; }
check "a file that cannot be made" refused
full() { gives 2 "No space left" sim --pcap /dev/full --timeout 500ms build/examples/app-1.elf; }
check "a full disk" full
plan
