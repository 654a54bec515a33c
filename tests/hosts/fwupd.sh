#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# fwupd reads the resident bootloader, writes what it has packed itself, and updates a running
# application. What strace is for is in docs/bridge.md; all but the last needs no quirk file.
# shellcheck source=tests/hosts/rig
. "$(dirname "$0")/rig"

guid=f831ee56-5480-59f0-9115-4a73312c287f # USB\VID_1209&PID_0001
fwupd=(fwupdtool --plugins dfu)
# The first bind() of the process is libusb's: it says that it is done, and nothing is.
install=(strace -qqq -e signal=none -o /dev/null -e trace=bind -e inject=bind:retval=0:when=1
    "${fwupd[@]}" install-blob)

# pack VERSION: a DfuSe file of this application.
pack() {
    cat >"$work/pack.xml" <<END
<firmware gtype="FuDfuseFirmware">
  <vendor>0x1209</vendor><product>0x0001</product><release>0xffff</release>
  <firmware>
    <idx>0</idx><id>Flash</id>
    <chunks><chunk>
      <addr>$base</addr><data>$(base64 -w 0 "build/examples/resident-$1.bin")</data>
    </chunk></chunks>
  </firmware>
</firmware>
END
    tests/hosts/private fwupdtool firmware-build "$work/pack.xml" "$work/$1.dfu" \
        >"$work/out" 2>"$work/err"
}
parses() {
    tests/hosts/private fwupdtool firmware-parse "$work/1.dfu" dfuse >"$work/out" 2>"$work/err" &&
        says "<addr>$(printf '0x%x' "$base")</addr>"
}

check "fwupd packs the application" pack 1
check "... and reads where it goes" parses
check "it sees the bootloader" board build/boot.elf -- "${fwupd[@]}" --json get-devices
check "... as one to update" says '"updatable"'
check "... which is in DFU mode" says '"is-bootloader"'
check "... and speaks DfuSe" says '"com.st.dfuse"'
check "... with its serial number" says '"Serial" : "[0-9A-F]\{12\}"'
check "it installs the application on an empty chip" board -- "${install[@]}" "$work/1.dfu" $guid
check "... all of it" reads build/examples/resident-1.bin
check "... which starts" starts 1
pack 2
check "it updates the running one: detach, download, verify, attach" board -- \
    "${install[@]}" "$work/2.dfu" $guid
check "... through the bootloader" says 'reset by software'
check "... and out of it" says 'reset, option bytes reloaded'
check "... all of it" reads build/examples/resident-2.bin
check "... which starts" starts 2
check "dfu-util takes fwupd's file too" board "${button[@]}" -- dfu-util -a 0 -D "$work/1.dfu"
check "... with the same result" reads build/examples/resident-1.bin

ours() { "$dfuse" pack "$@" >"$work/out" 2>"$work/err"; }
ours_parses() {
    tests/hosts/private fwupdtool firmware-parse "$1" dfuse >"$work/out" 2>"$work/err" &&
        says "<vendor>0x$2</vendor>"
}
head -c 9000 /dev/urandom >"$work/tail"
cat build/examples/resident-2.bin "$work/tail" >"$work/long.bin"
check "dfuse pack makes a file of several elements" ours "$work/long.bin" -o "$work/ours.dfu"
check "... that fwupd reads" ours_parses "$work/ours.dfu" 1209
check "... and installs" board "${button[@]}" -- "${install[@]}" "$work/ours.dfu" $guid
check "... all of it" reads "$work/long.bin"
check "it makes one for the ROM" ours --rom build/examples/app-1.elf -o "$work/rom.dfu"
check "... that fwupd reads" ours_parses "$work/rom.dfu" 483

# dump FILE: in the namespace of tests/hosts/private.
dump() {
    board "${button[@]}" -- sh -c 'install -D -m 644 "$0" /var/lib/fwupd/quirks.d/dfuse.quirk && exec "$@"' \
        tests/hosts/fwupd.quirk "${fwupd[@]}" firmware-dump "$1" $guid
}
# The first 293 bytes of the file are of its format.
check "with a quirk file, it reads a whole memory" dump "$work/dump.dfu"
tail -c +294 "$work/dump.dfu" | head -c $((192 * 1024)) | tail -c +$((base - 0x08000000 + 1)) \
    >"$work/dumped"
check "... to its end" reads "$work/dumped"
plan
