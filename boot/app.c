/* SPDX-License-Identifier: MIT */
/* The application as the bootloader sees it: see struct seal. */
#include "boot.h"

/* The unit of the chip (RM0376, CRC): with its reset values, and words taken and given bit by bit
 * in reverse, it computes the CRC-32 of zlib but for the last inversion. */
IN_FLASH uint32_t app_crc(uint32_t length)
{
    const uint32_t *word = (const uint32_t *)APP_BASE;
    RCC->AHBENR |= RCC_AHBENR_CRC;
    CRC->CR = CRC_CR_RESET | CRC_CR_REV_IN_WORD | CRC_CR_REV_OUT;
    for (uint32_t i = 0; i < length; i += 4)
        CRC->DR = *word++;
    uint32_t crc = ~CRC->DR;
    RCC->AHBRSTR = RCC_AHBENR_CRC;
    RCC->AHBRSTR = 0;
    RCC->AHBENR = RCC_AHBENR_RESET;
    return crc;
}

IN_FLASH bool app_sealed(void)
{
    return SEAL->length == ~SEAL->not_length && SEAL->crc == ~SEAL->not_crc;
}

IN_FLASH bool app_valid(void)
{
    const uint32_t *vectors = (const uint32_t *)APP_BASE;
    /* The reset vector is code (bit 0) of the application. */
    return app_sealed() && (vectors[1] - APP_BASE - 1) < SEAL->length && vectors[1] & 1 &&
           (!BOOT_CHECK_CRC || app_crc(SEAL->length) == SEAL->crc);
}
