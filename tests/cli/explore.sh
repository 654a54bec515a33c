#!/bin/sh
# SPDX-License-Identifier: MIT
# dfuse explore: the latched way survives every power cut, the once way does not, and the command it
# gives replays the first cut that bricks.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

old=build/examples/app-1.elf new=build/examples/app-2.elf

check "latched, by a button: no cut bricks" gives 0 " [1-9][0-9]* end in DFU, .* 0 in neither" \
    explore --press PA1 $old $new
check "latched, by the host: no cut bricks" gives 0 ", 0 in neither" \
    explore build/examples/app-1-latched.elf $new
all_cuts=$(sed -n 's/ cuts: .*//p' "$work/out")
pages=$((($(wc -c <build/examples/app-2.bin) + 127) / 128))
check "four cuts for each page, half page and option byte" test "$all_cuts" -gt $((4 * 3 * pages))
check "once: cuts brick" gives 1 " 0 end in DFU, .* [1-9][0-9]* in neither" \
    explore --detach $old $new
replay=$(sed -n 's/^the first that bricks: dfuse //p' "$work/out")
check "... the first is in the first operation" test "${replay%% --detach*}" = \
    "explore --cut-power n=1:torn"
# shellcheck disable=SC2086 # words of a command
check "... and its command replays it" gives 1 "fault: cut, after 1 flash operations" $replay
check "... to the end" grep -q "^ends in neither" "$work/out"
{ cat build/examples/app-2.bin && head -c 13000 $new; } | head -c 16384 >"$work/16k.bin"
check "an update of 16 KB" gives 0 ", 0 in neither" explore --press PA1 $old "$work/16k.bin"
check "a cut that does no harm" gives 0 "^ends in the old application" \
    explore --detach --cut-power n=1:before $old $new
check "the number of jobs changes nothing" gives 1 "n=1:torn" explore --jobs 1 $old $new
cp $old "$work/it's old.elf"
check "names that a shell would take apart" gives 1 "in neither" \
    explore "$work/it's old.elf" "$new"
again() {
    (eval "set -- $(sed -n 's/^the first that bricks: dfuse //p' "$work/out")" &&
        gives 1 "^ends in neither" "$@")
}
check "... are replayed" again
check "a cut that never comes" gives 2 "does not last until that cut" \
    explore --cut-power n=100000 $old $new
check "a button that does nothing" refuses "fails even without a cut" explore --press PB7 $old $new
check "a pin that is not there" refuses "no pin 'PZ1'" explore --press PZ1 $old $new
check "one cut only" refuses "one --cut-power" explore --cut-power n=1 --cut-power n=2 $old $new
head -c 200000 /dev/zero >"$work/large.bin"
check "an update that does not fit" refuses "larger than the part" explore $old "$work/large.bin"
check "one image only" refuses "give an IMAGE and its UPDATE" explore $old
plan
