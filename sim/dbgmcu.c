/* SPDX-License-Identifier: MIT */
/* Not modelled: the debugger; the registers only keep their bits. */
#include "board.h"

enum { DBGMCU_IDCODE = 0x0, DBGMCU_CR = 0x4, DBGMCU_APB1_FZ = 0x8, DBGMCU_APB2_FZ = 0xC };

#define CR_WRITE      UINT32_C(0x00000007) /* DBG_SLEEP, DBG_STOP, DBG_STANDBY */
#define APB1_FZ_WRITE UINT32_C(0x80E01C33)
#define APB2_FZ_WRITE UINT32_C(0x00000024)

void dbgmcu_reset(struct board *b)
{
    b->dbgmcu = (struct dbgmcu){0};
}

uint32_t dbgmcu_read(struct board *b, uint32_t offset)
{
    switch (offset) {
    case DBGMCU_IDCODE: return b->part.idcode;
    case DBGMCU_CR: return b->dbgmcu.cr;
    case DBGMCU_APB1_FZ: return b->dbgmcu.apb1_fz;
    case DBGMCU_APB2_FZ: return b->dbgmcu.apb2_fz;
    default: bus_no_register(b, "DBGMCU", offset); return 0;
    }
}

void dbgmcu_write(struct board *b, uint32_t offset, uint32_t value, uint32_t mask)
{
    switch (offset) {
    case DBGMCU_IDCODE: break;
    case DBGMCU_CR: bus_merge(&b->dbgmcu.cr, value, mask & CR_WRITE); break;
    case DBGMCU_APB1_FZ: bus_merge(&b->dbgmcu.apb1_fz, value, mask & APB1_FZ_WRITE); break;
    case DBGMCU_APB2_FZ: bus_merge(&b->dbgmcu.apb2_fz, value, mask & APB2_FZ_WRITE); break;
    default: bus_no_register(b, "DBGMCU", offset); break;
    }
}
