#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# --pcap FILE, read by the real tshark: an update of an application, from enumeration to leave.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

file=$work/usb.pcapng
# update ADDRESS: from the running application.
update() {
    "$dfuse" sim --pcap "$file" build/examples/app-1.elf -- dfu-util -E 1 \
        -d 1209:0001,0483:df11 -a 0 -s "$1" -D build/examples/app-2.bin \
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
# Wireshark 4.0 reads past the end of a DNLOAD of no bytes, which ends a download, and does not
# know then what the next packet, its completion, answers.
only_the_empty_dnload() {
    shark -Y 'usbdfu.command == 1 && usbdfu.length == 0' -T fields -e frame.number
    empty=$(cat "$work/out")
    shark -Y _ws.malformed -T fields -e frame.number
    malformed=$(tr '\n' ' ' <"$work/out")
    [ -z "$malformed" ] || [ "$malformed" = "$empty $((empty + 1)) " ]
}
# by_hand LENGTH [DATA]: the submission of a DNLOAD, byte for byte as Documentation/usb/usbmon.rst of
# Linux has it, is malformed for tshark. In its order: id; type, transfer, endpoint, device, bus, two
# tags; time; status, length, captured; SETUP; interval, start, flags, descriptors.
by_hand() {
    echo "0000 01 00 00 00 00 00 00 00  53 02 00 03 01 00 00 00  00 00 00 00 00 00 00 00 \
        00 00 00 00 8d ff ff ff  $1 00 00 00 $1 00 00 00  21 01 02 00 00 00 $1 00 \
        00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  ${2-}" |
        text2pcap -q -l 220 - "$work/hand.pcapng" 2>"$work/err" &&
        tshark -r "$work/hand.pcapng" -d usb.device==0x10003,usbdfu -Y 'usbdfu.command == 1' \
            -T fields -e frame.number -e _ws.malformed >"$work/out" 2>"$work/err" &&
        grep -q '^1.' "$work/out" && grep -q Malformed "$work/out"
}
as_by_hand() {
    if [ -n "$malformed" ]; then by_hand 00 && ! by_hand 01 78; else ! by_hand 00; fi
}
setup_at_completion() {
    tshark -r "$file" -x -Y usb.unused_setup_header 2>"$work/err" |
        sed -n 's/^0020  .\{23\}\(\( ..\)\{8\}\) .*/\1/p' | sort -u >"$work/out"
    [ "$(cat "$work/out")" = "$1" ]
}
# Each transfer is submitted once and completed once; time never goes back.
pairs() {
    shark -T fields -e frame.time_epoch -e usb.urb_id -e usb.urb_type && sort -cn "$work/out" &&
        ! cut -f 2 "$work/out" | sort | uniq -c | grep -qv '^ *2 '
}

check "a download with --pcap" update 0x08000000
check "no malformed packet" found _ws.malformed 0
check "an update to its end" update 0x08000000:leave
check "link type USB_LINUX_MMAPPED" found 'frame.encap_type == 115'
check "no malformed packet but the empty DNLOAD" only_the_empty_dnload
check "... of which tshark says the same when it is written by hand" as_by_hand
check "flags as usbmon has them: transfers IN" found 'usb.transfer_flags.dir_in == 1'
check "... and no others" found 'usb.endpoint_address.direction != usb.transfer_flags.dir_in' 0
check "no SETUP at completion" setup_at_completion " 00 00 00 00 00 00 00 00"
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
