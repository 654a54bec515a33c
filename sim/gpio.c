/* SPDX-License-Identifier: MIT */
/*
 * Not modelled: alternate functions as outputs (such a pin shows its pull), speed, contention.
 * Simplified: every port has 16 pins but H, which has PH0 and PH1; an outside driver wins over the
 * pin's own output; an output that is neither driven nor pulled reads low.
 * Unconfirmed, and how it is read here:
 * - Of the two halves of BSRR the one that sets wins.
 */
#include "board.h"

enum {
    GPIO_MODER = 0x00,
    GPIO_OTYPER = 0x04,
    GPIO_OSPEEDR = 0x08,
    GPIO_PUPDR = 0x0C,
    GPIO_IDR = 0x10,
    GPIO_ODR = 0x14,
    GPIO_BSRR = 0x18,
    GPIO_LCKR = 0x1C,
    GPIO_AFRL = 0x20,
    GPIO_AFRH = 0x24,
    GPIO_BRR = 0x28
};
enum { MODE_INPUT, MODE_OUTPUT, MODE_ALTERNATE, MODE_ANALOG };
enum { PULL_UP = 1 };

#define LCKR_LCKK  UINT32_C(0x00010000)
#define LOCK_STEPS 3 /* write LCKK = 1, 0, 1 with the same pins (RM0376 GPIOx_LCKR) */

/* RM0376 GPIO register map: port A wakes up with the debug pins in use. */
#define MODER_RESET   UINT32_C(0xFFFFFFFF)
#define MODER_RESET_A UINT32_C(0xEBFFFCFF)
#define PUPDR_RESET_A UINT32_C(0x24000000)

static bool pin_level(const struct gpio_port *p, unsigned pin)
{
    unsigned mode = p->moder >> 2 * pin & 3;
    bool out = p->odr >> pin & 1;
    bool open_drain = p->otyper >> pin & 1;

    if (mode == MODE_ANALOG)
        return false;
    if (p->driven >> pin & 1)
        return p->drive_level >> pin & 1;
    if (mode == MODE_OUTPUT && !(open_drain && out))
        return out;
    return (p->pupdr >> 2 * pin & 3) == PULL_UP;
}

/* Works out the input levels again, and reports those that changed. */
static void update(struct board *b, unsigned port)
{
    struct gpio_port *p = &b->gpio.port[port];

    for (unsigned pin = 0; pin < 16; pin++) {
        bool level = pin_level(p, pin);

        if (level == (p->idr >> pin & 1))
            continue;
        p->idr = (uint16_t)(p->idr ^ 1u << pin);
        exti_pin_changed(b, port, pin, level);
    }
    signals_update(b);
}

void gpio_power_on(struct board *b)
{
    for (unsigned port = 0; port < GPIO_PORTS; port++)
        b->gpio.port[port].driven = 0;
}

void gpio_port_reset(struct board *b, unsigned port)
{
    struct gpio_port *p = &b->gpio.port[port];

    *p = (struct gpio_port){
        .moder = port == 0 ? MODER_RESET_A : MODER_RESET,
        .pupdr = port == 0 ? PUPDR_RESET_A : 0,
        .driven = p->driven,
        .drive_level = p->drive_level,
        .idr = p->idr,
    };
    update(b, port);
}

void gpio_reset(struct board *b)
{
    for (unsigned port = 0; port < GPIO_PORTS; port++)
        gpio_port_reset(b, port);
}

/* "PA0" ... "PE15", "PH0", "PH1". */
static bool parse_pin(const char *name, unsigned *port, unsigned *pin)
{
    unsigned number = 0;

    if (name[0] != 'P' || !((name[1] >= 'A' && name[1] <= 'E') || name[1] == 'H'))
        return false;
    *port = (unsigned)(name[1] - 'A');
    name += 2;
    if (!*name || (name[0] == '0' && name[1]))
        return false;
    for (; *name; name++) {
        if (*name < '0' || *name > '9' || number > 15)
            return false;
        number = 10 * number + (unsigned)(*name - '0');
    }
    *pin = number;
    return number <= (*port == 7 ? 1 : 15);
}

