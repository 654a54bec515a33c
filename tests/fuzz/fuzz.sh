#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# CHECK_FUZZ_SECONDS of each fuzz target, and 20000 requests to the resident bootloader; `make fuzz` is
# for more.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

quiet() { fuzz/run "$1" "${CHECK_FUZZ_SECONDS:-20}" >"$work/out" 2>"$work/err"; }

device() { build/fuzz-resident 20000 >"$work/out" 2>"$work/err"; }

check "nothing found: device" device
for target in fuzz/fuzz_*.c; do
    target=${target#fuzz/fuzz_}
    check "nothing found: ${target%.c}" quiet "${target%.c}"
done
plan
