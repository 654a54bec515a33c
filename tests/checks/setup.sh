#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tools/setup: silent where all is there; elsewhere what it does and says, with stand-ins for the
# system's programs.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

mkdir "$work/bin"
ln -s "$(command -v bash)" "$work/bin/bash"
stand_in() {
    printf '#!%s/bin/bash\n%s\n' "$work" "$2" >"$work/bin/$1"
    chmod +x "$work/bin/$1"
}
# setup STATUS PATTERN [kernel|hosts]: with the stand-ins alone.
setup() {
    status=0
    PATH=$work/bin tools/setup ${3+"$3"} >"$work/out" 2>"$work/err" || status=$?
    [ "$status" -eq "$1" ] && cat "$work/out" "$work/err" | grep -q -e "$2"
}
silent() { tools/setup >"$work/out" 2>"$work/err" && [ ! -s "$work/out" ] && [ ! -s "$work/err" ]; }

check "all is there: nothing to do, nothing said" silent
check "not Debian: the list, exit status 2" setup 2 "not Debian.* gcc .* util-linux$"
# shellcheck disable=SC2016 # expands in the stand-in
stand_in apt-get 'echo "apt-get $* as $DEBIAN_FRONTEND"'
stand_in id 'echo 1000'
check "... more for a kernel" setup 2 "missing: qemu-system-x86 .* usbip$" kernel
check "... for a browser" setup 2 "missing: chromium nodejs fwupd strace$" hosts
check "... and nothing else" setup 2 "usage: tools/setup" everything
check "neither root nor sudo" setup 2 "run as root, or install sudo; missing: gcc"
# shellcheck disable=SC2016
stand_in sudo 'unset DEBIAN_FRONTEND; exec "$@"'
ln -s "$(command -v env)" "$work/bin/env"
check "by sudo" setup 0 "^apt-get -qy .*install gcc .* util-linux as noninteractive$"
stand_in id 'echo 0'
rm "$work/bin/sudo"
check "as root" setup 0 "^apt-get -qy .*install gcc .* util-linux as noninteractive$"
stand_in apt-get 'exit 100'
check "apt-get fails" setup 2 "apt-get failed; install by hand: gcc"
plan
