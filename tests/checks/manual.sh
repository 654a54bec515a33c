#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The manual pages: there for each verb, without a fault in their markup, and with all of the help
# text in them.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

pages=build/man
mapfile -t verbs < <("$dfuse" help | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p' | grep -vx help)

# No date: the same source gives the same page on every day.
lint() {
    mandoc -T lint -W warning "$1" >"$work/out" 2>"$work/err"
    ! grep -v "missing date" "$work/out"
}
# words FILE: all that is printed, as one line of words without punctuation that rendering adds.
words() { tr -cs '[:alnum:]' '\n' <"$1" | grep .; }
# Each word of the help text is on the page, as often.
whole() {
    "$dfuse" help "${@:2}" >"$work/help"
    mandoc -T utf8 -O width=300 "$1" | sed 's/.\x08//g' >"$work/page"
    : >"$work/err"
    comm -23 <(words "$work/help" | sort -f | tr '[:upper:]' '[:lower:]' | sort) \
        <(words "$work/page" | tr '[:upper:]' '[:lower:]' | sort) | grep -vx usage >"$work/out"
    [ -s "$work/page" ] && [ ! -s "$work/out" ]
}
heading() { grep -qxF ".SH $2" "$1"; }
as_many() { [ "$(find "$pages" -name 'dfuse*.1' | wc -l)" -eq $((${#verbs[@]} + 1)) ]; }

check "one page a verb, and one for all" as_many
check "dfuse(1): markup" lint $pages/dfuse.1
check "dfuse(1): all of the help text" whole $pages/dfuse.1
for verb in "${verbs[@]}"; do
    check "dfuse-$verb(1): markup" lint "$pages/dfuse-$verb.1"
    check "dfuse-$verb(1): all of the help text" whole "$pages/dfuse-$verb.1" "$verb"
    check "dfuse-$verb(1): says what it is for" heading "$pages/dfuse-$verb.1" DESCRIPTION
done
plan
