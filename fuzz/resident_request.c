/* SPDX-License-Identifier: MIT */
/* Requests: those that fit, those that do not, and those that are none. */
#include <string.h>

#include "resident.h"
#include "usb/ch9.h"

static void set_up(struct request *r, uint8_t type, uint8_t code, uint32_t value, uint32_t index,
                   uint32_t length)
{
    const uint8_t setup[8] = {type,
                              code,
                              (uint8_t)value,
                              (uint8_t)(value >> 8),
                              (uint8_t)index,
                              (uint8_t)(index >> 8),
                              (uint8_t)length,
                              (uint8_t)(length >> 8)};

    memcpy(r->setup, setup, sizeof setup);
}

static uint32_t any_address(struct fuzz *f)
{
    const uint32_t edges[] = {FLASH_BASE,  SEAL_BASE,
                              APP_BASE,    FLASH_BASE + f->flash_size,
                              EEPROM_BASE, EEPROM_BASE + f->eeprom_size,
                              OPTION_BASE, OPTION_BASE + 20,
                              0x1FF80050,  0x1FF80080,
                              0,           0x20000000,
                              0x40022000,  0xFFFFFFFC};
    static const uint32_t steps[] = {0, 0, 0, 0, 1, 2, 4, 64, 128, 256, 1024, 4096};
    uint32_t step = steps[below(f, sizeof steps / sizeof steps[0])];

    if (one_in(f, 2))
        return APP_BASE + below(f, f->flash_size) / 64 * 64;
    return edges[below(f, sizeof edges / sizeof edges[0])] + (one_in(f, 2) ? step : 0 - step);
}

static uint32_t any_length(struct fuzz *f)
{
    static const uint16_t lengths[] = {1,
                                       2,
                                       4,
                                       5,
                                       20,
                                       63,
                                       64,
                                       65,
                                       128,
                                       256,
                                       512,
                                       1024,
                                       2047,
                                       DFU_TRANSFER_SIZE,
                                       DFU_TRANSFER_SIZE + 1,
                                       L072_URB_MAX};

    return one_in(f, 3) ? 4 + 4 * below(f, 64)
                        : lengths[below(f, sizeof lengths / sizeof lengths[0])];
}

static void command(struct fuzz *f, struct request *r)
{
    static const uint8_t commands[] = {DFUSE_SET_ADDRESS,
                                       DFUSE_SET_ADDRESS,
                                       DFUSE_SET_ADDRESS,
                                       DFUSE_ERASE,
                                       DFUSE_ERASE,
                                       DFUSE_READ_UNPROTECT,
                                       0x55};
    uint32_t address = any_address(f);
    uint32_t length = one_in(f, 20) ? below(f, 8) : 5;

    if (one_in(f, 50))
        length = 1;
    set_up(r, OUT, DFU_DNLOAD, 0, 0, length);
    r->data[0] = commands[below(f, sizeof commands)];
    for (unsigned i = 0; i < 4; i++)
        r->data[1 + i] = (uint8_t)(address >> 8 * i);
}

/* Random, the same byte again, or what an erased page has. With the option bytes among the targets,
 * BFB2 is left alone: with it, the hardware starts what is in bank 2. */
static void fill(struct fuzz *f, struct request *r)
{
    uint32_t how = below(f, 3), byte = below(f, 256);

    for (uint32_t i = 0; i < sizeof r->data; i++) {
        r->data[i] = (uint8_t)(how == 0 ? next(f) : how == 1 ? byte : 0);
        if (f->alternates & SET(ALTERNATE_OPTIONS) && i % 4 == 0)
            r->data[i] = i == 0 ? FLASH_OPTR_RDP_0 : r->data[i] & 0x7F;
    }
}

static void download(struct fuzz *f, struct request *r)
{
    set_up(r, OUT, DFU_DNLOAD, one_in(f, 2) ? 2 : below(f, 6), 0, any_length(f));
    fill(f, r);
}

