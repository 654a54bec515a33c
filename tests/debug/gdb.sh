#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# dfuse sim --gdb, with the real gdb-multiarch. One board for most: clients come and go.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

app=build/examples/app-1.elf

# start NAME ARGUMENTS...: a session in the background; sets $session and $port.
start() {
    log=$work/$1
    shift
    "$dfuse" sim --gdb 0 "$@" >"$log.out" 2>"$log.err" </dev/null &
    session=$!
    for _ in $(seq 100); do
        port=$(sed -n 's/^for GDB: target extended-remote :\([0-9]*\)$/\1/p' "$log.err")
        [ -z "$port" ] || return 0
        sleep 0.05
    done
}
stop() {
    kill "$session" && wait "$session" || true
}
# gdb_says PATTERN COMMAND...: GDB, connected, runs the commands and prints a line like PATTERN.
gdb_says() {
    pattern=$1
    shift
    arguments=()
    for command; do
        arguments+=(-ex "$command")
    done
    timeout 20 gdb-multiarch -nx -batch -ex "set tcp connect-timeout 2" \
        -ex "target extended-remote 127.0.0.1:$port" "${arguments[@]}" "$app" \
        >"$work/out" 2>"$work/err" </dev/null
    cat "$work/out" "$work/err" | grep -q -e "$pattern"
}
reset='monitor reset halt'
flush='maintenance flush register-cache'

start app "$app"
check "a client halts the board" gdb_says "^#. .*main ()" "backtrace"
check "reset halt" gdb_says "^pc .*<Reset_Handler>" "$reset" "$flush" "info registers pc"
check "break" gdb_says "^Breakpoint 1, main ()" "$reset" "break main" "continue"
check "next" gdb_says "^97" "$reset" "break main" "continue" "next"
check "step" gdb_says "^clock_usb ()" "$reset" "break main" "continue" "next" "step"
check "stepi" gdb_says "^pc .*<Reset_Handler+2>" "$reset" "$flush" "stepi" "info registers pc"
check "finish" gdb_says "^main () at" "$reset" "break clock_usb" "continue" "finish"
check "interrupt handlers are unwound" gdb_says "^#1  <signal handler called>" \
    "$reset" "break SysTick_Handler" "continue" "backtrace"
check "... to what was interrupted" grep -q "^#[23] .*main ()" "$work/out"

# once PATTERN COMMAND...: as gdb_says, at the first millisecond after a reset.
once() {
    gdb_says "$1" "$reset" "break SysTick_Handler" "continue" "delete" "${@:2}"
}
check "print" once '^\$1 = 0$' "print app.milliseconds"
check "watch" once "^New value = 1$" "watch app.milliseconds" "continue"
check "... at the instruction behind" once "^New value = 2$" "watch app.milliseconds" "continue" \
    "continue"
check "rwatch" once "^Value = 0$" "rwatch app.milliseconds" "continue"
check "awatch" once "^New value = 1$" "awatch app.milliseconds" "continue" "continue"
check "a condition" once '^\$1 = 20$' "break SysTick_Handler if app.milliseconds == 20" \
    "continue" "print app.milliseconds"
check "a variable is changed" once '^\$1 = 5000$' "set var app.milliseconds = 5000" \
    "print app.milliseconds"
check "a function is called" once '^\$1 = 1$' "print clock_16mhz(), 1"
check "registers are changed" once '^.1 = 0x11223344, 0x20000400, 1, 0x60000000$' \
    "set var \$r7 = 0x11223344" "set var \$psp = 0x20000400" "set var \$primask = 1" \
    "set var \$xpsr = 0x60000000" \
    'printf ".1 = 0x%x, 0x%x, %d, 0x%x\n", $r7, $psp, $primask, $xpsr & 0xF0000000'
check "time stands still" once '^\$2 = 0$' "shell sleep 0.3" "stepi" "print \$pc != 0" \
    "print app.milliseconds"

check "a peripheral is read" once '^0x40011c00\|^0x40010000:' "x/wx 0x40010000"
check "... and written, with its effect" once '^0x5000001[0-9a-f]:.0x00000001' \
    "set *(unsigned *)0x50000000 = 0xebfffcfd" "set *(unsigned *)0x50000018 = 1" "x/wx 0x50000014"
check "one without a clock is an error" once "Cannot access memory at address 0x40000000" \
    "x/wx 0x40000000"
check "where there is nothing, too" once "Cannot access memory at address 0x60000000" \
    "x/wx 0x60000000"

