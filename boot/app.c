/* SPDX-License-Identifier: MIT */
/* The application as the bootloader sees it: see struct seal. */
#include "boot.h"

/* The unit of the chip (RM0376, CRC): with its reset values, and words taken and given bit by bit
 * in reverse, it computes the CRC-32 of zlib but for the last inversion. */
CRC_IN_FLASH uint32_t app_crc(uint32_t length, bool serve)
{
    const uint32_t *word = (const uint32_t *)APP_BASE;
    RCC->AHBENR |= RCC_AHBENR_CRC;
    CRC->CR = CRC_CR_RESET | CRC_CR_REV_IN_WORD | CRC_CR_REV_OUT;
    for (uint32_t i = 0; i < length; i += 4) {
        if (serve && i % FLASH_PAGE_SIZE == 0)
            flash_wait();
        CRC->DR = *word++;
    }
    uint32_t crc = ~CRC->DR;
    if (BOOT_CHECK_CRC) { /* the application finds the chip as after reset */
        RCC->AHBRSTR = RCC_AHBENR_CRC;
        RCC->AHBRSTR = 0;
        RCC->AHBENR = RCC_AHBENR_RESET;
    }
    return crc;
}

IN_FLASH bool app_sealed(void)
{
    return SEAL->length == ~SEAL->not_length && SEAL->crc == ~SEAL->not_crc;
}

IN_FLASH bool app_valid(void)
{
    /* The reset vector is code (bit 0) of the application. */
    return app_sealed() && APP->reset - APP_BASE - 1 < SEAL->length && (APP->reset & 1) &&
           (!BOOT_CHECK_CRC || app_crc(SEAL->length, false) == SEAL->crc);
}
