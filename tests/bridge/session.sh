#!/bin/sh
# SPDX-License-Identifier: MIT
# What a session does to its command and to the system around it.
# shellcheck source=tests/cli/tap
. tests/cli/tap

image BF30 E7FD >"$work/sleep.bin"          # wfi, for ever
image E7FE >"$work/loop.bin"                # b .
image 2003 0740 BF00 E7FE >"$work/nop.bin"

# session ARGUMENTS...: with the options, image and command given.
session() {
    "$dfuse" sim "$@" >"$work/out" 2>"$work/err"
}

# status EXPECTED COMMAND...
status() {
    expected=$1
    shift
    got=0
    "$@" || got=$?
    [ "$got" -eq "$expected" ]
}

# signalled SIGNAL: the exit status of a session with a long command that gets SIGNAL.
signalled() {
    env --default-signal=INT "$dfuse" sim "$work/sleep.bin" -- sleep 20 >"$work/out" 2>"$work/err" &
    sleep 0.5
    kill "-$1" $!
    wait $!
}

mounts=$(cat /proc/self/mounts)
there() {
    ls -d /dev/bus /dev/bus/usb /run/udev /sys/bus/usb /sys/devices/l072 2>/dev/null || true
}
before=$(there)

check "exit status of the command" status 7 session "$work/sleep.bin" -- sh -c 'exit 7'
check "128 + n when a signal ends it" status 137 session "$work/sleep.bin" -- sh -c 'kill -9 $$'
check "command not found" status 127 session "$work/sleep.bin" -- /no/such/command
check "... says so" grep -q "cannot run /no/such/command: No such file" "$work/err"

echo "from outside" | "$dfuse" sim "$work/sleep.bin" -- sh -c 'cat; echo said >&2' \
    >"$work/out" 2>"$work/err"
check "the command has stdin and stdout" grep -qx "from outside" "$work/out"
check "... and stderr" grep -qx "said" "$work/err"
check "the command keeps its ids" sh -c '[ "$("$1" sim "$2" -- id 2>/dev/null)" = "$(id)" ]' - \
    "$dfuse" "$work/sleep.bin"
check "/dev and /run stay what they are" session "$work/sleep.bin" -- sh -c \
    'echo x >/dev/null && [ -e /dev/shm ] && [ -e /dev/urandom ] && ls /run /dev/pts'
check "processors are still counted" session "$work/sleep.bin" -- ls /sys/devices/system/cpu

check "SIGTERM ends command and session" status 143 signalled TERM
check "SIGINT too" status 130 signalled INT
check "a board that stops ends the command" status 1 session --rom v4.0 --boot0 --press VDD@1s \
    "$work/nop.bin" -- sh -c 'exit 1'
check "the device leaves and comes back at a reset" session --rom v4.0 --boot0 --press NRST@500ms \
    "$work/loop.bin" -- sh -c 'sleep 1.5; lsusb -s 1:3'

[ "$(cat /proc/self/mounts)" = "$mounts" ]
check "no mount is left" [ "$(cat /proc/self/mounts)" = "$mounts" ]
check "no directory is left" [ "$(there)" = "$before" ]

# An ordinary user: the device file of FUSE is put in place in a namespace of the test only.
ordinary() {
    unshare -m sh -c 'mount -t tmpfs none "$1/user" && mknod -m "$2" "$1/user/fuse" c 10 229 &&
        mount --bind "$1/user/fuse" /dev/fuse && shift 2 &&
        exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"' - "$work" "$@" \
        >"$work/out" 2>"$work/err"
}
if [ "$(id -u)" -eq 0 ]; then
    mkdir "$work/user"
    cp "$dfuse" "$work/dfuse"
    chmod 755 "$work" "$work/dfuse"
    check "works for an ordinary user" ordinary 666 "$work/dfuse" sim --rom v4.0 --boot0 \
        "$work/loop.bin" -- dfu-util -l
    check "... who sees the device" grep -q "Found DFU" "$work/out"
    check "without /dev/fuse" status 2 ordinary 600 "$work/dfuse" sim "$work/loop.bin" -- true
    check "... says what to do" grep -q "cannot open /dev/fuse: .*run as root, or" "$work/err"
fi
plan
