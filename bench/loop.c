/* SPDX-License-Identifier: MIT */
/*
 * What `make bench` runs: a CRC-32 bit by bit and an insertion sort, in turn, for ever. With
 * INTERRUPTS the clock is 16 MHz (no wait state, as after reset), SysTick interrupts every
 * millisecond, and a USB device answers whatever the host asks for.
 */
#include <stdint.h>

#include "stm32l0/clock.h"
#include "stm32l0/regs.h"
#include "usb/usbd.h"

#ifndef INTERRUPTS
#define INTERRUPTS 0
#endif

#define WORDS 64

static volatile uint32_t ticks, result;
static uint32_t words[WORDS];

static uint32_t crc32(const uint32_t *data, unsigned count)
{
    uint32_t crc = ~0u;

    for (unsigned i = 0; i < count; i++) {
        crc ^= data[i];
        for (unsigned bit = 0; bit < 32; bit++)
            crc = crc >> 1 ^ ((crc & 1) ? 0xEDB88320u : 0);
    }
    return ~crc;
}

static void sort(uint32_t *data, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        uint32_t value = data[i];
        unsigned at = i;

        for (; at > 0 && data[at - 1] > value; at--)
            data[at] = data[at - 1];
        data[at] = value;
    }
}

void SysTick_Handler(void)
{
    ticks++;
}

#if INTERRUPTS
_Alignas(2) static const uint8_t device[] = {
    USB_DEVICE_DESCRIPTOR(0x0200, USBD_EP0_SIZE, 0x1209, 0x0001, 0x0100, 0, 0, 0),
};

const uint8_t *usb_descriptor(uint8_t type, uint8_t index)
{
    (void)index;
    return type == USB_DEVICE ? device : 0;
}

const char *usb_string(uint8_t index)
{
    (void)index;
    return 0;
}

int usb_request(const struct usb_setup *setup, uint8_t **data)
{
    (void)setup;
    (void)data;
    return USBD_STALL;
}

void usb_request_done(const struct usb_setup *setup)
{
    (void)setup;
}

void USB_IRQHandler(void)
{
    usbd_poll();
}

static void start_interrupts(void)
{
    clock_16mhz();
    clock_usb();
    SYSTICK->RVR = 16000 - 1;
    SYSTICK->CVR = 0;
    SYSTICK->CSR = SYSTICK_CSR_CLKSOURCE | SYSTICK_CSR_TICKINT | SYSTICK_CSR_ENABLE;
    usbd_connect();
    NVIC->ISER = 1u << IRQ_USB;
}
#else
static void start_interrupts(void)
{
}
#endif

int main(void)
{
    uint32_t seed = 1;

    start_interrupts();
    for (;;) {
        for (unsigned i = 0; i < WORDS; i++)
            words[i] = seed = seed * 1664525u + 1013904223u;
        sort(words, WORDS);
        result = crc32(words, WORDS);
    }
}
