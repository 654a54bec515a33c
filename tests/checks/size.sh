#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Sizes within their budgets, and a budget that is exceeded fails.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

within() { tools/size >"$work/out" 2>"$work/err"; }
# over LINE: of a budget.
over() {
    mkdir -p "$work/tools"
    cp tools/size "$work/tools/size"
    echo "$1" >"$work/tools/size.budget"
    ! "$work/tools/size" >"$work/out" 2>"$work/err" && grep -q "over budget" "$work/out"
}
check "within the budgets" within
bytes=$(awk '$1 == "build/boot.elf" && $2 == "text+data" { print $3 }' "$work/out")
check "the manual has the size of the bootloader" grep -qF "| default | $bytes of 4096 |" docs/bootloader.md
check "over budget is exit status 1" over "build/size/dfuse.o text+data 100"
check "... of RAM too" over "build/boot.elf RAM 1000"
check "... and of the stack" over "build/boot.elf stack 100"
plan
