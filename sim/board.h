/* SPDX-License-Identifier: MIT */
/*
 * The whole board is one plain struct without pointers: snapshot, restore, fork and power cut are
 * copies. Each member belongs to the file of the same name; others use its functions.
 */
#ifndef SIM_BOARD_H
#define SIM_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "l072.h"
#include "simtime.h"
#include "bus.h"
#include "counters.h"
#include "cpu.h"
#include "nvic.h"
#include "part.h"
#include "flash.h"
#include "rcc.h"
#include "pwr.h"
#include "syscfg.h"
#include "crs.h"
#include "rtc.h"
#include "iwdg.h"
#include "wwdg.h"
#include "tim.h"
#include "lptim.h"
#include "crc.h"
#include "rng.h"
#include "gpio.h"
#include "signals.h"
#include "exti.h"
#include "usart.h"
#include "dma.h"
#include "dbgmcu.h"
#include "usb.h"
#include "host.h"
#include "fault.h"

#define FLASH_MAX  (192 * 1024)
#define EEPROM_MAX (6 * 1024)
#define SRAM_MAX   (20 * 1024)
#define ROM_MAX    (8 * 1024)
#define LOG_SIZE   64

/* Why a reset happens: the flags of RCC_CSR (RM0376 RCC_CSR), position as in the register. */
enum reset_cause {
    RESET_FIREWALL = 1 << 24,
    RESET_OPTIONS = 1 << 25,
    RESET_PIN = 1 << 26,
    RESET_POWER = 1 << 27,
    RESET_SOFTWARE = 1 << 28,
    RESET_IWDG = 1 << 29,
    RESET_WWDG = 1 << 30,
    RESET_LOW_POWER = 1u << 31, /* nRST_STOP, nRST_STDBY */
};

struct event_log {
    struct l072_event entry[LOG_SIZE];
    uint32_t head, count;
};

struct board {
    struct time time;
    struct cpu cpu;
    struct nvic nvic;
    struct part part;
    struct flash flash;
    struct rcc rcc;
    struct pwr pwr;
    struct syscfg syscfg;
    struct crs crs;
    struct rtc rtc;
    struct iwdg iwdg;
    struct wwdg wwdg;
    struct tim tim[TIM_COUNT]; /* TIM2, 3, 6, 7, 21, 22 */
    struct lptim lptim;
    struct crc crc;
    struct rng rng;
    struct gpio gpio;
    struct exti exti;
    struct usart usart[USART_COUNT];
    struct dma dma;
    struct dbgmcu dbgmcu;
    struct usb usb;
    struct host host;
    struct faults faults;

    struct counters counters;
    struct signals signals;
    struct event_log log;
    struct l072_stop stop;
    uint32_t reset_request; /* enum reset_cause, 0: none */
    uint32_t random;        /* state of board_random() */
    uint64_t power_on_cycles;
    bool powered, boot0, lenient;

    uint8_t flash_mem[FLASH_MAX];
    uint8_t eeprom[EEPROM_MAX];
    uint8_t option[128]; /* 0x1FF80000: 32 bytes of user options, 96 of factory options */
    uint8_t sram[SRAM_MAX];
    uint8_t rom[ROM_MAX];
};

/*
 * A rule is broken. Strict boards stop, with the current PC and `address`; lenient boards log a
 * warning, and the caller goes on as the chip does. The text names what was done and what to do.
 */
__attribute__((format(printf, 4, 5))) void board_complain(struct board *b, enum l072_stop_kind kind,
                                                          uint32_t address, const char *format,
                                                          ...);
/* Asks for a system reset after the current instruction. */
void board_request_reset(struct board *b, enum reset_cause cause);
/* The CPU must return to the board: stop, reset or a full log. */
bool board_must_return(const struct board *b);
void board_log(struct board *b, enum l072_event_kind kind, uint32_t value, uint32_t detail);

/* Behind the functions of l072.h with the same names. */
void board_power_on(struct board *b);
void board_power_off(struct board *b);
void board_reset(struct board *b, uint32_t causes);
/* All but the RTC domain, IWDG and PWR loses its power. */
void board_enter_standby(struct board *b);
enum l072_why board_run(struct board *b, uint64_t until);
enum l072_why board_step(struct board *b);
/* Next number of the board's own random sequence (xorshift32). */
uint32_t board_random(struct board *b);

#endif
