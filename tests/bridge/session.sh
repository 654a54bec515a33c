#!/bin/sh
# SPDX-License-Identifier: MIT
# What a session does to its command and to the system around it.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

image BF30 E7FD >"$work/sleep.bin" # wfi, for ever
image E7FE >"$work/loop.bin"       # b .
# r0 = 0x60000000; for (r1 = 1 << 20; r1; r1--); str r1, [r0]: stops after 1.5 s at 2.1 MHz
image 2003 0740 2101 0509 3901 D1FD 6001 E7FE >"$work/stop.bin"

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
# shellcheck disable=SC2016
check "128 + n when a signal ends it" status 137 session "$work/sleep.bin" -- sh -c 'kill -9 $$'
touch "$work/broken"
chmod +x "$work/broken"
echo '#!/no/such/shell' >"$work/broken"
check "a command that cannot be executed" status 2 session "$work/sleep.bin" -- "$work/broken"
check "... says so" grep -q "cannot run .*broken: No such file" "$work/err"

echo "from outside" | "$dfuse" sim "$work/sleep.bin" -- sh -c 'cat; echo said >&2' \
    >"$work/out" 2>"$work/err"
check "the command has stdin and stdout" grep -qx "from outside" "$work/out"
check "... and stderr" grep -qx "said" "$work/err"
# shellcheck disable=SC2016
check "the command keeps its ids" sh -c '[ "$("$1" sim "$2" -- id 2>/dev/null)" = "$(id)" ]' - \
    "$dfuse" "$work/sleep.bin"
check "/dev and /run stay what they are" session "$work/sleep.bin" -- sh -c \
    'echo x >/dev/null && [ -e /dev/shm ] && [ -e /dev/urandom ] && ls /run /dev/pts'
check "processors are still counted" session "$work/sleep.bin" -- ls /sys/devices/system/cpu

check "SIGTERM ends command and session" status 143 signalled TERM
check "SIGINT too" status 130 signalled INT
# shellcheck disable=SC2016
check "a board that stops" status 1 session "$work/stop.bin" -- \
    sh -c 'trap "echo ended; exit" TERM; sleep 20 & wait'
check "... ends the command" grep -qx ended "$work/out"
check "what led to the stop is told before it" status 1 session --fault 'flip:t=100ms:0x08000004^1' \
    --fault nrst:t=100ms "$work/sleep.bin" -- sleep 20
check "... in order" sh -c 'sed -n "s/^.* s  //p" "$1" | tr "\n" " " | grep -q \
    "fault: flip.*fault: nrst.*reset by NRST.*stopped: "' - "$work/err"
# The command looks for the line before it ends: it must not come only after that.
# shellcheck disable=SC2016
check "a stop is told while the command goes on" status 1 session "$work/stop.bin" -- \
    sh -c 'trap "" TERM; for i in $(seq 100); do
        sleep 0.1; grep -q stopped "$1" && echo told && exit; done' - "$work/err"
check "... at once" grep -qx told "$work/out"
check "the device leaves and comes back at a reset" session --rom v4.0 --boot0 --press NRST@500ms \
    "$work/loop.bin" -- sh -c 'sleep 1.5; lsusb -s 1:3'

check "no mount is left" [ "$(cat /proc/self/mounts)" = "$mounts" ]
check "no directory is left" [ "$(there)" = "$before" ]

# as_user COMMAND...: as nobody, with all output kept.
as_user() {
    setpriv --reuid 65534 --regid 65534 --clear-groups "$@" >"$work/out" 2>"$work/err"
}

# with_fuse MODE COMMAND...: as nobody; the device file of FUSE has this mode, in a namespace of
# the test only.
with_fuse() {
    # shellcheck disable=SC2016
    unshare -m sh -c 'mount -t tmpfs none "$1/user" && mknod -m "$2" "$1/user/fuse" c 10 229 &&
        mount --bind "$1/user/fuse" /dev/fuse && shift 2 &&
        exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"' - "$work" "$@" \
        >"$work/out" 2>"$work/err"
}

# The whole update, then a look at the new version.
update="dfu-util -E 2 -d 1209:0001,0483:df11 -a 0 -s 0x08000000:leave -D $work/app-2.bin &&
    until dfu-util -l | grep ver=0200; do sleep 0.02; done"
says() { grep -q -e "$1" "$work/err" && [ "$(wc -l <"$work/err")" -eq 1 ]; }

if [ "$(id -u)" -eq 0 ]; then
    mkdir "$work/user"
    cp "$dfuse" build/examples/app-1.elf build/examples/app-2.bin "$work"
    chmod 755 "$work" "$work/dfuse"
    # A chroot, for one, has no user namespaces.
    if with_fuse 666 unshare -U true; then
        check "an ordinary user updates an application" with_fuse 666 timeout 60 "$work/dfuse" sim \
            "$work/app-1.elf" -- sh -c "$update"
        check "... through re-enumeration" grep -q "jump to ROM" "$work/err"
        check "without /dev/fuse" status 2 with_fuse 600 "$work/dfuse" sim "$work/loop.bin" -- true
        check "... says what to do" says "cannot open /dev/fuse: .*run as root, or"
        # shellcheck disable=SC2016
        check "without namespaces" status 2 unshare -U -r sh -c '
            echo 0 >/proc/sys/user/max_user_namespaces
            exec setpriv --bounding-set=-all --inh-caps=-all "$@" 2>"$0"' "$work/err" \
            "$work/dfuse" sim "$work/loop.bin" -- true
    else
        check "without namespaces" status 2 as_user "$work/dfuse" sim "$work/loop.bin" -- true
    fi
    check "... says what to do" says "cannot make a private namespace: .*run as root"
fi
plan
