#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# make install, and the example program built against what it installed, as a stranger would.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

root=$work/root
export PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_PATH=$root/opt/l072/lib/pkgconfig
unset MAKEFLAGS MFLAGS MAKELEVEL

quietly() { "$@" >"$work/out" 2>"$work/err"; }
installed_pages() {
    for page in build/man/*.1; do
        quietly mandoc "$root/opt/l072/share/man/man1/${page##*/}" && [ -s "$work/out" ] || return 1
    done
}
# With the command that PATH finds.
completes() {
    # shellcheck disable=SC2016 # expands in the other shell
    quietly env PATH="$root/opt/l072/bin:$PATH" bash -c '. "$1"
        COMP_WORDS=(dfuse hide --o) COMP_CWORD=2
        "$(complete -p dfuse | sed "s/.*-F \([a-z_]*\) .*/\1/")"
        echo "${COMPREPLY[@]}"' - "$root/opt/l072/share/bash-completion/completions/dfuse" &&
        grep -qx -e --output "$work/out"
}
public_names() {
    nm -g --defined-only "$root/opt/l072/lib/libl072.a" | awk 'NF == 3 { print $3 }' | sort >"$work/out"
    [ -s "$work/out" ] && ! grep -qv '^l072_' "$work/out"
}
# Each name that is declared is there, and the other way round.
names_of_header() {
    grep -oE '\bl072_[a-z0-9_]+\(' include/l072.h | tr -d '(' | sort -u >"$work/header"
    grep -v '^ \* \|/\*' include/l072.h | grep -oE '\bl072_[a-z0-9_]+\(' | tr -d '(' | sort -u |
        diff - "$work/out" >"$work/err"
}
built() {
    cp examples/host/* "$work" && quietly make -C "$work" CFLAGS=-Werror descriptors
}
prints() {
    quietly "$work/descriptors" build/examples/app-1.bin &&
        grep -qx "12 01 00 02 00 00 00 40 09 12 01 00 00 01 01 02 03 01" "$work/out"
}

# A stranger's C++, of which no library is linked.
in_cpp() {
    cat >"$work/parts.cpp" <<'C'
#include <l072.h>
#include <cstdio>
int main()
{
    for (size_t i = 0; l072_part_name(i); i++)
        std::puts(l072_part_name(i));
}
C
    # shellcheck disable=SC2046 # words are wanted
    quietly clang++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -nostdlib++ \
        $(pkg-config --cflags l072) "$work/parts.cpp" -o "$work/parts" \
        $(pkg-config --libs l072) && quietly "$work/parts" && grep -qx l072xz "$work/out"
}

check "make install" quietly make -s install DESTDIR="$root" PREFIX=/opt/l072
check "the command runs" quietly "$root/opt/l072/bin/dfuse" --version
check "a manual page for each verb" installed_pages
check "bash completes it" completes
check "only names of l072.h are global" public_names
check "... and all of them" names_of_header
check "pkg-config knows it" quietly pkg-config --exists l072
check "the example builds" built
check "C++ builds with the header, and links" in_cpp
check "the example prints the descriptor of app 1" prints
plan
