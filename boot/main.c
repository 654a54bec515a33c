/* SPDX-License-Identifier: MIT */
/*
 * What happens at reset. DFU mode is entered when
 *   - somebody asks for it: dfuse_RunBootloader() of an application, in RAM or in the RTC;
 *   - the pin of config.h has its level, or a second reset follows soon (a build option);
 *   - there is no complete application.
 * Otherwise the application starts, on a chip that is as after reset.
 */
#include "boot.h"

/* Takes a request back, so that the next reset finds none. */
IN_FLASH static bool take_request(volatile uint32_t *request)
{
    if (request[0] != BOOT_REQUEST || request[1] != ~BOOT_REQUEST)
        return false;
    RCC->APB1ENR |= RCC_APB1ENR_PWR;
    PWR->CR |= PWR_CR_DBP; /* for the RTC's backup registers */
    request[0] = 0;
    return true;
}

#if BOOT_DOUBLE_RESET
/* A reset that comes while this waits finds a request. */
IN_FLASH static bool reset_twice(void)
{
    leave_request();
    core_delay(BOOT_DOUBLE_RESET * 2097u / 4); /* MSI, as after reset */
    RAM_REQUEST[0] = 0;
    return false;
}
#else
#define reset_twice() false
#endif

#if BOOT_PIN >= 0
/* 20 us at the 2.1 MHz of reset: a pull of 65 kOhm (datasheet, R_PU) charges 100 pF three times. */
#define PIN_SETTLES (20 * 21 / 10 / 3)

IN_FLASH static bool pin_active(void)
{
    RCC->IOPENR = 1u << BOOT_PIN_PORT;
    GPIO(BOOT_PIN_PORT)->PUPDR = (BOOT_PIN_LEVEL ? 2u : 1u) << 2 * BOOT_PIN;
    GPIO(BOOT_PIN_PORT)->MODER &= ~(3u << 2 * BOOT_PIN);
    core_delay(PIN_SETTLES);
    bool active = (GPIO(BOOT_PIN_PORT)->IDR >> BOOT_PIN & 1) == BOOT_PIN_LEVEL;
    RCC->IOPRSTR = 1u << BOOT_PIN_PORT;
    RCC->IOPRSTR = 0;
    RCC->IOPENR = 0;
    return active;
}
#else
#define pin_active() false
#endif

__attribute__((noreturn)) IN_FLASH static void start_application(void)
{
    SCB->VTOR = APP_BASE;
    core_start(APP->sp, APP->reset);
}

__attribute__((noreturn, used)) IN_FLASH void boot(void)
{
    bool asked = take_request(RAM_REQUEST);
    asked |= take_request(RTC->BKPR);
    if (asked || reset_twice() || pin_active() || !app_valid())
        dfu_mode();
    start_application();
}
