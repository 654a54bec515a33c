#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# --usbredir and a guest that stops, cancels, and loses the device.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

"$dfuse" sim --usbredir "$work/board" build/examples/test/bulk.elf >"$work/uart" 2>"$work/err" &
board=$!
for _ in $(seq 100); do
    [ -S "$work/board" ] && break
    sleep 0.05
done
timeout 60 build/host/tests/bridge/redir "$work/board" >"$work/out"
status=$?
grep -E '^(not )?ok |^#' "$work/out"
count=$(grep -cE '^(not )?ok ' "$work/out")
check "the guest ends well" [ "$status" -eq 0 ]
kill "$board"
wait "$board"
plan
