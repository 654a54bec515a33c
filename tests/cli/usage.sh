#!/bin/sh
# SPDX-License-Identifier: MIT
# Help, and bad input: one line saying what and what to do, exit status 2.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

image 4800 4685 5000 2000 >"$work/app.bin"
echo ':00000001FE' >"$work/bad.hex"
: >"$work/empty"
head -c 70000 /dev/zero >"$work/large.bin"
head -c 100 build/examples/app-1.elf >"$work/cut.elf"
head -c 3000 build/examples/app-1.elf >"$work/short.elf"
mkdir "$work/folder"

check "dfuse alone tells its usage" gives 2 "usage: dfuse VERB"
check "help lists the verbs" gives 0 "^  sim  " help
check "--help does too" gives 0 "^  hide  " --help
check "help of a verb" gives 0 "usage: dfuse sim" help sim
check "--help of a verb" gives 0 "usage: dfuse hide" hide --help
check "help of pack" gives 0 "usage: dfuse pack" help pack
check "help of inspect" gives 0 "usage: dfuse inspect" help inspect
check "-h does too" gives 0 "usage: dfuse hide" hide -h
check "--version" gives 0 "^dfuse [0-9]" --version

check "unknown verb" refuses "'frob' is not a verb" frob
check "help of an unknown verb" refuses "'frob' is not a verb; 'dfuse help' lists" help frob
check "a slip in a verb" refuses "did you mean 'explore'?$" exlpore
check "... and in one to help with" refuses "did you mean 'hide'?$" help hied
check "only the beginning of a verb" refuses "did you mean 'explore'?$" expl
check "the verb forgotten" refuses "to run it: 'dfuse sim $work/app.bin'$" "$work/app.bin"
check "an option before the verb" refuses "--rom: options go after the verb" --rom v4.0 sim
check "help of help" gives 0 "usage: dfuse VERB" help help
check "help of parts" gives 0 "^  l072xz .*192 KB.*two banks" help parts
check "version, by any name" gives 0 "^dfuse [0-9]" version
check "a slip in an option" refuses "--presss=PA0@1s is not.*did you mean --press?$" \
    sim --presss=PA0@1s "$work/app.bin"
check "two letters swapped" refuses "did you mean --output?$" hide --outptu x "$work/app.bin"
check "unknown option" refuses "--frob is not an option.*help sim" sim --frob "$work/app.bin"
check "unknown letters" refuses "-z is not an option" sim -zq "$work/app.bin"
check "value for a switch" refuses "--boot0 takes no value" sim --boot0=1 "$work/app.bin"
check "option without value" refuses "--part needs a value" sim --part
check "a value that was forgotten" refuses "--vcd needs a value, not '--summary'" \
    sim --vcd --summary "$work/app.bin"
check "a long option is not told by its letter" refuses "--press needs a value" explore --press
check "... nor a switch" refuses "--detach takes no value" explore --detach=1
check "an empty value" refuses "--usbredir needs a value, not ''" sim --usbredir '' "$work/app.bin"
check "a short option's value" refuses "-o needs a value, not '--check'" \
    hide "$work/app.bin" -o --check
check "no image" refuses "no IMAGE" sim
check "two images" refuses "write '--' before the command" sim "$work/app.bin" dfu-util
check "a command's options without --" refuses "write '--' before the command 'dfu-util'" \
    sim "$work/app.bin" dfu-util -l
check "nothing after --" refuses "no command" sim "$work/app.bin" --
check "missing file" refuses "'nowhere.elf': No such file.*check the name" sim nowhere.elf
check "directory" refuses "Is a directory; name a file" sim "$work/folder"
check "empty file" refuses "the file is empty" sim "$work/empty"
check "ELF of another machine" refuses "not for 32-bit little-endian ARM" sim "$(command -v dfu-util)"
check "ELF cut in its headers" refuses "cut short in its program headers" sim "$work/cut.elf"
check "ELF cut in its data" refuses "data for 0x08000000 is missing" sim "$work/short.elf"
check "damaged HEX" refuses "line 1: wrong checksum" sim "$work/bad.hex"
check "image larger than the part" refuses "larger than the part.*--part" \
    sim --part l072x8 "$work/large.bin"
