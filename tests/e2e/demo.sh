#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The demo shows what it says, and fails when it cannot.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

demo() { "$1/tools/demo" >"$work/out" 2>"$work/err"; }
last_line() { tail -n 1 "$work/out" | grep -qx "$1"; }

# A tree in which app 2 is app 1: the update works, and version 2 does not appear.
fails_elsewhere() {
    mkdir -p "$work/tree/tools" "$work/tree/build"
    cp tools/demo "$work/tree/tools"
    cp -r build/dfuse build/examples "$work/tree/build"
    sed -i 's/timeout --foreground 60/timeout --foreground 8/' "$work/tree/tools/demo"
    cp build/examples/app-1.bin "$work/tree/build/examples/app-2.bin"
    ! demo "$work/tree"
}

check "the demo runs through" demo .
check "... and says so" last_line "demo: ok"
check "without version 2 it fails" fails_elsewhere
check "... and says what it expected" \
    grep -q "^demo: failed; expected: the update, then version 2" "$work/out"
plan
