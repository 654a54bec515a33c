/* SPDX-License-Identifier: MIT */
/* The loop of the bench in Unicorn, as far as it goes there: no exceptions, no cycles. */
#include <stdint.h>
#include <stdio.h>
#include <unicorn/unicorn.h>

#include "measure.h"

#define FLASH        0x08000000u
#define FLASH_SIZE   0x10000u
#define SRAM         0x20000000u
#define SRAM_SIZE    0x5000u
#define SYSTEM       0xE000E000u /* SCB->VTOR, which start-up code writes */
#define INSTRUCTIONS 20000000u

static void count(uc_engine *uc, uint64_t address, uint32_t size, void *counter)
{
    uint64_t *instructions = counter;

    (void)address;
    (void)size;
    if (++*instructions == INSTRUCTIONS)
        uc_emu_stop(uc);
}

static bool prepare(uc_engine *uc, uint64_t *instructions, uint32_t *reset)
{
    uint32_t image[2048];
    unsigned size = measure_file("build/bench/loop.bin", image, sizeof image);
    uc_hook hook;

    *reset = image[1];
    return size && uc_ctl_set_cpu_model(uc, UC_CPU_ARM_CORTEX_M0) == UC_ERR_OK &&
           uc_mem_map(uc, FLASH, FLASH_SIZE, UC_PROT_ALL) == UC_ERR_OK &&
           uc_mem_map(uc, SRAM, SRAM_SIZE, UC_PROT_ALL) == UC_ERR_OK &&
           uc_mem_map(uc, SYSTEM, 0x1000, UC_PROT_ALL) == UC_ERR_OK &&
           uc_mem_write(uc, FLASH, image, size) == UC_ERR_OK &&
           uc_hook_add(uc, &hook, UC_HOOK_CODE, (void *)count, instructions, 1, 0) == UC_ERR_OK;
}

double measure_unicorn(void)
{
    uc_engine *uc;
    uint64_t instructions = 0;
    uint32_t reset;
    double time = -1;

    if (uc_open(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS, &uc) != UC_ERR_OK)
        return -1;
    if (prepare(uc, &instructions, &reset)) {
        double begin = measure_core_time();

        if (uc_emu_start(uc, reset | 1, 0, 0, 0) == UC_ERR_OK)
            time = measure_core_time() - begin;
    }
    uc_close(uc);
    if (time < 0 || instructions < INSTRUCTIONS) {
        fprintf(stderr, "bench: Unicorn does not run the loop\n");
        return -1;
    }
    return (double)instructions / time;
}