static void get_status(struct fuzz *f, struct request *r)
{
    (void)f;
    set_up(r, IN, DFU_GETSTATUS, 0, 0, DFU_STATUS_SIZE);
}

static void get_state(struct fuzz *f, struct request *r)
{
    (void)f;
    set_up(r, IN, DFU_GETSTATE, 0, 0, 1);
}

static void upload(struct fuzz *f, struct request *r)
{
    set_up(r, IN, DFU_UPLOAD, one_in(f, 2) ? 2 : below(f, 6), 0, any_length(f));
}

static void abort_work(struct fuzz *f, struct request *r)
{
    (void)f;
    set_up(r, OUT, DFU_ABORT, 0, 0, 0);
}

static void clear_status(struct fuzz *f, struct request *r)
{
    (void)f;
    set_up(r, OUT, DFU_CLRSTATUS, 0, 0, 0);
}

static void leave(struct fuzz *f, struct request *r)
{
    set_up(r, OUT, DFU_DNLOAD, below(f, 4), 0, 0);
}

static void alternate(struct fuzz *f, struct request *r)
{
    set_up(r, 0x01, USB_SET_INTERFACE, below(f, ALTERNATES + 1), 0, 0);
}

static void descriptor(struct fuzz *f, struct request *r)
{
    set_up(r, 0x80, USB_GET_DESCRIPTOR, below(f, 16) << 8 | below(f, 10), 0, below(f, 512));
}

static void vendor(struct fuzz *f, struct request *r)
{
    set_up(r, 0xC0, one_in(f, 4) ? (uint8_t)below(f, 256) : BOOT_VENDOR_CODE, 0, below(f, 9),
           below(f, 512));
}

static void anything(struct fuzz *f, struct request *r)
{
    for (unsigned i = 0; i < sizeof r->setup; i++)
        r->setup[i] = (uint8_t)next(f);
    fill(f, r);
}

/* What a host does that follows the states. */
static void fitting(struct fuzz *f, struct request *r)
{
    if (f->states & (SET(DFU_DNLOAD_SYNC) | SET(DFU_MANIFEST_SYNC) | BUSY_SET))
        get_status(f, r);
    else if (f->states == SET(DFU_ERROR))
        clear_status(f, r);
    else if (one_in(f, 2))
        command(f, r);
    else
        download(f, r);
}

static const struct kind {
    uint32_t weight; /* of 100 */
    void (*make)(struct fuzz *f, struct request *r);
} kinds[] = {
    {50, fitting     },
    {8,  get_status  },
    {5,  get_state   },
    {5,  command     },
    {5,  download    },
    {7,  upload      },
    {4,  abort_work  },
    {4,  clear_status},
    {1,  leave       },
    {4,  alternate   },
    {3,  descriptor  },
    {2,  vendor      },
    {2,  anything    },
};

/* What the harness relies on: its address, the memories of this round, what fits into a URB. */
static void keep_in_bounds(const struct fuzz *f, struct request *r)
{
    uint8_t *setup = r->setup;

    if (setup[7] >= L072_URB_MAX >> 8)
        setup[7] = (L072_URB_MAX >> 8) - 1;
    if (setup[0] == 0x00 && setup[1] == USB_SET_ADDRESS)
        setup[2] = ADDRESS;
    if (setup[0] == 0x01 && setup[1] == USB_SET_INTERFACE && setup[2] < ALTERNATES &&
        !(f->alternates >> setup[2] & 1))
        setup[2] = ALTERNATE_FLASH;
}

void make_request(struct fuzz *f, struct request *r)
{
    const struct kind *kind = kinds;

    for (uint32_t dice = below(f, 100); dice >= kind->weight; kind++)
        dice -= kind->weight;
    kind->make(f, r);
    if (one_in(f, 12))
        r->setup[below(f, sizeof r->setup)] = (uint8_t)next(f);
    keep_in_bounds(f, r);
}
