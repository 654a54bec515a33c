#!/bin/sh
# SPDX-License-Identifier: MIT
# Help, and bad input: one line saying what and what to do, exit status 2.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

image 4800 4685 5000 2000 >"$work/app.bin"
echo ':00000001FE' >"$work/bad.hex"
: >"$work/empty"
head -c 70000 /dev/zero >"$work/large.bin"

check "dfuse alone tells its usage" gives 2 "usage: dfuse VERB"
check "help lists the verbs" gives 0 "^  sim  " help
check "--help does too" gives 0 "^  hide  " --help
check "help of a verb" gives 0 "usage: dfuse sim" help sim
check "--help of a verb" gives 0 "usage: dfuse hide" hide --help
check "--version" gives 0 "^dfuse [0-9]" --version

check "unknown verb" refuses "'frob' is not a verb" frob
check "help of an unknown verb" refuses "'frob' is not a verb" help frob
check "unknown option" refuses "--frob is not an option.*help sim" sim --frob "$work/app.bin"
check "option without value" refuses "--part needs a value" sim --part
check "no image" refuses "no IMAGE" sim
check "two images" refuses "write '--' before the command" sim "$work/app.bin" dfu-util
check "nothing after --" refuses "no command" sim "$work/app.bin" --
check "missing file" refuses "nowhere.elf: No such file" sim nowhere.elf
check "directory" refuses "Is a directory" sim /
check "empty file" refuses "the file is empty" sim "$work/empty"
check "ELF of another machine" refuses "not for 32-bit little-endian ARM" sim "$dfuse"
check "damaged HEX" refuses "line 1: wrong checksum" sim "$work/bad.hex"
check "image larger than the part" refuses "larger than the part.*--part" \
    sim --part l072x8 "$work/large.bin"
check "image outside flash" refuses "outside flash" sim --address 0x20000000 "$work/app.bin"
check "unknown part" refuses "the parts are.*l072xz" sim --part f103 "$work/app.bin"
check "unknown ROM" refuses "--rom is v4.1 or v4.0" sim --rom v5 "$work/app.bin"
check "unknown option field" refuses "no option field.*BFB2" sim --option X=1 "$work/app.bin"
check "option without =" refuses "NAME=VALUE" sim --option BFB2 "$work/app.bin"
check "option value too large" refuses "cannot be 0x2" sim --option BFB2=2 "$work/app.bin"
check "press without time" refuses "PA0@1.5s" sim --press PA0 "$work/app.bin"
check "press of no pin" refuses "no pin 'PX9'" sim --press PX9@1s "$work/app.bin"
check "time without unit" refuses "write 1.5s" sim --timeout 5 "$work/app.bin"
check "command not found" refuses "frob: command not found" sim "$work/app.bin" -- frob
check "hide without output" refuses "needs -o OUT or --check" hide "$work/app.bin"
check "hide with output and --check" refuses "needs -o" hide --check -o x "$work/app.bin"
check "output not writable" refuses "cannot write /nowhere/x" \
    hide "$work/app.bin" -o /nowhere/x
check "output is a device" refuses "not a regular file" hide "$work/app.bin" -o /dev/null
plan
