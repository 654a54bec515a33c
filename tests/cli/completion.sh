#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# bash completion: the words that TAB offers.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"
# shellcheck source=tools/completion.bash
. tools/completion.bash

# offered WORD...: what TAB offers at the end of this line, sorted.
offered() {
    COMP_WORDS=("$dfuse" "$@")
    COMP_CWORD=$#
    _dfuse
    printf '%s\n' "${COMPREPLY[@]}" | sort >"$work/out"
    : >"$work/err"
}
# offers WORDS WORD...: these and no others.
offers() {
    offered "${@:2}"
    [ "$(paste -sd ' ' "$work/out")" = "$1" ]
}
# among WORD WORD...: this one too.
among() {
    offered "${@:2}"
    grep -qxe "$1" "$work/out"
}

# Each verb, and each option that its help text has.
every_verb() {
    "$dfuse" help | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p' >"$work/verbs"
    [ "$(wc -l <"$work/verbs")" -ge 4 ] || return 1
    while read -r verb; do
        among "$verb" '' || return 1
    done <"$work/verbs"
}
every_option() {
    while read -r verb; do
        for option in $("$dfuse" help "$verb" | grep -oE '^  (-o, )?--[a-z0-9-]+' | grep -oe '--.*'); do
            among "$option" "$verb" --"${option:2:1}" || return 1
        done
    done < <(grep -vx help "$work/verbs")
}
# Everything offered is what the command takes: no option that it does not know.
nothing_else() {
    while read -r verb; do
        offered "$verb" --
        mv "$work/out" "$work/options"
        while read -r option; do
            gives 2 "." "$verb" "$option" "$option" || [ "$option" = --help ] || return 1
            ! grep -q "is not an option" "$work/err" || return 1
        done <"$work/options"
    done < <(grep -vx help "$work/verbs")
}
# As bash does it at a prompt, where the function is only loaded.
complete_is_set() { complete -p dfuse >"$work/out" 2>"$work/err"; }

mkdir "$work/folder"
: >"$work/app.elf"
cd "$work" || exit 1

check "dfuse is completed" complete_is_set
check "verbs" every_verb
check "the beginning of a verb" offers "hide" hi
check "verbs and topics to help" among parts help ''
check "options of each verb" every_option
check "... and none that it does not take" nothing_else
check "a short option" among -o hide -
check "ROM versions" offers "v4.0 v4.1" sim --rom ''
check "... of those, the one begun" offers "v4.1" explore --rom v4.1
check "... behind '='" offers "v4.0 v4.1" sim --rom =
check "... and begun" offers "v4.0" sim --rom = v4.0
check "what is not for FILE" offers "none" sim --hse n
check "parts" offers "l072x8 l072xb l072xz" hide --part l072
check "all parts" among l063x8 sim --part ''
check "files for an option" offers "app.elf" sim --pcap a
check "files for an image" offers "app.elf" sim --lenient a
check "folders" offers "folder" hide f
check "nothing for a number" offers "" sim --seed ''
check "a command behind --" among printf sim app.elf -- print
check "its files" offers "app.elf" sim app.elf -- cat a
plan
