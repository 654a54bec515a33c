#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The house rules that a program can check.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

mapfile -t sources < <(git ls-files '*.[ch]')
mapfile -t texts < <(git ls-files)

# none COMMAND...: prints nothing.
none() {
    "$@" >"$work/out" 2>&1
    : >"$work/err"
    [ ! -s "$work/out" ]
}

too_long() {
    awk -v max="$1" 'length > max { print FILENAME ":" FNR ": over " max " columns" }' "${@:2}"
}
long_files() { wc -l "${sources[@]}" | awk '$1 > 500 && $2 != "total"'; }
no_licence() { grep -L 'SPDX-License-Identifier: MIT' "${sources[@]}" Makefile; }

check "clang-format" none clang-format --dry-run --Werror "${sources[@]}"
check "100 columns in sources" none too_long 100 "${sources[@]}"
check "80 columns in public headers" none too_long 80 include/*.h
check "files of at most 500 lines" none long_files
check "a licence line in each source" none no_licence
check "no space at the end of a line" none grep -nE '[[:space:]]+$' "${texts[@]}"
plan
