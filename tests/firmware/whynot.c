/* SPDX-License-Identifier: MIT */
/* Calls the entry library step by step, and reports each step: for tests/board/test_entry.c. */
#include "tests/firmware/whynot.h"

#include "dfuse.h"

int main(void)
{
    volatile struct whynot_report *report = (volatile struct whynot_report *)WHYNOT_REPORT;

    report->phase = WHYNOT_STARTED;
    dfuse_CheckAndRun();
    report->phase = WHYNOT_CHECKED;
    report->reason = dfuse_WhyNot();
    report->phase = WHYNOT_ASKED;
    if (report->wish == WISH_ONCE)
        dfuse_RunBootloader();
    if (report->wish == WISH_LATCHED)
        report->refusal = dfuse_RunBootloaderLatched();
    report->phase = WHYNOT_REFUSED;
    for (;;)
        ;
}
