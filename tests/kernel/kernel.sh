#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A real Linux kernel, in a virtual machine without hardware help, has the board on its USB and
# updates it with the real dfu-util. Booted once; each case starts from a snapshot of that.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

app1=build/examples/app-1.elf
kernel=$(printf '%s\n' /boot/vmlinuz-6.1.*-amd64 | sort -V | tail -n 1)
kernel=${kernel#/boot/vmlinuz-}
touch "$work/out" "$work/err" # for check
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
mkfifo "$work/line.in" "$work/line.out" "$work/monitor"
exec {line_in}<>"$work/line.in" {line_out}<>"$work/line.out" {monitor}<>"$work/monitor"

# machine OPTIONS...: starts it; machine_end ends it.
machine() {
    qemu-system-x86_64 -accel tcg -m 192 -display none -nodefaults -no-reboot \
        -kernel "/boot/vmlinuz-$kernel" -initrd "$work/initrd" \
        -append "console=ttyS0 quiet panic=-1" \
        -nic user,model=e1000 -device qemu-xhci,id=xhci -chardev "pipe,id=line,path=$work/line" \
        -serial chardev:line -monitor stdio "$@" <"$work/monitor" >"$work/said" 2>&1 &
    machine=$!
}
tell() { echo "$1" >&"$monitor"; }
machine_end() {
    tell quit
    wait "$machine"
}

# answer SECONDS: what the guest prints, up to its line "= STATUS".
answer() {
    local line
    : >"$work/out"
    while read -r -t "$1" -u "$line_out" line; do
        line=${line%$'\r'}
        case $line in "= "*) return "${line#= }" ;; esac
        echo "$line" >>"$work/out"
    done
    echo "no answer in $1 s" >>"$work/out"
    return 1
}
# guest COMMAND: in the guest, with its status and output; newlines count as spaces.
guest() {
    echo "${1//$'\n'/ }" >&"$line_in"
    answer 60
}
shows() { grep -q -e "$1" "$work/out"; }

boot() {
    tests/kernel/initrd "$kernel" "$work/initrd" && machine && answer 120
}
snapshot() {
    tell 'migrate_set_parameter max-bandwidth 10G'
    tell "migrate \"exec:cat >$work/snapshot\""
    machine_end && [ -s "$work/snapshot" ]
}
restore() {
    machine -incoming "exec:cat $work/snapshot"
    until tell "info status" && grep -q "VM status: running" "$work/said"; do
        kill -0 "$machine" || return
        sleep 0.05
    done
}

# board OPTIONS...: starts the board, until board_end.
board() {
    "$dfuse" sim "$@" >"$work/uart" 2>"$work/err" &
    board=$!
}
board_end() {
    kill "$board"
    wait "$board"
}
# usbredir ARGUMENTS...: guest and board, connected.
usbredir() {
    restore
    board --usbredir "$work/board" "$@"
    until [ -S "$work/board" ]; do
        kill -0 "$board" || return
        sleep 0.02
    done
    tell "chardev-add socket,id=board,path=$work/board"
    tell "device_add usb-redir,chardev=board,bus=xhci.0"
}
end() {
    board_end
    machine_end
}

update="dfu-util -E 3 -d 1209:0001,0483:df11 -a 0 -s 0x08000000:leave -D /app-2.bin"
attribute() { guest "cat /sys/bus/usb/devices/1-1/$1" && shows "^$2$"; }
no_errors() {
    guest "! dmesg | grep -i 'usb [0-9]-.*\\(error\\|fail\\|unable\\|timed out\\)'"
}

check "Linux $kernel boots" boot
check "... and is put on file" snapshot

usbredir "$app1"
check "usbredir: the kernel enumerates the board" guest "appears 1209/1 100"
check "... at full speed" attribute speed 12
check "... with its strings" attribute product "dfuse example app 1"
check "dfu-util updates it: detach, download, leave" guest "$update"
check "... in one process" shows "File downloaded successfully"
check "... and the kernel enumerates version 2" guest "appears 1209/1 200"
check "no error in the kernel's log" no_errors
end

usbredir --boot0 "$app1"
check "the ROM, by BOOT0" guest "appears 483/df11 2200"
check "... programs what it is sent, and is reset" guest "head -c 5000 /dev/urandom >/tmp/new &&
    dfu-util -a 0 -s 0x08000000 -D /tmp/new && dfu-util -R -a 0 -s 0x08000000:5000 -U /tmp/read &&
    cmp /tmp/new /tmp/read"
check "... and is configured again" guest "cd /sys/bus/usb/devices/1-1 && echo 0 >authorized &&
    echo 1 >authorized && cat bConfigurationValue && dfu-util -l | grep 0483:df11"
end

restore
port=$((20000 + $$ % 10000))
board --usbip "$port" "$app1"
check "USB/IP: the board is on the list" guest "for _ in \$(seq 50); do
    usbip --tcp-port $port list -r 10.0.2.2 | grep -q 1209:0001 && exit; sleep 0.1; done; exit 1"
check "... and can be attached" guest "usbip --tcp-port $port attach -r 10.0.2.2 -b 1-1 &&
    appears 1209/1 100"
# With each new enumeration the client has to attach again.
check "dfu-util updates it: detach, download, leave" guest "(while sleep 0.1; do
    usbip --tcp-port $port attach -r 10.0.2.2 -b 1-1; done) >/dev/null 2>&1 & $update"
check "... and the kernel enumerates version 2" guest "appears 1209/1 200"
end
plan
