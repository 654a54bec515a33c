/* SPDX-License-Identifier: MIT */
/* What the example expects of a board: two buttons and a serial line. */
#ifndef EXAMPLE_BOARD_H
#define EXAMPLE_BOARD_H

#include <stdbool.h>

/* SysTick each millisecond, PA0 and PA1 as inputs with pull-down, USART2 on PA2. Clock: 16 MHz. */
void board_init(void);
/* True once for each press of the button at PA0 or PA1; not for one that was held at the start. */
bool board_button(unsigned pin);
/* Waits until the text is in the transmitter: 87 us a character. */
void board_print(const char *text);

#endif
