#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a run leaves for eyes: --vcd, read back by an own reader of IEEE 1364, and --summary.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

app=build/examples/app-1.elf

# Reads a VCD file strictly: only variables that were declared, levels of one bit, time that never
# goes back. Prints "NAME MICROSECOND LEVEL" for each change after the initial values.
cat >"$work/read.awk" <<'A'
function bad(why) { print "line " FNR ": " why; failed = 1; exit 1 }
/^\$version/ || /^\$scope/ || /^\$upscope/ || /^\$end$/ { next }
/^\$timescale/ { if ($2 != 1 || $3 != "ps") bad("time scale"); next }
/^\$var/ {
    if ($3 != 1 || $4 in name || $6 != "$end" || (($5) in known)) bad("declaration")
    name[$4] = $5; known[$5] = 1
    next
}
/^\$enddefinitions/ { defined = 1; next }
/^\$dumpvars/ { next }
!defined { bad("change before the end of the definitions") }
/^#[0-9]+$/ {
    t = substr($0, 2) + 0
    if (started && t <= time) bad("time goes back")
    time = t; started++
    next
}
/^[01]/ {
    id = substr($0, 2)
    if (!(id in name)) bad("unknown variable")
    if (started > 1 || seen[id]++) printf "%s %.0f %s\n", name[id], time / 1e6, substr($0, 1, 1)
    next
}
{ bad("not understood") }
END { if (!failed) printf "end %.0f\n", time / 1e6 }
A
changes() { awk -f "$work/read.awk" "$1"; }

# has LINE...: the changes read last have all of them.
has() {
    for line; do
        grep -qx -e "$line" "$work/changes" || return 1
    done
}
# lasts NAME US: each time NAME is 1 it is for so many microseconds, more or less one.
lasts() {
    awk -v name="$1" -v us="$2" '$1 == name && $3 == 1 { up = $2; n++ }
        $1 == name && $3 == 0 && up && ($2 - up < us - 1 || $2 - up > us + 1) { exit 1 }
        END { exit !n }' "$work/changes"
}

buttons() {
    gives 0 "power on" sim --vcd "$work/buttons.vcd" --press PA13@400ms --press NRST@500ms \
        --press VDD@600ms --timeout 1s $app && changes "$work/buttons.vcd" >"$work/changes"
}
# The session ends with its command, which waits for what the new application says.
update() {
    gives 0 "app 2 starts" sim --vcd "$work/update.vcd" --summary --boot0 $app -- sh -c \
        'dfu-util -d ,0483:df11 -a 0 -s 0x08000000:leave -D build/examples/app-2.bin && sleep 0.1' &&
        changes "$work/update.vcd" >"$work/changes"
}
figure() { sed -n "s/^$1  *\([0-9]*\).*/\1/p" "$work/err"; }
# Pages erased, half pages programmed, and what remains in words.
operations() {
    size=$(stat -c %s build/examples/app-2.bin)
    echo $(((size + 127) / 128 + size / 64 + (size % 64 + 3) / 4))
}
counted() {
    [ "$(figure 'flash operations')" = "$(operations)" ] &&
        [ "$(figure instructions)" -gt 1000000 ] &&
        [ "$(figure cycles)" -gt "$(figure instructions)" ] &&
        [ "$(figure 'USB transactions')" -gt 100 ] &&
        [ "$(figure 'main stack')" -gt 32 ] && [ "$(figure 'main stack')" -lt 2048 ]
}

check "VCD of a run with buttons" buttons
check "... the button" has "PA13 400000 1" "PA13 500000 0"
check "... the resets" has "reset 500000 1" "reset 700000 1"
check "... the power cut" has "power 600000 0" "power 700000 1" \
    "usb_attached 600000 0"
check "... sleep" has "cpu_sleep [0-9]* 1" "cpu_sleep [0-9]* 0"
check "... to the end" has "end 1000000"
check "VCD of an update" update
check "... flash is busy for 3.2 ms at a time" lasts flash_busy 3200
check "... in system memory, and out" has "in_rom [0-9]* 1" "in_rom [0-9]* 0"
check "summary" counted
check "a file that cannot be made" refuses "No such file" sim --vcd /nowhere/x --timeout 1ms $app
check "a full disk" gives 2 "No space left" sim --vcd /dev/full --timeout 1s $app
plan
