/* SPDX-License-Identifier: MIT */
/* The serial number that ST's ROM shows, so that a host finds the same device in every mode. */
#ifndef STM32L0_SERIAL_H
#define STM32L0_SERIAL_H

#define SERIAL_DIGITS 12

/* Twelve hexadecimal digits made from the unique ID, into text[0] to text[11]. */
void serial_number(char *text);

#endif
