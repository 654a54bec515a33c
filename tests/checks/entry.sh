#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The entry library as users build it: C99 with gcc and clang, beside a vendor header, with ST-like
# linker scripts.
# shellcheck source=tests/tap
. "$(dirname "$0")/../tap"

flags="-std=c99 -Os -mcpu=cortex-m0plus -mthumb -ffreestanding -Wall -Wextra -Wpedantic -Werror"
flags="$flags -Iinclude -ffunction-sections -c -o $work/dfuse.o"

# The names that ST's device header defines as macros, and that this library must not trip over.
cat >"$work/vendor.h" <<'H'
#define RCC ((void *)0)
#define FLASH ((void *)0)
#define SYSCFG ((void *)0)
#define PWR ((void *)0)
#define EXTI ((void *)0)
#define SCB ((void *)0)
#define NVIC ((void *)0)
#define DBGMCU ((void *)0)
#define FLASH_BASE 0x08000000UL
#define SRAM_BASE 0x20000000UL
#define RCC_CR_MSION 1
#define FLASH_SR_BSY 1
#define __I volatile const
#define __IO volatile
#define SET 1
#define RESET 0
H

compiles() { "$@" >"$work/out" 2>"$work/err"; }
# shellcheck disable=SC2086 # words are wanted
for source in dfuse dfuse_text; do
    check "$source: gcc" compiles arm-none-eabi-gcc $flags entry/$source.c
    check "$source: clang" compiles clang --target=armv6m-none-eabi $flags entry/$source.c
    check "$source: beside a vendor header" \
        compiles arm-none-eabi-gcc -include "$work/vendor.h" $flags entry/$source.c
    check "$source: request in the RTC" \
        compiles arm-none-eabi-gcc -DDFUSE_TOKEN_RTC $flags entry/$source.c
done
# shellcheck disable=SC2086
check "the header in C++" compiles clang++ -fsyntax-only -Iinclude -x c++ include/dfuse.h

# Linking. ST's scripts call their regions RAM (xrw) and FLASH (rx).
cat >"$work/st.ld" <<'L'
MEMORY { RAM (xrw) : ORIGIN = 0x20000000, LENGTH = 20K
         FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 192K }
SECTIONS {
    .isr_vector : { KEEP(*(.isr_vector)) } > FLASH
    .text : { *(.text .text.* .rodata .rodata.*) } > FLASH
    .data : { _sdata = .; *(.data .data.*) _edata = .; } > RAM AT > FLASH
    .bss : { _sbss = .; *(.bss .bss.* COMMON) _ebss = .; } > RAM
    ._user_heap_stack : { end = .; . = . + 0x600; } > RAM
}
L
cat >"$work/main.c" <<'C'
#include "dfuse.h"
char cleared[40];
#ifdef BIG
__attribute__((used)) const char filler[100000] = {1};
#endif
void Reset_Handler(void) { dfuse_CheckAndRun(); cleared[0] = 1; dfuse_RunBootloader(); }
C
links() {
    arm-none-eabi-gcc -mcpu=cortex-m0plus -mthumb -Os -ffreestanding -nostdlib -Iinclude \
        -Wl,-e,Reset_Handler "$@" "$work/main.c" entry/dfuse.c -o "$work/x.elf" \
        >"$work/out" 2>"$work/err"
}
symbol() { arm-none-eabi-nm "$work/x.elf" | awk -v n="$1" '$3 == n { print $1 }'; }
token_is_apart() {
    [[ $(symbol dfuse_token) > $(symbol cleared) && $(symbol dfuse_token) > $(symbol _ebss) ||
        $(symbol dfuse_token) == $(symbol _ebss) ]] && [[ $(symbol end) > $(symbol dfuse_token) ]]
}
complains() { ! links "${@:2}" && grep -q "$1" "$work/err"; }

check "links with an ST-like script" links -T entry/dfuse.ld -T "$work/st.ld"
check "the token is behind .bss and below the heap" token_is_apart
check "without dfuse.ld there is no token" complains "undefined reference to .dfuse_token" \
    -T "$work/st.ld"
check "an image that reaches bank 2 is noticed" complains "reaches bank 2" -DBIG \
    -T entry/dfuse.ld -T "$work/st.ld"
check "... unless it was checked" links -DBIG -Wl,--defsym=dfuse_bank2_checked=1 \
    -T entry/dfuse.ld -T "$work/st.ld"
sed 's/RAM (xrw)/RAM/' "$work/st.ld" >"$work/plain.ld"
check "a RAM region without attributes is noticed" complains "not behind .bss" \
    -T entry/dfuse.ld -T "$work/plain.ld"
plan