# execute HALFWORD COMMAND...: sends the CPU to an instruction in SRAM, with r0 = 0x60000000.
execute() {
    gdb_says "$2" "$reset" "set *(unsigned short *)0x20000100 = $1" "set var \$r0 = 0x60000000" \
        "set var \$pc = 0x20000100" "continue" "${@:3}" "monitor reset run"
}
check "a stop is a signal" execute 0x6001 "^Program received signal SIGSEGV" # str r1, [r0]
check "... with the reason" grep -q "^store to 0x60000000" "$work/err"
check "a new pc goes on" execute 0x6001 "^Breakpoint 1, main ()" "break main" "jump Reset_Handler"
check "BKPT is a trap" execute 0xbe00 "^Program received signal SIGTRAP"
check "an undefined instruction" execute 0xde00 "^Program received signal SIGILL"

app=build/examples/app-2.elf
check "load" gdb_says "^Start address .*load size" "load" "$reset"
check "... and verify" gdb_says "matched" "compare-sections"
check "... nothing else" sh -c '! grep -q "MIS-MATCHED" "$1"' - "$work/out"
check "reset run" gdb_says "Inferior 1 .* detached" "monitor reset run"
uart_says() {
    for _ in $(seq 60); do
        ! grep -q "$1" "$work/app.out" || return 0
        sleep 0.05
    done
    false
}
check "the board runs on when the client leaves" uart_says "app 2 runs"

check "help" gdb_says "^reset halt: " "monitor help"
check "an unknown command" gdb_says "^no such command" "monitor flash"
check "run" gdb_says "^Breakpoint 1, main ()" "break main" "run"
check "kill" gdb_says "^\[Inferior 1 (Remote target) killed\]" "kill"
check "... and again" gdb_says "^#. .*main ()" "kill" "target extended-remote 127.0.0.1:$port" "backtrace"

# An IDE's session, as cortex-debug has it with OpenOCD: the machine interface, asynchronous, halted
# by -exec-interrupt. Lines of WAIT COMMAND: the command is sent when an answer has WAIT.
ide() {
    coproc gdb { timeout 30 gdb-multiarch -nx -q --interpreter=mi2 >"$work/out" 2>&1; }
    local input=${gdb[1]} pid=$gdb_PID answer command
    while read -r answer command; do
        for _ in $(seq 100); do
            ! grep -q -e "$answer" "$work/out" || break
            sleep 0.05
        done
        echo "$command" >&"$input"
    done <<MI
gdb 1-gdb-set mi-async on
^1.done 2-gdb-set non-stop off
^2.done 3-file-exec-and-symbols "$app"
^3.done 4-target-select extended-remote localhost:$port
^4.connected 5-interpreter-exec console "monitor reset halt"
^5.done 6-target-download
^6.done 7-interpreter-exec console "monitor reset halt"
^7.done 8-break-insert main
^8.done 9-exec-continue
reason="breakpoint-hit".*main 10-data-list-register-values x
^10.done 11-thread-info
^11.done 12-exec-next
reason="end-stepping-range" 13-break-watch app.milliseconds
^13.done 14-exec-continue
reason="watchpoint-trigger" 15-break-delete
^15.done 16-exec-continue
^16.running 17-exec-interrupt
signal-name="SIGINT" 18-target-detach
^18.done 19-gdb-exit
MI
    wait "$pid"
    grep -q "^18.done" "$work/out" && ! grep -q "^[0-9]*.error" "$work/out"
}
check "an IDE's session, in GDB/MI" ide
check "Ctrl-C" gdb_says "^Program received signal SIGINT" \
    "python import os, signal, threading" \
    "python threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()" "continue"
check "a client dies" gdb_says "^#. .*main ()" "backtrace" "python import os" "python os._exit(1)"
check "... the next is served" gdb_says "^#. .*main ()" "backtrace"
check "a port that is taken" refuses "cannot listen for GDB on 127.0.0.1:$port: Address already" \
    sim --gdb "$port" "$app"
stop

# shellcheck disable=SC2016
start command "$app" -- sh -c 'while [ ! -e "$0" ]; do sleep 0.05; done' "$work/end"
check "the end of the command is the end" gdb_says "Inferior 1 .* exited normally" \
    "shell touch $work/end" "continue"
wait "$session"

check "no port" refuses "is no TCP port" sim --gdb 70000 "$app"
check "no time limit" refuses "without --gdb" sim --gdb 0 --timeout 1s "$app"
plan
