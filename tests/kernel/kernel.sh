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

# machine OPTIONS...: starts it; machine_end ends it. All that leads to it and from it is new and
# empty before it is there, so that nothing of the machine before is taken for its own.
machine() {
    mute=
    rm -f "$work"/{line.in,line.out,monitor,said}
    mkfifo "$work/line.in" "$work/line.out" "$work/monitor"
    exec 3<>"$work/line.in" 4<>"$work/line.out" 5<>"$work/monitor" 6>"$work/said"
    qemu-system-x86_64 -accel tcg -m 192 -display none -nodefaults -no-reboot \
        -kernel "/boot/vmlinuz-$kernel" -initrd "$work/initrd" \
        -append "console=ttyS0 quiet panic=-1" -serial "file:$work/console" \
        -nic user,model=e1000 -device qemu-xhci,id=xhci -device virtio-serial-pci \
        -chardev "pipe,id=line,path=$work/line" -device virtserialport,chardev=line \
        -monitor stdio "$@" <&5 >&6 2>&1 &
    machine=$!
}
tell() { echo "$1" >&5; }
machine_end() {
    tell quit
    wait "$machine"
}

# answer SECONDS: what the guest prints, up to its line "= STATUS". A guest that once gave no answer
# is not waited for again.
answer() {
    local line
    : >"$work/out"
    [ -z "$mute" ] || return 1
    while read -r -t "$1" -u 4 line; do
        case $line in "= "*) return "${line#= }" ;; esac
        echo "$line" >>"$work/out"
    done
    mute=1
    { echo "no answer in $1 s" && tail -n 20 "$work/console"; } >>"$work/out"
    return 1
}
# guest COMMAND: in the guest, with its status and output; newlines count as spaces.
guest() {
    echo "${1//$'\n'/ }" >&3
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
# usbip ARGUMENTS...: guest and board, connected; with each new enumeration the client has to attach
# again, which $attached COMMAND does.
usbip() {
    port=$((20000 + $$ % 10000))
    attach="usbip --tcp-port $port attach -r 10.0.2.2 -b 1-1"
    attached="(while sleep 0.1; do $attach; done) >/dev/null 2>&1 &"
    restore
    board --usbip "$port" "$@"
    guest "for _ in \$(seq 100); do
        usbip --tcp-port $port list -r 10.0.2.2 | grep -q 1-1: && exit; sleep 0.1; done; exit 1"
}
end() {
    board_end
    machine_end
}

# endpoints WAY COMMAND: the results of the program for the device with all kinds of endpoints.
endpoints() {
    guest "$2"
    status=$?
    cp "$work/out" "$work/results"
    while read -r result; do
        count=$((count + 1))
        echo "${result/ - / $count - $1: }"
    done < <(grep -E '^(not )?ok - ' "$work/results")
    grep '^#' "$work/results"
    check "$1: the program ends well" [ "$status" -eq 0 ]
}
update="dfu-util -E 3 -d 1209:0001,0483:df11 -a 0 -s 0x08000000:leave -D /app-2.bin"
attribute() { guest "cat /sys/bus/usb/devices/1-1/$1" && shows "^$2$"; }
no_errors() {
    guest "! dmesg | grep -i 'usb [0-9]-.*\\(error\\|fail\\|unable\\|timed out\\)'"
}

serial_appears="for _ in \$(seq 200); do [ -c /dev/ttyACM0 ] && exit; sleep 0.05; done; exit 1"
# The firmware sends back what it got when a packet is not full.
serial_echoes="exec 3<>/dev/ttyACM0; stty raw -echo <&3; for size in 1 63 65 1000; do
    head -c \$size /dev/urandom >/tmp/there; cat /tmp/there >&3;
    timeout 20 head -c \$size <&3 >/tmp/back; cmp /tmp/there /tmp/back || exit; done"

check "Linux $kernel boots" boot
[ -z "$mute" ] || exit 1
check "... and is put on file" snapshot

usbredir "$app1"
long=$(printf '%06000d' 0)
check "a long command arrives whole" guest "x=$long; [ \${#x} = 6000 ]"
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

usbip "$app1"
on_list() { guest "usbip --tcp-port $port list -r 10.0.2.2" && shows 1209:0001; }
check "USB/IP: the board is on the list" on_list
check "... and can be attached" guest "$attach && appears 1209/1 100"
check "dfu-util updates it: detach, download, leave" guest "$attached $update"
check "... and the kernel enumerates version 2" guest "appears 1209/1 200"
end

usbredir build/examples/test/bulk.elf
check "usbredir: a board with all kinds of endpoints" guest "appears 1209/1 b01"
endpoints usbredir bulk
end

usbip build/examples/test/bulk.elf
check "USB/IP: a board with all kinds of endpoints" guest "$attach && appears 1209/1 b01"
endpoints USB/IP "$attached bulk"
end

# A kernel driver instead of a program.
usbredir build/examples/test/serial.elf
check "usbredir: cdc-acm finds a serial port" guest "$serial_appears"
check "... and moves data both ways" guest "$serial_echoes"
end

usbip build/examples/test/serial.elf
check "USB/IP: cdc-acm finds a serial port" guest "$attach && $serial_appears"
check "... and moves data both ways" guest "$serial_echoes"
end
plan
