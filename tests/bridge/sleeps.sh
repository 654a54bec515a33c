#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The command's sleeps last simulated time, unless they are long or the board keeps to host time.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

app=build/examples/app-1.elf

# takes FROM TO COMMAND...: `dfuse sim COMMAND` succeeds in so many milliseconds of host time.
takes() {
    begin=${EPOCHREALTIME/./}
    from=$1 to=$2
    shift 2
    "$dfuse" sim "$@" >"$work/out" 2>"$work/err" </dev/null || return 1
    took=$(((${EPOCHREALTIME/./} - begin) / 1000))
    echo "took $took ms" >>"$work/err"
    [ "$took" -ge "$from" ] && [ "$took" -lt "$to" ]
}
# simulated MORE LESS: the run lasted between these seconds of simulated time.
simulated() {
    awk -v more="$1" -v less="$2" '/^simulated time/ { ok = $3 >= more && $3 < less } END { exit !ok }' \
        "$work/err"
}
# shellcheck disable=SC2016 # expands in the shell of the board
many='for i in $(seq 40); do sleep 0.3 & done; wait'
# shellcheck disable=SC2016
killed='sleep 0.9 & kill $!; wait $!; [ $? = 143 ]'

check "five sleeps of 0.5 s in less than 2.5 s" takes 0 2500 --summary $app -- \
    sh -c 'for i in 1 2 3 4 5; do sleep 0.5; done'
check "... 2.5 s for the board" simulated 2.5 3
check "40 sleeps of 0.3 s at a time" takes 0 12000 $app -- sh -c "$many"
check "a sleep of 1.1 s is left alone" takes 1100 60000 $app -- sleep 1.1
check "with --pace real all are" takes 500 60000 --pace real $app -- sleep 0.5
check "a signal ends a sleeper" takes 0 60000 $app -- sh -c "$killed"
# Counts down from 2^21 for 3 s, then stores to nowhere.
image 2001 0540 3801 D1FD 2003 0740 6001 E7FE >"$work/stop.bin"
check "a board that stops lets sleepers go" gives 1 "^ *[23][.].*stopped: " \
    sim "$work/stop.bin" -- sh -c 'while sleep 0.9; do :; done'
plan