check "... by the name printed on the chip" refuses "larger than the part" \
    sim --part STM32L072C8T6 "$work/large.bin"
check "image outside flash" refuses "outside flash" sim --address 0x20000000 "$work/app.bin"
check "unknown part" refuses "the parts are.*l072xz" sim --part f103 "$work/app.bin"
check "a part of which there is no such size" refuses "unknown part 'STM32L082C6T6'" \
    sim --part STM32L082C6T6 "$work/app.bin"
check "a part with too much behind it" refuses "unknown part" sim --part l072xzmore2 "$work/app.bin"
check "unknown ROM" refuses "--rom is v4.1 or v4.0" sim --rom v5 "$work/app.bin"
check "unknown option field" refuses "no option field.*BFB2" sim --option X=1 "$work/app.bin"
check "option without =" refuses "NAME=VALUE" sim --option BFB2 "$work/app.bin"
check "option value too large" refuses "cannot be 0x2" sim --option BFB2=2 "$work/app.bin"
check "a crystal that cannot be" refuses "nor a frequency from 1000000" sim --hse 8 "$work/app.bin"
check "press without time" refuses "PA0@1.5s" sim --press PA0 "$work/app.bin"
check "press of no pin" refuses "no pin 'PX9'" sim --press PX9@1s "$work/app.bin"
check "time without unit" refuses "write 1.5s" sim --timeout 5 "$work/app.bin"
check "a time in hexadecimal" refuses "write 1.5s" sim --timeout 0x10us "$work/app.bin"
check "a pace that cannot be kept" refuses "without --pace real" \
    sim --pace real --timeout 1s "$work/app.bin"
check "command not found" refuses "frob: command not found" sim "$work/app.bin" -- frob
check "command without a name" refuses "command not found" sim "$work/app.bin" -- ''
check "a folder is no command" refuses "command not found" sim "$work/app.bin" -- "$work/folder"
check "no system memory" refuses "no dump of ST's system memory" \
    sim --system-memory "$work/large.bin" "$work/app.bin"
check "kept memory in no folder" refuses "cannot write '/nowhere/x'" \
    sim --flash /nowhere/x --timeout 1ms "$work/app.bin"
check "kept memory in a folder's place" refuses "not a regular file" \
    sim --flash "$work/folder" --timeout 1ms "$work/app.bin"
check "hide without output" refuses "needs -o OUT or --check" hide "$work/app.bin"
check "hide with output and --check" refuses "needs -o" hide --check -o x "$work/app.bin"
check "output in no folder" refuses "cannot write '/nowhere/x'.*check the name" \
    hide "$work/app.bin" -o /nowhere/x
check "output is a device" refuses "not a regular file" hide "$work/app.bin" -o /dev/null

# What a test can bring about as root only: files of others, and a full disk.
# as_user PATTERN COMMAND...: refuses, as nobody, in the work folder.
as_user() {
    (cd "$work" && dfuse="setpriv" && refuses "$1" --reuid 65534 --regid 65534 --clear-groups \
        ./dfuse "$2" "$3" -o "$4" && [ ! -e "$4" ])
}
full() {
    # shellcheck disable=SC2016
    unshare -m sh -c 'mount -t tmpfs -o size=4k none "$1/folder" &&
        "$2" hide build/examples/app-1.elf -o "$1/folder/x" 2>"$1/err"
        [ $? -eq 2 ] && [ -z "$(ls "$1/folder")" ]' - "$work" "$dfuse" &&
        grep -q "No space left on device; free some space" "$work/err"
}
if [ "$(id -u)" -eq 0 ]; then
    cp build/dfuse "$work"
    chmod 755 "$work" "$work/folder" "$work/dfuse"
    chmod 600 "$work/large.bin"
    check "unreadable file" as_user "cannot read.*change its permissions" hide large.bin x
    check "folder not writable" as_user "cannot write.*change its permissions" hide app.bin folder/x
fi
# Not in a chroot, where "/" is no mount and unshare refuses.
if unshare -m true 2>/dev/null; then
    check "disk full: nothing is left" full
fi
full_stdout() {
    "$dfuse" help sim >/dev/full 2>"$work/err"
    [ $? -eq 2 ] && grep -q "cannot write the output" "$work/err"
}
check "nowhere to write the answer" full_stdout
plan