int gpio_drive(struct board *b, const char *pin, bool level)
{
    unsigned port, number;
    struct gpio_port *p;

    if (!parse_pin(pin, &port, &number))
        return L072_ERR_NAME;
    p = &b->gpio.port[port];
    if (level && !(p->driven & p->drive_level & 1u << number))
        pwr_pin_rises(b, port, number);
    p->driven = (uint16_t)(p->driven | 1u << number);
    p->drive_level = (uint16_t)((p->drive_level & ~(1u << number)) | (unsigned)level << number);
    update(b, port);
    return 0;
}

/* ---- Registers ------------------------------------------------------------------------------- */

/* One bit a pin, widened to fields of `width` bits; `pins` below 2^(32 / width). */
static uint32_t widen(uint32_t pins, unsigned width)
{
    uint32_t fields = 0;

    for (unsigned pin = 0; pin < 32 / width; pin++)
        if (pins >> pin & 1)
            fields |= ((1u << width) - 1) << width * pin;
    return fields;
}

/* Any write that breaks the sequence starts it anew; a locked port stays so until reset. */
static void write_lckr(struct gpio_port *p, uint32_t value)
{
    bool key = value & LCKR_LCKK;
    bool same = (value & 0xFFFF) == (p->lckr & 0xFFFF);

    if (p->lckr & LCKR_LCKK)
        return;
    if (p->lock_step && !same)
        p->lock_step = 0;
    p->lock_step = key == (p->lock_step != 1) ? (uint8_t)(p->lock_step + 1) : 0;
    p->lckr = value & 0xFFFF;
    if (p->lock_step == LOCK_STEPS)
        p->lckr |= LCKR_LCKK;
}

static void no_register(struct board *b, unsigned port, uint32_t offset)
{
    const char name[] = {'G', 'P', 'I', 'O', (char)('A' + port), '\0'};

    bus_no_register(b, name, offset);
}

uint32_t gpio_read(struct board *b, unsigned port, uint32_t offset)
{
    const struct gpio_port *p = &b->gpio.port[port];

    switch (offset) {
    case GPIO_MODER: return p->moder;
    case GPIO_OTYPER: return p->otyper;
    case GPIO_OSPEEDR: return p->ospeedr;
    case GPIO_PUPDR: return p->pupdr;
    case GPIO_IDR: return p->idr;
    case GPIO_ODR: return p->odr;
    case GPIO_LCKR: return p->lckr;
    case GPIO_AFRL: return p->afr[0];
    case GPIO_AFRH: return p->afr[1];
    case GPIO_BSRR:
    case GPIO_BRR: return 0;
    default: no_register(b, port, offset); return 0;
    }
}

void gpio_write(struct board *b, unsigned port, uint32_t offset, uint32_t value, uint32_t mask)
{
    struct gpio_port *p = &b->gpio.port[port];
    uint32_t locked = (p->lckr & LCKR_LCKK) ? p->lckr & 0xFFFF : 0;
    uint32_t bits = value & mask;

    switch (offset) {
    case GPIO_MODER: bus_merge(&p->moder, value, mask & ~widen(locked, 2)); break;
    case GPIO_OTYPER: bus_merge(&p->otyper, value, mask & 0xFFFF & ~locked); break;
    case GPIO_OSPEEDR: bus_merge(&p->ospeedr, value, mask & ~widen(locked, 2)); break;
    case GPIO_PUPDR: bus_merge(&p->pupdr, value, mask & ~widen(locked, 2)); break;
    case GPIO_IDR: break;
    case GPIO_ODR: bus_merge(&p->odr, value, mask & 0xFFFF); break;
    case GPIO_BSRR: p->odr = (p->odr & ~(bits >> 16)) | (bits & 0xFFFF); break;
    case GPIO_LCKR: write_lckr(p, bits); break;
    case GPIO_AFRL: bus_merge(&p->afr[0], value, mask & ~widen(locked & 0xFF, 4)); break;
    case GPIO_AFRH: bus_merge(&p->afr[1], value, mask & ~widen(locked >> 8, 4)); break;
    case GPIO_BRR: p->odr &= ~bits; break;
    default: no_register(b, port, offset); break;
    }
    update(b, port);
}
