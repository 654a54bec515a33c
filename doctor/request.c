/* SPDX-License-Identifier: MIT */
#include "request.h"

#include <stdio.h>

#include "dfuhost.h"

#define READY_PS (2 * L072_PS_PER_S) /* until the host has the device ready */
#define PORTS    6                   /* USART1 to 5, and LPUART1 */

bool request_is_power_on(const struct request *request)
{
    return request->how == REQUEST_POWER_ON ||
           (request->how == REQUEST_PRESS && request->hold_ps == REQUEST_HELD);
}

void request_prepare(const struct request *request, struct l072 *board)
{
    bool held = request->hold_ps == REQUEST_HELD;
    if (request->how == REQUEST_PRESS) /* the caller checked the pin */
        (void)l072_drive_pin(board, request->pin, request->level == held);
}

static void press(const struct request *request, struct watch *w)
{
    (void)l072_drive_pin(w->board, request->pin, request->level);
    watch_request(w);
    watch_run(w, request->hold_ps);
    (void)l072_drive_pin(w->board, request->pin, !request->level);
}

static void send(const char *text, struct watch *w)
{
    watch_request(w);
    for (; *text; text++) {
        for (unsigned port = 0; port < PORTS; port++)
            (void)l072_uart_receive(w->board, port, (uint8_t)*text); /* those that listen */
        watch_run(w, 2 * L072_PS_PER_MS);
    }
}

static bool detach(struct watch *w)
{
    bool ready = usb_device_wait(&w->device, READY_PS) && dfuhost_in_runtime(&w->device);
    watch_request(w);
    if (ready)
        (void)dfuhost_detach(&w->device); /* what comes of it is watched */
    return ready;
}

bool request_make(const struct request *request, struct watch *watch)
{
    if (request->how == REQUEST_DETACH)
        return detach(watch);
    if (request->how == REQUEST_CALL)
        watch_call(watch, request->function);
    else if (request->how == REQUEST_UART)
        send(request->text, watch);
    else if (request_is_power_on(request))
        watch_request(watch);
    else
        press(request, watch);
    return true;
}

/* ---- Inputs (RM0376, GPIO) ------------------------------------------------------------------- */

#define RCC_IOPENR  0x4002102Cu
#define GPIO(port)  (0x50000000u + 0x400 * (port))
#define PUPDR(port) (GPIO(port) + 0x0C)
#define GPIO_PORTS  8 /* A to H; F and G there are not */

enum { MODE_INPUT = 0, PULL_NONE = 0, PULL_UP = 1 };

size_t request_inputs(struct l072 *board, bool floating, struct request *list, size_t room)
{
    size_t count = 0;
    uint32_t clocks = chip_word(board, RCC_IOPENR);
    for (unsigned pin = 0; pin < GPIO_PORTS * 16; pin++) {
        unsigned port = pin / 16, shift = 2 * (pin % 16);
        if (!(clocks >> port & 1) || (chip_word(board, GPIO(port)) >> shift & 3) != MODE_INPUT)
            continue;
        unsigned pull = chip_word(board, PUPDR(port)) >> shift & 3;
        for (int level = floating ? 0 : 1; level >= 0 && count < room; level--) {
            struct request found = {REQUEST_PRESS, .level = level, .hold_ps = REQUEST_SHORT_PS};
            if (pull != PULL_NONE && (floating || level == (pull == PULL_UP)))
                continue;
            snprintf(found.pin, sizeof found.pin, "P%c%u", 'A' + port, pin % 16);
            list[count++] = found;
        }
    }
    return count;
}
