#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the README and docs/bootloader.md show, run as it stands there.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

# block LANGUAGE N [FILE]: the n-th code block in a language, without its indentation.
block() {
    awk -v want="$1" -v n="$2" '
        /^ *```/ { inside = !inside && $0 ~ "```" want "$" && ++seen == n; next }
        inside' "${3:-README.md}" | sed 's/^   //'
}
# command_like START: the command in backquotes that starts so.
command_like() { grep -o "\`$1[^\`]*\`" README.md | head -n 1 | tr -d '`'; }

targets_exist() {
    for target in $(block sh 1 | awk '$1 == "make" { print $2 }'); do
        make -n "$target" >"$work/out" 2>"$work/err" || return 1
    done
}
updates() {
    block sh 2 >"$work/update" && grep -q dfu-util "$work/update" &&
        sh -e "$work/update" >"$work/out" 2>"$work/err" </dev/null
}
compiles() {
    block c 1 >"$work/snippet.c"
    grep -q dfuse_CheckAndRun "$work/snippet.c" &&
        arm-none-eabi-gcc -mcpu=cortex-m0plus -ffreestanding -Wall -Werror -Iinclude -c \
            "$work/snippet.c" -o "$work/snippet.o" >"$work/out" 2>"$work/err"
}
# The commands of "Use it in your firmware", on an image of that name.
hides_and_runs() {
    cp build/examples/test/reset-visible.elf "$work/app.elf"
    {
        command_like 'dfuse hide app'
        command_like 'dfuse sim --press'
    } >"$work/commands"
    (cd "$work" && PATH="${dfuse%/*}:$PATH" timeout 60 sh -e commands) \
        >"$work/out" 2>"$work/err" </dev/null &&
        grep -q 0483:df11 "$work/out"
}

# "In five minutes" of docs/bootloader.md, in a directory of its own; the build is done.
installs_and_updates() {
    ln -s "$PWD/build" "$work/build" &&
        block sh 1 docs/bootloader.md | sed '/^make$/d' >"$work/install" &&
        (cd "$work" && sh -e install) >"$work/out" 2>"$work/err" </dev/null &&
        [ "$(grep -c 'File downloaded successfully' "$work/out")" = 3 ] &&
        "$dfuse" sim --flash "$work/chip.hex" --timeout 100ms >"$work/out" 2>"$work/err" &&
        grep -q '^app 2 starts' "$work/out"
}

check "the two commands are targets" targets_exist
check "the update in one call of dfu-util" updates
check "the code compiles" compiles
check "hide, then see it work" hides_and_runs
check "the bootloader, an application, an update" installs_and_updates
plan
