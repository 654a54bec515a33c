/* SPDX-License-Identifier: MIT */
/*
 * The half-words that are not compared, with the sections of ARM DDI 0419. What is no instruction
 * of ARMv6-M is compared too, as refused by both, unless it is here.
 */
#ifndef TESTS_EXEMPTIONS_H
#define TESTS_EXEMPTIONS_H

#include <stddef.h>
#include <stdint.h>

struct exemption {
    uint16_t mask, value;
    const char *why;
};
static const struct exemption exemptions[] = {
    {0xFF01, 0x4701, "BX, BLX (A6.7): UNPREDICTABLE unless bits 2:0 are 0"    },
    {0xFF02, 0x4702, "same"                                                   },
    {0xFF04, 0x4704, "same"                                                   },
    {0xF500, 0xB100, "CBZ, CBNZ: not in A5.2.5, but Unicorn executes them"    },
    {0xFFF0, 0xB650, "SETEND: not in A5.2.5, but Unicorn executes it"         },
    {0xFFE1, 0xB661, "CPS (B5.2.1): UNPREDICTABLE unless bits 3:0 are 2"      },
    {0xFFE2, 0xB660, "same"                                                   },
    {0xFFE4, 0xB664, "same"                                                   },
    {0xFFE8, 0xB668, "same"                                                   },
    {0xFF01, 0xBF01, "IT: not in A5.2.5, but Unicorn executes it"             },
    {0xFF02, 0xBF02, "same"                                                   },
    {0xFF04, 0xBF04, "same"                                                   },
    {0xFF08, 0xBF08, "same"                                                   },
    {0xFFFF, 0xBF10, "YIELD (A6.7): a NOP, but undefined to Unicorn"          },
    {0xFFFF, 0xBF20, "WFE (A6.7): Unicorn has no sleep"                       },
    {0xFFFF, 0xBF30, "WFI (A6.7): Unicorn has no sleep"                       },
    {0xFF00, 0xDF00, "SVC (A6.7): Unicorn has no exceptions for M-profile"    },
    {0xF800, 0xE800, "no 32-bit instruction (A5.3), but Unicorn executes some"},
};
#define EXEMPTIONS (sizeof exemptions / sizeof exemptions[0])

/* The row for a half-word, or EXEMPTIONS. */
static inline size_t exemption(uint32_t op)
{
    size_t i = 0;

    while (i < EXEMPTIONS && (op & exemptions[i].mask) != exemptions[i].value)
        i++;
    return i;
}

#endif
