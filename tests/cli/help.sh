#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Help texts as a newcomer reads them: they fit the terminal, and each example works as it stands.
# A new verb is held to the same.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

"$dfuse" help >"$work/help"
mapfile -t verbs < <(sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p' "$work/help" | grep -vx help)
for verb in "${verbs[@]}"; do
    "$dfuse" help "$verb" >"$work/help.$verb"
done
"$dfuse" help parts >"$work/help.parts"

fits() {
    : >"$work/err"
    awk 'length > 80 { print FILENAME ": over 80 columns: " $0 }' "$work"/help* >"$work/out"
    [ ! -s "$work/out" ]
}
# complete VERB: what a page needs.
complete() {
    cp "$work/help.$1" "$work/out"
    grep -q "^usage: dfuse $1 " "$work/out" && grep -qx "Examples:" "$work/out" &&
        grep -q "^Exit status: " "$work/out"
}
# examples FILE: one a line, also of those that go on after "\", with its exit status in front: 0,
# unless the text before it ends in "(exit status 1):".
examples() {
    awk '/^[^ ]/ { inside = /^Examples:/ }
        inside && /^  [^ ]/ { status = /\(exit status 1\):$/ ? 1 : 0 }
        inside && sub(/^    /, "") {
            more = sub(/\\$/, "")
            line = line $0
            if (!more) {
                print status, line
                line = ""
            }
        }' "$1"
}
# Each example of a help text, in a folder where its files are; they have a minute.
examples_work() {
    examples "$1" >"$work/examples"
    [ -s "$work/examples" ] || return 1
    while read -r expected example; do
        echo "$example" >"$work/command"
        status=0
        (cd "$work/user" && PATH="$work/bin:$PATH" timeout 60 sh -e ../command) \
            >"$work/out" 2>"$work/err" </dev/null || status=$?
        [ "$status" -eq "$expected" ] || return 1
    done <"$work/examples"
}
# The images that examples name: yours as the linker leaves it, hidden, and the next version.
provide() {
    mkdir "$work/user" "$work/bin"
    printf '#!/bin/sh\nexec "%s" "$@"\n' "$dfuse" >"$work/bin/dfuse"
    chmod +x "$work/bin/dfuse"
    cp build/examples/test/reset-visible.elf "$work/user/app.elf"
    cp build/examples/test/reset-hidden.elf "$work/user/hidden.elf"
    cp build/examples/app-2.elf "$work/user/update.elf"
    cp build/examples/app-2.bin "$work/user/update.bin"
}
# What runs at a terminal, seen there.
on_terminal() {
    script -qec "$*" /dev/null >"$work/out" 2>"$work/err" </dev/null
}
no_colour() {
    for command in "help" "help sim" "frob" "sim --frob" "sim --timeout 1s build/examples/app-1.elf"; do
        on_terminal "'$dfuse' $command"
        [ -s "$work/out" ] && ! grep -q "$(printf '\033')" "$work/out" || return 1
    done
}
each_part() {
    sed -n 's/^  \([a-z0-9]*\) .*/\1/p' "$work/help.parts" >"$work/parts"
    [ -s "$work/parts" ] || return 1
    while read -r part; do
        gives 2 "no IMAGE" sim --part "$part" || return 1
        gives 0 "." sim --part "$part" --timeout 1us "$work/tiny.bin" || return 1
    done <"$work/parts"
}

provide
image E7FE E7FE >"$work/tiny.bin"
check "help texts fit 80 columns" fits
check "the first page has examples that work" examples_work "$work/help"
for verb in "${verbs[@]}"; do
    check "$verb: usage, examples, exit status" complete "$verb"
    check "$verb: the examples work" examples_work "$work/help.$verb"
done
check "the parts listed are the parts known" each_part
check "there is no colour, so none for NO_COLOR to take away" no_colour
plan
