/* SPDX-License-Identifier: MIT */
/* DFU mode: one loop. What waits for the flash serves USB meanwhile (flash_wait()). */
#include "../dfu/dfu.h"
#include "../stm32l0/clock.h"
#include "../stm32l0/flash.h"
#include "../usb/usbd.h"
#include "boot.h"

struct dfu boot_dfu;

void flash_wait(void)
{
    IWDG->KR = IWDG_KR_RELOAD; /* in case option bytes have started it */
    usbd_poll();
}

void dfu_mode(void)
{
    dfu_init(&boot_dfu, APP_BASE);
    identity_fill_in();
    clock_16mhz();
    clock_usb();
    usbd_connect();
    for (;;) {
        flash_wait();
        dfu_work(&boot_dfu);
        if (boot_dfu.state == DFU_IDLE)
            memory_settle();
    }
}
