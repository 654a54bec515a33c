/* SPDX-License-Identifier: MIT */
#ifndef STM32L0_SERIAL_H
#define STM32L0_SERIAL_H

/*
 * The 12 hexadecimal digits that ST's ROM shows as USB serial number, so that a host finds the same
 * board in every mode: UID words 0 and 2 added, then the upper half of word 1. Word 2 is taken from
 * +8, where the manual does not put it (ArduinoCore-stm32l0, serials of real boards). Static.
 */
const char *serial_number(void);

#endif
