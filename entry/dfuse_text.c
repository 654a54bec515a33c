/* SPDX-License-Identifier: MIT */
#include "dfuse.h"

const char *dfuse_ReasonText(enum dfuse_Reason reason)
{
    switch (reason) {
    case DFUSE_READY: return "nothing is in the way of ROM DFU";
    case DFUSE_BANK1_VISIBLE: return "bank 1 is visible to the ROM: hide the image (dfuse hide)";
    case DFUSE_BANK2_VISIBLE: return "word 0 of bank 2 looks like a stack pointer to the ROM";
    case DFUSE_NO_ROM_DFU: return "the ROM of this part has no USB DFU";
    case DFUSE_RDP_LEVEL_2: return "readout protection level 2 locks the ROM out";
    case DFUSE_NO_LATCH: return "this part has one flash bank, so no BFB2 to latch DFU with";
    case DFUSE_LATCH_FAILED: return "option bit BFB2 did not take its new value";
    case DFUSE_NO_RESIDENT: return "there is no resident bootloader";
    }
    return "unknown reason";
}
