/* SPDX-License-Identifier: MIT */
/* What must hold after each request. */
#include <string.h>

#include "resident.h"

/* ---- States ---------------------------------------------------------------------------------- */

/* In which a request is allowed. */
static const unsigned allowed[] = {
    [DFU_DETACH] = 0,
    [DFU_DNLOAD] = SET(DFU_IDLE) | SET(DFU_DNLOAD_IDLE),
    [DFU_UPLOAD] = SET(DFU_IDLE) | SET(DFU_UPLOAD_IDLE),
    [DFU_GETSTATUS] = ALL_SET,
    [DFU_CLRSTATUS] = SET(DFU_IDLE) | SET(DFU_DNLOAD_IDLE) | SET(DFU_UPLOAD_IDLE) | SET(DFU_ERROR),
    [DFU_GETSTATE] = ALL_SET,
    [DFU_ABORT] = SET(DFU_IDLE) | SET(DFU_DNLOAD_SYNC) | SET(DFU_DNLOAD_IDLE) |
                  SET(DFU_MANIFEST_SYNC) | SET(DFU_UPLOAD_IDLE),
};

/* What GETSTATUS may tell. */
static const unsigned told[] = {
    [DFU_IDLE] = SET(DFU_IDLE),
    [DFU_DNLOAD_SYNC] = SET(DFU_DNBUSY) | SET(DFU_DNLOAD_IDLE),
    [DFU_DNBUSY] = SET(DFU_DNBUSY),
    [DFU_DNLOAD_IDLE] = SET(DFU_DNLOAD_IDLE),
    [DFU_MANIFEST_SYNC] = SET(DFU_MANIFEST),
    [DFU_MANIFEST] = SET(DFU_MANIFEST),
    [DFU_UPLOAD_IDLE] = SET(DFU_UPLOAD_IDLE),
    [DFU_ERROR] = SET(DFU_ERROR),
};

/* With those that follow by themselves, as work ends. */
static unsigned in_time(unsigned states)
{
    if (states & SET(DFU_DNBUSY))
        states |= SET(DFU_DNLOAD_SYNC) | SET(DFU_ERROR);
    if (states & SET(DFU_MANIFEST))
        states |= SET(DFU_ERROR);
    return states;
}

static unsigned all_told(unsigned states)
{
    unsigned all = 0;

    for (unsigned state = DFU_IDLE; state <= DFU_ERROR; state++)
        if (states & SET(state))
            all |= told[state];
    return all;
}

static void status_told(struct fuzz *f, const uint8_t *status, uint32_t size)
{
    uint8_t state = size > 4 ? status[4] : DFU_IDLE;

    if (size > 4 && (state > DFU_ERROR || !(all_told(f->states) & SET(state))))
        found(f, "bState %u after the states 0x%X", state, f->states);
    if (size > 4 && (status[0] != DFU_OK) != (state == DFU_ERROR))
        found(f, "bStatus %u in bState %u", status[0], state);
    f->states = size > 4 ? in_time(SET(state)) : ALL_SET;
}

static void accepted(struct fuzz *f, const struct request *r, uint32_t size)
{
    uint16_t length = (uint16_t)(r->setup[6] | r->setup[7] << 8);

    if (!(allowed[r->setup[1]] & f->states))
        found(f, "request %u is accepted in the states 0x%X", r->setup[1], f->states);
    switch (r->setup[1]) {
    case DFU_DNLOAD: f->states = length ? SET(DFU_DNLOAD_SYNC) : SET(DFU_MANIFEST_SYNC); break;
    case DFU_UPLOAD: f->states = size < length ? SET(DFU_IDLE) : SET(DFU_UPLOAD_IDLE); break;
    case DFU_GETSTATUS: status_told(f, r->data, size); break;
    case DFU_GETSTATE:
        if (size && (r->data[0] > DFU_ERROR || !(f->states & SET(r->data[0]))))
            found(f, "GETSTATE %u in the states 0x%X", r->data[0], f->states);
        break;
    default: f->states = SET(DFU_IDLE); break; /* ABORT, CLRSTATUS */
    }
}

void follow(struct fuzz *f, const struct request *r, enum l072_urb_status status, uint32_t size)
{
    bool dfu = (r->setup[0] & 0x7F) == OUT && r->setup[4] == 0 && r->setup[5] == 0;

    f->answered += status == L072_URB_OK;
    f->stalled += status == L072_URB_STALL;
    if (!dfu)
        return;
    if (status == L072_URB_OK && r->setup[1] > DFU_ABORT)
        found(f, "class request %u is accepted", r->setup[1]);
    else if (status == L072_URB_OK)
        accepted(f, r, size);
    else if (status != L072_URB_STALL || r->setup[1] == DFU_ABORT || r->setup[1] == DFU_CLRSTATUS)
        f->states = ALL_SET;
    else /* but work that goes on owns the state */
        f->states = SET(DFU_ERROR) | ((f->states & BUSY_SET) ? f->states : 0);
}

/* ---- The memories ---------------------------------------------------------------------------- */

void remember(struct fuzz *f)
{
    struct l072_geometry g;

    l072_get_geometry(f->board, &g);
    f->flash_size = g.flash_size;
    f->eeprom_size = g.eeprom_size;
    l072_peek(f->board, FLASH_BASE, f->boot, sizeof f->boot);
    l072_peek(f->board, EEPROM_BASE, f->eeprom, f->eeprom_size);
    l072_peek(f->board, OPTION_BASE, f->option, sizeof f->option);
}

static void check_memory(struct fuzz *f, uint32_t address, const uint8_t *was, uint32_t size)
{
    uint8_t is[sizeof f->boot + sizeof f->eeprom];

    l072_peek(f->board, address, is, size);
    if (memcmp(is, was, size) != 0)
        found(f, "memory at 0x%08X has changed", address);
}

void check(struct fuzz *f)
{
    uint32_t optr = 0;

    if (l072_stop(f->board)->kind != L072_STOP_NONE)
        found(f, "stopped at 0x%08X: %s", l072_stop(f->board)->pc, l072_stop(f->board)->reason);
    check_memory(f, FLASH_BASE, f->boot, sizeof f->boot);
    if (!(f->alternates & SET(ALTERNATE_EEPROM)))
        check_memory(f, EEPROM_BASE, f->eeprom, f->eeprom_size);
    check_memory(f, OPTION_BASE, f->option,
                 (f->alternates & SET(ALTERNATE_OPTIONS)) ? 4 : sizeof f->option);
    l072_read(f->board, (uint32_t)(uintptr_t)&FLASH->OPTR, 4, &optr);
    if ((optr & 0xFF) != FLASH_OPTR_RDP_0)
        found(f, "RDP is 0x%02X", optr & 0xFF);
}
