#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# --usbredir and --usbip, as far as it goes without another kernel: what they refuse, what they
# leave behind, and peers that do not keep to the protocol. tests/kernel/ does the rest.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

app=build/examples/app-1.elf
socket=$work/board
touch "$work/file"
port=$((30000 + $$ % 10000))

# board OPTIONS...: starts the board; board_end ends it, with the exit status it should have.
board() {
    "$dfuse" sim "$@" "$app" >"$work/uart" 2>"$work/told" &
    board=$!
}
board_end() {
    kill "$board"
    wait "$board"
}
# soon COMMAND...: succeeds within 5 s.
soon() {
    for _ in $(seq 100); do
        "$@" 2>/dev/null && return
        sleep 0.05
    done
    return 1
}
# ask HEX: what the USB/IP server answers, in hex, until it closes the connection.
ask() {
    local fd
    exec {fd}<>"/dev/tcp/127.0.0.1/$port" || return 1
    # shellcheck disable=SC2059,SC2001 # escapes are of the format
    printf "$(sed 's/../\\x&/g' <<<"$1")" >&"$fd"
    timeout 5 cat <&"$fd" | od -An -v -tx1 | tr -d ' \n' >"$work/answer"
    exec {fd}>&-
}
answers() { ask "$1" && grep -qE "^$2$" "$work/answer"; }

devlist=0111800500000000
import=0111800300000000$(printf '1-1' | od -An -tx1 | tr -d ' ')$(printf '%058d' 0)
nobody=0111800300000000$(printf '9-9' | od -An -tx1 | tr -d ' ')$(printf '%058d' 0)

check "no COMMAND beside --usbredir" refuses "go without command" \
    sim --usbredir "$socket" "$app" -- true
check "no --timeout beside --usbip" refuses "go without" sim --usbip "$port" --timeout 1s "$app"
check "one way at a time" refuses "one of" sim --usbip "$port" --usbredir "$socket" "$app"
check "a port that is none" refuses "'70000' is not PORT" sim --usbip 70000 "$app"
check "an address that is none" refuses "is not PORT or ADDRESS:PORT" \
    sim --usbip "here:$port" "$app"
check "a path that is too long" refuses "name too long" \
    sim --usbredir "$work/$(printf '%0120d' 0)" "$app"
check "a path that is taken" refuses "Address already in use" \
    sim --usbredir "$work/file" "$app"

board --usbredir "$socket"
check "usbredir: the socket is there" soon [ -S "$socket" ]
check "... for one board at a time" refuses "Address already in use" \
    sim --usbredir "$socket" "$app"
check "... a signal ends the session" board_end
check "... and removes the socket" [ ! -e "$socket" ]

board --usbip "$port"
listens() { grep -qi " 0100007F:$(printf %04X "$port") 00000000:0000 0A" /proc/net/tcp; }
check "USB/IP: listens, on the loopback interface only" soon listens
check "... for one board at a time" refuses "Address already in use" sim --usbip "$port" "$app"
record='2f73[0-9a-f]{508}312d31[0-9a-f]{58}00000001000000[0-9a-f]{2}00000002'
check "the list has the device" soon answers "$devlist" \
    "011100050000000000000001${record}120900010100[0-9a-f]{12}fe010100"
check "an import of another device" answers "$nobody" 0111000300000001
silent() { ask "$1" && [ ! -s "$work/answer" ]; }
check "a request that there is not" silent 0111123400000000
check "a command that there is not" answers "$import$(printf '%096d' 9)" "0111000300000000${record}.*"
check "a transfer that is too long" answers \
    "${import}0000000100000001000000000000000100000000000000007fffffff$(printf '%040d' 0)" \
    "0111000300000000${record}.*"
# The connection ends when the server gets a command that there is not.
submit=00000001000000010000000000000001$(printf '%016d' 0)00000012$(printf '%024d' 0)
descriptor() {
    exec 9<>"/dev/tcp/127.0.0.1/$port"
    # shellcheck disable=SC2059,SC2001 # escapes are of the format
    printf "$(sed 's/../\\x&/g' <<<"${import}${submit}8006000100001200")" >&9
    timeout 5 head -c $((320 + 48 + 18)) <&9 | od -An -v -tx1 | tr -d ' \n' >"$work/answer"
    exec 9>&-
    grep -q "0000000300000001$(printf '%032d' 0)00000012$(printf '%040d' 0)12010002.*0912010000" \
        "$work/answer"
}
check "after all that the board answers a transfer" descriptor
check "a signal ends the session" board_end
plan
