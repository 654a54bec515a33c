/* SPDX-License-Identifier: MIT */
/* DFU mode: after its start one loop, in RAM. What waits for the flash serves USB meanwhile
 * (flash_wait()). */
#include "../dfu/dfu.h"
#include "../stm32l0/clock.h"
#include "../stm32l0/ram.h"
#include "../usb/usbd.h"
#include "boot.h"

struct dfu boot_dfu;

void flash_wait(void)
{
    IWDG->KR = IWDG_KR_RELOAD; /* in case option bytes have started it */
    usbd_poll();
}

__attribute__((noreturn)) FAR static void serve(void)
{
    for (;;) {
        flash_wait();
        dfu_work(&boot_dfu);
        memory_idle(boot_dfu.state == DFU_IDLE);
    }
}

IN_FLASH void dfu_mode(void)
{
    ram_prepare();
    dfu_init(&boot_dfu, APP_BASE);
    identity_fill_in(memory_init());
    clock_16mhz();
    clock_usb();
    usbd_connect();
    if (BOOT_WRPROT)
        memory_protect(); /* before a host has noticed the device */
    serve();
}
