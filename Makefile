# SPDX-License-Identifier: MIT
# One graph for everything, out of tree in build/. `make help` tells what there is.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:

B := build
# make V=1 shows the commands.
Q   := $(if $(V),,@)
say  = @echo '  '
, := ,

# ---- Host: variants of the same sources -----------------------------------------------------------

PACKAGES  := libelf libdw capstone fuse3 libusbredirparser-0.5
WARNINGS  := -Wall -Wextra -Werror
HOST_CPPFLAGS := -D_GNU_SOURCE -DFUSE_USE_VERSION=35 -I. -Iinclude -Isim -Ibridge -Idebug -Idoctor -Icli -I$(B) \
	$(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
HOST_CFLAGS := -std=c11 -g $(WARNINGS)
HOST_LIBS    := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null)

SIM_SOURCES    := $(wildcard sim/*.c)
BRIDGE_SOURCES := $(wildcard bridge/*.c)
DEBUG_SOURCES  := $(wildcard debug/*.c)
DOCTOR_SOURCES := $(wildcard doctor/*.c)
CLI_SOURCES    := $(wildcard cli/*.c)
UNIT_TESTS     := $(wildcard tests/unit/test_*.c)
BOARD_TESTS    := $(wildcard tests/board/test_*.c)
BOARD_RIGS     := $(filter-out $(BOARD_TESTS),$(wildcard tests/board/*.c))

# $(call variant,name,compiler,flags): objects of all host sources, in build/name/.
define variant
$(B)/$(1)/%.o: %.c Makefile
	@mkdir -p $$(@D)
	$$(say) $(2) $$<
	$$(Q)$(2) $(HOST_CFLAGS) $(3) $$(HOST_CPPFLAGS) -MMD -MP -c $$< -o $$@
$(B)/$(1)/roms.o: sim/rom/images.S $(B)/rom/v40.bin $(B)/rom/v41.bin
	@mkdir -p $$(@D)
	$$(Q)$(2) -DROM_V40='"$(B)/rom/v40.bin"' -DROM_V41='"$(B)/rom/v41.bin"' -c $$< -o $$@
$(B)/$(1)/libl072.a: $(SIM_SOURCES:%.c=$(B)/$(1)/%.o) $(B)/$(1)/roms.o
	$$(say) ar $$@
	$$(Q)rm -f $$@ && ar rcs $$@ $$^
$(B)/$(1)/libdfuse.a: $(BRIDGE_SOURCES:%.c=$(B)/$(1)/%.o) $(DEBUG_SOURCES:%.c=$(B)/$(1)/%.o) \
		$(DOCTOR_SOURCES:%.c=$(B)/$(1)/%.o) \
		$(filter-out $(B)/$(1)/cli/main.o,$(CLI_SOURCES:%.c=$(B)/$(1)/%.o))
	$$(say) ar $$@
	$$(Q)rm -f $$@ && ar rcs $$@ $$^
$(B)/$(1)/libtest.a: $(addprefix $(B)/$(1)/,dfu/dfu.o usb/usbd.o $(BOARD_RIGS:%.c=%.o))
	$$(say) ar $$@
	$$(Q)rm -f $$@ && ar rcs $$@ $$^
$(B)/$(1)/tests/%: $(B)/$(1)/tests/%.o $(B)/$(1)/libtest.a $(B)/$(1)/libdfuse.a $(B)/$(1)/libl072.a
	$$(say) link $$@
	$$(Q)$(2) $(3) $$^ -o $$@ -lcmocka $$(HOST_LIBS)
-include $(shell find $(B)/$(1) -name '*.d' 2>/dev/null)
endef
$(eval $(call variant,host,gcc,-O2))
$(eval $(call variant,asan,gcc,-O1 -fsanitize=address$(,)undefined -fno-sanitize-recover=all))
$(eval $(call variant,clang,clang,-O1))
# The fuzz targets, with the libraries instrumented for them.
SANITIZE := -fsanitize=address$(,)undefined -fno-sanitize-recover=all
FUZZERS  := $(patsubst fuzz/fuzz_%.c,%,$(wildcard fuzz/fuzz_*.c))
$(eval $(call variant,fuzz,clang,-O1 -fsanitize=fuzzer-no-link $(SANITIZE)))
$(B)/fuzz/%: $(B)/fuzz/fuzz/fuzz_%.o $(B)/fuzz/libdfuse.a $(B)/fuzz/libl072.a
	$(say) link $@
	$(Q)clang -fsanitize=fuzzer $(SANITIZE) $^ -o $@ $(HOST_LIBS)

$(B)/dfuse: $(B)/host/cli/main.o $(B)/host/libdfuse.a $(B)/host/libl072.a
	$(say) link $@
	$(Q)gcc $^ -o $@ $(HOST_LIBS)
$(B)/asan/dfuse: $(B)/asan/cli/main.o $(B)/asan/libdfuse.a $(B)/asan/libl072.a
	$(say) link $@
	$(Q)gcc -fsanitize=address,undefined $^ -o $@ $(HOST_LIBS)

# The manual pages, one a verb; a verb that is gone leaves none.
$(B)/man/dfuse.1: tools/manual $(B)/dfuse
	$(say) $^
	$(Q)rm -rf $(@D) && $^ $(@D)

# The library for others: one object in which only the names of l072.h are global.
$(B)/lib/l072.o: $(SIM_SOURCES:%.c=$(B)/host/%.o) $(B)/host/roms.o
	@mkdir -p $(@D)
	$(Q)ld -r $^ -o $@
	$(Q)objcopy --wildcard --keep-global-symbol='l072_*' --keep-global-symbol='!l072_rom_*' $@
$(B)/lib/libl072.a: $(B)/lib/l072.o
	$(say) ar $@
	$(Q)rm -f $@ && ar rcs $@ $^

# ---- Firmware -------------------------------------------------------------------------------------

ARM_CC     := arm-none-eabi-gcc
ARM_CFLAGS := -mcpu=cortex-m0plus -mthumb -Os -g -std=c11 -ffreestanding -ffunction-sections \
	-fdata-sections $(WARNINGS) -I. -Iinclude
# --nmagic: no ELF header in the first segment.
ARM_LDFLAGS := -nostdlib -Wl,--gc-sections -Wl,--fatal-warnings -Wl,--nmagic

# $(call firmware,image,sources,flags,linker scripts): build/image.elf and .bin; objects of its own,
# because the flags differ.
define firmware
$(B)/fw/$(1)/%.o: %.c Makefile
	@mkdir -p $$(@D)
	$$(say) arm-gcc $$< for $(1)
	$$(Q)$(ARM_CC) $(ARM_CFLAGS) $(3) -MMD -MP -c $$< -o $$@
$(B)/$(1).elf: $(2:%.c=$(B)/fw/$(1)/%.o) $(filter %.ld,$(4))
	@mkdir -p $$(@D)
	$$(say) link $$@
	$$(Q)$(ARM_CC) $(ARM_CFLAGS) $(ARM_LDFLAGS) $(4) $(2:%.c=$(B)/fw/$(1)/%.o) -lgcc -o $$@
$(B)/$(1).bin: $(B)/$(1).elf
	$$(Q)arm-none-eabi-objcopy -O binary $$< $$@
-include $(shell find $(B)/fw/$(1) -name '*.d' 2>/dev/null)
endef

DEVICE_SOURCES := usb/usbd.c usb/fsdev.c stm32l0/clock.c stm32l0/serial.c
ROM_SOURCES    := $(wildcard sim/rom/*.c) $(DEVICE_SOURCES) dfu/dfu.c stm32l0/flash.c
$(eval $(call firmware,rom/v40,$(ROM_SOURCES),-DROM_VERSION=0x40,-T sim/rom/rom.ld))
$(eval $(call firmware,rom/v41,$(ROM_SOURCES),-DROM_VERSION=0x41,-T sim/rom/rom.ld))
# For the tests: what if the real one is stricter when it leaves.
$(eval $(call firmware,rom/v41-strict,$(ROM_SOURCES),-DROM_VERSION=0x41 -DROM_LEAVE_WANTS_SP=1,\
	-T sim/rom/rom.ld))

APP_SOURCES := examples/app/main.c examples/app/usb.c examples/common/board.c entry/dfuse.c \
	entry/dfuse_text.c stm32l0/startup.c $(DEVICE_SOURCES)
APP_LINK    := -T entry/dfuse.ld -T stm32l0/app.ld
HIDDEN      := -Wl$(,)--defsym=_word0=0xBE00BE00

# $(call app,image,flags,link flags)
app = $(eval $(call firmware,examples/$(1),$(APP_SOURCES),$(2),$(APP_LINK) $(3)))
$(call app,app-1,-DAPP_VERSION=1,$(HIDDEN))
$(call app,app-2,-DAPP_VERSION=2,$(HIDDEN))
$(call app,app-1-latched,-DAPP_VERSION=1 -DAPP_LATCHED=1,$(HIDDEN))

# For the tests: each place to call dfuse_CheckAndRun() from, hidden and visible.
SITES := reset init main
$(call app,test/reset-hidden,-DCALL_SITE=0,$(HIDDEN))
$(call app,test/reset-visible,-DCALL_SITE=0,)
$(call app,test/init-hidden,-DCALL_SITE=1,$(HIDDEN))
$(call app,test/init-visible,-DCALL_SITE=1,)
$(call app,test/main-hidden,-DCALL_SITE=2,$(HIDDEN))
$(call app,test/main-visible,-DCALL_SITE=2,)
$(call app,test/rtc-hidden,-DCALL_SITE=0 -DDFUSE_TOKEN_RTC,$(HIDDEN))

# The resident bootloader, as one unit (LTO), without what -Os does for speed on this core; an
# application behind it.
BOOT_SOURCES := $(wildcard boot/*.c) usb/usbd.c usb/fsdev.c stm32l0/clock.c stm32l0/serial.c \
	stm32l0/flash.c dfu/dfu.c
BOOT_FLAGS   := -flto -frename-registers $(addprefix -fno-,thread-jumps jump-tables tree-dominator-opts \
	move-loop-invariants cse-follow-jumps inline-small-functions if-conversion forward-propagate ipa-vrp \
	tree-tail-merge sched-pressure)
# $(call bootloader,image,flags,link flags)
bootloader = $(eval $(call firmware,$(1),$(BOOT_SOURCES),$(BOOT_FLAGS) -DFLASH_WAIT=flash_wait $(2),\
	$(BOOT_FLAGS) $(3) -T boot/boot.ld))
$(call bootloader,boot,,)
# For the tests: with all options, and without DfuSe.
$(call bootloader,boot-options,-DBOOT_SECTORS=2 -DBOOT_DOUBLE_RESET=500 -DBOOT_CHECK_CRC=1 -DBOOT_RDP=1 \
	-DBOOT_WRPROT=1,-Wl$(,)--defsym=BOOT_SECTORS=2)
$(call bootloader,boot-plain,-DDFU_PLAIN=1,)
RESIDENT_SOURCES := $(APP_SOURCES:entry/dfuse.c=entry/dfuse_resident.c)
RESIDENT_LINK := -T entry/dfuse_resident.ld -Wl$(,)--defsym=FLASH_ORIGIN=0x08001100 \
	-Wl$(,)--defsym=FLASH_LENGTH=0x2EF00 -T stm32l0/app.ld
$(foreach v,1 2,$(eval $(call firmware,examples/resident-$(v),$(RESIDENT_SOURCES),-DAPP_VERSION=$(v),\
	$(RESIDENT_LINK))))

FORUM_SOURCES := examples/forum-2017/main.c examples/common/board.c stm32l0/startup.c \
	stm32l0/clock.c
$(eval $(call firmware,examples/forum-2017,$(FORUM_SOURCES),,$(APP_LINK)))
$(eval $(call firmware,examples/forum-2017-token,$(FORUM_SOURCES),-DTOKEN_SURVIVES=1,$(APP_LINK)))

EXAMPLES   := $(addprefix $(B)/examples/,app-1 app-2 app-1-latched forum-2017 forum-2017-token \
	resident-1 resident-2)
DIRTY_SOURCES := tests/firmware/dirty.c entry/dfuse.c stm32l0/startup.c $(DEVICE_SOURCES)
$(eval $(call firmware,examples/test/dirty,$(DIRTY_SOURCES),,$(APP_LINK) $(HIDDEN)))
# In the flash and RAM of the smallest part.
WHYNOT_SOURCES := tests/firmware/whynot.c entry/dfuse.c stm32l0/startup.c
SMALLEST := -Wl$(,)--defsym=FLASH_LENGTH=0x10000 -Wl$(,)--defsym=RAM_LENGTH=0x2000
$(eval $(call firmware,examples/test/whynot,$(WHYNOT_SOURCES),,$(APP_LINK) $(HIDDEN) $(SMALLEST)))

# For dfuse doctor: a mistake each. Two are of the link, not of the program.
DOCTOR_SOURCES_FW := tests/doctor/fixture.c stm32l0/startup.c
DOCTOR_FIXTURES := healthy-reset token-cleared token-on-stack token-never-checked wrong-reset wrong-key \
	never-jumps token-checked-late token-kept token-is-a-flag token-is-a-byte reset-cause healthy-jump \
	wrong-address no-thumb-bit syscfg-clock-off no-remap msp-from-zero read-twice wrong-entry \
	stack-switched jump-from-handler primask-set vtor-left systick-left-on interrupt-left-on crash \
	iwdg-resets token-not-stored psp-in-use load-from-zero floating-button long-press held-button asked-in-stop \
	sleepdeep-left after-a-second dma-left-on iwdg-running iwdg-short wwdg-running rom-silent at-power-on uart-asked
# $(call fixture,name,FIXTURE,sources,flags,link flags): one more of DOCTOR_IMAGES
fixture = $(eval DOCTOR_IMAGES += $(B)/examples/test/doctor/$(1).elf)$(eval $(call firmware,examples/test/doctor/$(1),$(DOCTOR_SOURCES_FW) $(3),\
	-DFIXTURE=$(2) $(4),$(APP_LINK) $(5)))
$(foreach f,$(DOCTOR_FIXTURES),$(call fixture,$(f),$(shell echo $(f) | tr a-z- A-Z_),,,$(HIDDEN)))
$(call fixture,usb-pullup-left,USB_PULLUP_LEFT,examples/app/usb.c $(DEVICE_SOURCES),-DAPP_VERSION=1,\
	$(HIDDEN))
$(call fixture,pll-left-on,PLL_LEFT_ON,stm32l0/clock.c,,$(HIDDEN))
$(call fixture,first-page-erased,FIRST_PAGE_ERASED,stm32l0/flash.c,,)
$(call fixture,popular,POPULAR,,,)
$(call fixture,bank1-visible,HEALTHY_RESET,,,)
$(call fixture,bank2-visible,HEALTHY_RESET,,-DBANK2_VISIBLE=1,\
	$(HIDDEN) -Wl$(,)--section-start=.bank2=0x08018000)
# These change nothing of what is wrong, or right.
$(call fixture,panic,HEALTHY_RESET,,-DPANIC=1,$(HIDDEN))
$(call fixture,slow-request,HEALTHY_RESET,,-DDELAY=700,$(HIDDEN))
$(call fixture,many-stores,TOKEN_CLEARED,,-DLAST_STORES=80,$(HIDDEN))
$(call fixture,text-stored,TOKEN_CLEARED,,-DLAST_STORES=8 -DLAST_VALUE=0x65746E45,$(HIDDEN))
$(call fixture,byte-and-text,TOKEN_IS_A_BYTE,,-DLAST_STORES=8 -DLAST_VALUE=0x65746E45,$(HIDDEN))
$(call fixture,small-token,TOKEN_CLEARED,,-DMAGIC=1 -DLAST_STORES=1 -DLAST_VALUE=-1,$(HIDDEN))
$(call fixture,clock-stored,TOKEN_CLEARED,,-DMAGIC=1 -DLAST_STORES=2 -DLAST_VALUE=32000000,$(HIDDEN))
$(call fixture,handler-visible,JUMP_FROM_HANDLER,,,)
$(call fixture,in-data,TOKEN_CLEARED,,-DIN_DATA=1,$(HIDDEN))
$(call fixture,two-bytes,TOKEN_IS_A_BYTE,,-DTOKEN_MASK=0xFFFF,$(HIDDEN))
$(call fixture,three-bytes,TOKEN_IS_A_BYTE,,-DTOKEN_MASK=0xFFFFFF,$(HIDDEN))
$(call fixture,pair-cleared,TOKEN_CLEARED,,-DPAIR=1,$(HIDDEN))
$(call fixture,floating-held,HELD_BUTTON,,-DFLOATING=1,$(HIDDEN))
$(call fixture,iwdg-bites,IWDG_RUNNING,,-DDELAY=100,$(HIDDEN))
$(call fixture,no-rom-dfu,HEALTHY_RESET,,,$(HIDDEN) $(SMALLEST))
check-build: $(DOCTOR_IMAGES)
.PHONY: fixtures
fixtures: $(DOCTOR_IMAGES)

# What `make bench` runs.
BENCH_SOURCES := $(filter-out bench/loop.c bench/stack.c,$(wildcard bench/*.c))
$(eval $(call firmware,bench/loop,bench/loop.c stm32l0/startup.c,,-T stm32l0/app.ld))
$(eval $(call firmware,bench/busy,bench/loop.c stm32l0/startup.c $(DEVICE_SOURCES),\
	-DINTERRUPTS=1,-T stm32l0/app.ld))

# Unicorn has global names that are ours too: ours are hidden from it.
JUDGE_SOURCES := $(wildcard tests/judge/*.c)
CPU_JUDGE     := $(B)/host/tests/judge/cpu_judge
$(CPU_JUDGE): $(JUDGE_SOURCES:%.c=$(B)/host/%.o) $(B)/host/libl072.a
	$(say) link $@
	$(Q)gcc $^ -o $@ -Wl,--exclude-libs,libl072.a -lunicorn

# The USB endpoints that DFU does not use: a device written for the registers alone.
BULK_SOURCES := tests/firmware/bulk.c stm32l0/startup.c stm32l0/clock.c
$(eval $(call firmware,examples/test/bulk,$(BULK_SOURCES),-DSERIAL=0,-T stm32l0/app.ld))
$(eval $(call firmware,examples/test/serial,$(BULK_SOURCES),-DSERIAL=1,-T stm32l0/app.ld))
# $(call client,name,package): a program for it.
define client
$(B)/host/tests/bridge/$(1): tests/bridge/$(1).c Makefile
	@mkdir -p $$(@D)
	$$(Q)gcc -O1 $(HOST_CFLAGS) $$< -o $$@ $$$$(pkg-config --cflags --libs $(2))
endef
$(eval $(call client,bulk,libusb-1.0))
$(eval $(call client,redir,libusbredirparser-0.5))
ENDPOINTS := $(B)/host/tests/bridge/bulk $(B)/examples/test/bulk.elf $(B)/examples/test/serial.elf
check-build: $(ENDPOINTS) $(B)/host/tests/bridge/redir

TEST_IMAGES := $(addprefix $(B)/examples/test/,rtc-hidden dirty whynot \
	$(foreach s,$(SITES),$(s)-hidden $(s)-visible))

# The entry library alone, as its budget counts it.
$(B)/size/dfuse.o: entry/dfuse.c
$(B)/size/dfuse_rtc.o: entry/dfuse.c
$(B)/size/dfuse_text.o: entry/dfuse_text.c
$(B)/size/dfuse_rtc.o: private ARM_CFLAGS += -DDFUSE_TOKEN_RTC
$(B)/size/%.o: include/dfuse.h Makefile
	@mkdir -p $(@D)
	$(Q)$(ARM_CC) $(ARM_CFLAGS) -std=c99 -c $(filter %.c,$^) -o $@
SIZED := $(addprefix $(B)/size/,dfuse.o dfuse_rtc.o dfuse_text.o) $(B)/examples/app-1.elf \
	$(B)/rom/v41.elf $(B)/boot.elf $(B)/boot.bin $(B)/boot-plain.elf $(B)/boot-options.elf $(B)/bench/stack

# ---- What people ask for --------------------------------------------------------------------------

# One job a CPU, unless the caller says how many; MAKEFLAGS holds that only in recipes.
JOBS = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

UNIT_PROGRAMS  := $(UNIT_TESTS:%.c=$(B)/asan/%)
BOARD_PROGRAMS := $(BOARD_TESTS:%.c=$(B)/host/%) $(CPU_JUDGE)
# They begin first, so that the others share the CPUs with them.
LONGEST        := tests/fuzz/fuzz.sh $(addprefix $(B)/host/tests/board/,test_resident_cuts test_power_cut)
SCRIPTS        := $(sort $(shell find tests \( -path tests/kernel -o -path tests/hosts \) -prune -o -name '*.sh' -perm -u+x -print))
CLANG_OBJECTS  := $(patsubst %.c,$(B)/clang/%.o,$(SIM_SOURCES) $(BRIDGE_SOURCES) $(DEBUG_SOURCES) $(DOCTOR_SOURCES) $(CLI_SOURCES) \
	$(BENCH_SOURCES) bench/stack.c $(UNIT_TESTS) $(BOARD_TESTS) $(JUDGE_SOURCES))

.PHONY: all demo check size format clean help examples
.DEFAULT_GOAL := all

all: $(B)/dfuse $(B)/man/dfuse.1 examples $(B)/boot.elf $(B)/boot.bin ## builds the dfuse command and the examples

examples: $(EXAMPLES:%=%.elf) $(EXAMPLES:%=%.bin)

demo: ## shows the whole thing on a simulated board; installs what it needs first
	@tools/setup
	@$(MAKE) $(JOBS) --no-print-directory all >/dev/null
	@tools/demo

check: ## builds everything, with gcc and clang, and runs all tests
	@tools/setup
	@$(MAKE) $(JOBS) --no-print-directory check-build >/dev/null
	@tests/run $(LONGEST) $(filter-out $(LONGEST),$(BOARD_PROGRAMS) $(SCRIPTS) $(UNIT_PROGRAMS))

.PHONY: check-build
check-build: all $(B)/boot-options.elf $(B)/boot-plain.elf $(TEST_IMAGES:%=%.elf) $(B)/rom/v41-strict.bin $(UNIT_PROGRAMS) $(BOARD_PROGRAMS) $(CLANG_OBJECTS) $(SIZED)

# Seconds for each target: of `make fuzz` as it is called, of `make check`.
FUZZ_SECONDS ?= 60
CHECK_FUZZ_SECONDS ?= 20
export CHECK_FUZZ_SECONDS
FUZZ_PROGRAMS := $(FUZZERS:%=$(B)/fuzz/%)
check-build: $(FUZZ_PROGRAMS)
check-build: $(B)/lib/libl072.a $(B)/bench/bench # tests/library/install.sh

RESIDENT_FUZZER := $(wildcard fuzz/resident*.c)
# Firmware is not instrumented: this one makes its own random numbers.
$(B)/fuzz-resident: $(RESIDENT_FUZZER:%.c=$(B)/host/%.o) $(B)/host/libdfuse.a $(B)/host/libl072.a
	$(say) link $@
	$(Q)gcc $^ -o $@ $(HOST_LIBS)
FUZZ_REQUESTS ?= 1000000
check-build: $(B)/fuzz-resident

.PHONY: fuzz fuzz-resident $(FUZZERS:%=fuzz-%)
fuzz-resident: $(B)/fuzz-resident $(B)/boot.elf $(B)/examples/resident-1.elf
	$(Q)$(B)/fuzz-resident $(FUZZ_REQUESTS)
fuzz: fuzz-resident $(FUZZERS:%=fuzz-%) ## hunts for crashes and hangs, FUZZ_SECONDS=60 for each target
$(FUZZERS:%=fuzz-%): fuzz-%: $(B)/fuzz/% $(B)/examples/app-1.elf $(B)/examples/app-1.bin
	$(Q)fuzz/run $* $(FUZZ_SECONDS)

# The host tests once more; `make check` runs the unit tests with ASan and UBSan, and a sample of
# them under valgrind. valgrind knows neither seccomp nor an exec that fails: two scripts are not
# for it, nor are those that take minutes without it.
COMMAND_SCRIPTS := $(wildcard tests/cli/*.sh tests/bridge/*.sh tests/debug/*.sh) tests/e2e/rom.sh
VALGRIND_SAMPLE := $(addprefix $(B)/host/tests/unit/test_,image hide host usb usb_drivers options)
VALGRIND_SCRIPTS := $(filter-out %/session.sh %/sleeps.sh %/explore.sh %/help.sh %/doctor.sh,$(COMMAND_SCRIPTS))
VALGRIND_ALL := $(UNIT_TESTS:%.c=$(B)/host/%) $(filter-out %/test_power_cut %/test_resident_cuts,$(BOARD_TESTS:%.c=$(B)/host/%))
export VALGRIND_PROGRAMS ?= $(VALGRIND_SAMPLE)
check-build: $(VALGRIND_SAMPLE)

.PHONY: check-asan check-valgrind
check-asan: check-build $(B)/asan/dfuse $(BOARD_TESTS:%.c=$(B)/asan/%) ## runs all host tests with ASan and UBSan
	@DFUSE=$(CURDIR)/$(B)/asan/dfuse tests/run $(BOARD_TESTS:%.c=$(B)/asan/%) $(UNIT_PROGRAMS) \
		$(COMMAND_SCRIPTS) tests/e2e/matrix-v40.sh tests/e2e/matrix-v41.sh

check-valgrind: check-build $(VALGRIND_ALL) ## runs all host tests under valgrind
	@DFUSE=$(CURDIR)/tests/under-valgrind VALGRIND_PROGRAMS='$(VALGRIND_ALL)' \
		tests/run tests/checks/valgrind.sh $(VALGRIND_SCRIPTS)

.PHONY: check-cpu
check-cpu: $(CPU_JUDGE) ## compares the CPU with Unicorn's, at length
	@$(CPU_JUDGE) 400 2000000

PREFIX  ?= /usr/local
VERSION := $(shell sed -n 's/.*DFUSE_VERSION "\(.*\)"/\1/p' cli/cli.h)
define L072_PC
prefix=$(PREFIX)

Name: l072
Description: Simulated STM32L072 board
Version: $(VERSION)
Cflags: -I$${prefix}/include
Libs: -L$${prefix}/lib -ll072
endef
export L072_PC

.PHONY: install bench
install: $(B)/dfuse $(B)/man/dfuse.1 $(B)/lib/libl072.a ## installs dfuse and libl072 (PREFIX=/usr/local, DESTDIR)
	$(Q)install -D -m 755 -t $(DESTDIR)$(PREFIX)/bin $(B)/dfuse
	$(Q)install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 $(B)/man/*.1
	$(Q)install -D -m 644 tools/completion.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/dfuse
	$(Q)install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib $(B)/lib/libl072.a
	$(Q)install -D -m 644 -t $(DESTDIR)$(PREFIX)/include include/l072.h
	$(Q)install -d $(DESTDIR)$(PREFIX)/lib/pkgconfig
	$(Q)echo "$$L072_PC" >$(DESTDIR)$(PREFIX)/lib/pkgconfig/l072.pc

# Unicorn has global names that are ours too: with the library for others they do not meet.
BENCH_HOST := $(addprefix $(B)/host/bridge/,dfuhost.o device.o pcap.o status.o)
$(B)/bench/bench: $(BENCH_SOURCES:%.c=$(B)/host/%.o) $(BENCH_HOST) $(B)/lib/libl072.a
	@mkdir -p $(@D)
	$(say) link $@
	$(Q)gcc $^ -o $@ -lunicorn
$(B)/bench/stack: $(addprefix $(B)/host/bench/,stack.o measure.o) $(BENCH_HOST) $(B)/lib/libl072.a
	@mkdir -p $(@D)
	$(say) link $@
	$(Q)gcc $^ -o $@
bench: all $(B)/bench/bench $(B)/boot-plain.bin $(addprefix $(B)/,boot.bin bench/loop.bin bench/busy.bin) ## measures the speed
	@$(B)/bench/bench

.PHONY: check-kernel
check-kernel: ## a real Linux kernel has the board on its USB; installs what that needs first
	@tools/setup
	@tools/setup kernel
	@$(MAKE) $(JOBS) --no-print-directory all $(ENDPOINTS) >/dev/null
	@tests/run tests/kernel/kernel.sh

.PHONY: check-hosts
check-hosts: ## a browser and fwupd have the bootloader on their USB; installs what that needs first
	@tools/setup
	@tools/setup hosts
	@$(MAKE) $(JOBS) --no-print-directory all >/dev/null
	@tests/run $(sort $(wildcard tests/hosts/*.sh))

size: $(SIZED) ## prints the size of each artefact beside its budget
	@tools/size

format: ## applies the house style
	@clang-format -i $$(git ls-files '*.[ch]')

clean: ## removes build/
	rm -rf $(B)

help: ## tells this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
