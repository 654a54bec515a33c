#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# cppcheck on everything, host and firmware.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

lint() {
    cppcheck -j 2 --quiet --error-exitcode=1 --std=c11 --inline-suppr \
        --enable=warning,style,performance,portability \
        --suppressions-list=tools/cppcheck.suppress "$@" >"$work/out" 2>"$work/err"
}

check "cppcheck: sim" lint -Iinclude -Isim sim/*.c
check "cppcheck: bridge, debug and command" lint -Iinclude -Ibridge -Idebug -Idoctor -Icli \
    bridge debug doctor cli
check "cppcheck: fuzz" lint -Iinclude -Isim -Ibridge -Icli fuzz
check "cppcheck: bench" lint -I. -Iinclude bench
check "cppcheck: firmware" lint -I. -Iinclude entry boot stm32l0 usb dfu sim/rom examples \
    tests/doctor
plan
