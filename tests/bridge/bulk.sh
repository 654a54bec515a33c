#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Bulk and interrupt endpoints, from a libusb program to the registers of the USB block.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

timeout 300 "$dfuse" sim build/examples/test/bulk.elf -- build/host/tests/bridge/bulk \
    >"$work/out" 2>"$work/err"
status=$?
grep -E '^(not )?ok |^#' "$work/out"
count=$(grep -cE '^(not )?ok ' "$work/out")
check "the program ends well" [ "$status" -eq 0 ]
plan
