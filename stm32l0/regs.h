/* SPDX-License-Identifier: MIT */
/*
 * Registers of the STM32L072 (RM0376) and of its Cortex-M0+ core (ARM DDI 0419): those that the
 * firmware here uses, by the names of the manuals. Offsets stand beside the members and are
 * asserted below each structure. Access is read-write unless a comment says otherwise:
 *   ro       writes have no effect
 *   wo       reads mean nothing
 *   rc_w1    reads the flag, writing 1 clears it, 0 keeps it:    reg = FLAG
 *   rc_w0    reads the flag, writing 0 clears it, 1 keeps it:    reg = ~FLAG
 *   toggle   writing 1 inverts the bit, 0 keeps it
 */
#ifndef STM32L0_REGS_H
#define STM32L0_REGS_H

#include <stddef.h>
#include <stdint.h>

#define REGS_AT(type, member, offset) _Static_assert(offsetof(type, member) == (offset), #member)

/* ---- Memory (RM0376, memory map) ------------------------------------------------------------- */

#define FLASH_BASE         0x08000000u
#define FLASH_PAGE_SIZE    128u /* the unit of erase */
#define FLASH_HALF_PAGE    64u  /* the unit of half-page programming */
#define EEPROM_BASE        0x08080000u
#define SYSTEM_MEMORY_BASE 0x1FF00000u
#define OPTION_BASE        0x1FF80000u
#define SRAM_BASE          0x20000000u

/* Factory values, readable without any clock. */
struct device_regs {
    const volatile uint32_t UID[6];        /* 00 unique ID; the third word is apart, at 14 */
    const uint32_t reserved[5];            /* 18 */
    const volatile uint16_t FLASH_SIZE_KB; /* 2C */
};
REGS_AT(struct device_regs, FLASH_SIZE_KB, 0x2C);
#define DEVICE ((struct device_regs *)0x1FF80050u)

/* ---- RCC (RM0376, reset and clock control) --------------------------------------------------- */

struct rcc_regs {
    volatile uint32_t CR;        /* 00 */
    volatile uint32_t ICSCR;     /* 04 */
    volatile uint32_t CRRCR;     /* 08 */
    volatile uint32_t CFGR;      /* 0C */
    volatile uint32_t CIER;      /* 10 */
    volatile uint32_t CIFR;      /* 14 ro */
    volatile uint32_t CICR;      /* 18 wo */
    volatile uint32_t IOPRSTR;   /* 1C */
    volatile uint32_t AHBRSTR;   /* 20 */
    volatile uint32_t APB2RSTR;  /* 24 */
    volatile uint32_t APB1RSTR;  /* 28 */
    volatile uint32_t IOPENR;    /* 2C */
    volatile uint32_t AHBENR;    /* 30 */
    volatile uint32_t APB2ENR;   /* 34 */
    volatile uint32_t APB1ENR;   /* 38 */
    volatile uint32_t IOPSMENR;  /* 3C */
    volatile uint32_t AHBSMENR;  /* 40 */
    volatile uint32_t APB2SMENR; /* 44 */
    volatile uint32_t APB1SMENR; /* 48 */
    volatile uint32_t CCIPR;     /* 4C */
    volatile uint32_t CSR;       /* 50 */
};
REGS_AT(struct rcc_regs, IOPENR, 0x2C);
REGS_AT(struct rcc_regs, CSR, 0x50);
#define RCC ((struct rcc_regs *)0x40021000u)

#define RCC_CR_HSI16ON  (1u << 0)
#define RCC_CR_HSI16RDY (1u << 2) /* ro */
#define RCC_CR_MSION    (1u << 8)
#define RCC_CR_MSIRDY   (1u << 9) /* ro */
#define RCC_CR_PLLON    (1u << 24)
#define RCC_CR_PLLRDY   (1u << 25) /* ro */
#define RCC_CR_RESET    0x00000300u

#define RCC_ICSCR_MSIRANGE   (7u << 13)
#define RCC_ICSCR_MSIRANGE_5 (5u << 13) /* 2.097 MHz, the reset value */

#define RCC_CRRCR_HSI48ON  (1u << 0)
#define RCC_CRRCR_HSI48RDY (1u << 1) /* ro */

#define RCC_CFGR_SW           (3u << 0)
#define RCC_CFGR_SW_MSI       (0u << 0)
#define RCC_CFGR_SW_HSI16     (1u << 0)
#define RCC_CFGR_SW_PLL       (3u << 0)
#define RCC_CFGR_SWS          (3u << 2) /* ro, coded as SW */
#define RCC_CFGR_SWS_MSI      (0u << 2)
#define RCC_CFGR_SWS_HSI16    (1u << 2)
#define RCC_CFGR_SWS_PLL      (3u << 2)
#define RCC_CFGR_PLLSRC_HSI16 (0u << 16)
#define RCC_CFGR_PLLMUL_4     (1u << 18)
#define RCC_CFGR_PLLDIV_2     (1u << 22)

#define RCC_IOPENR_IOPA    (1u << 0) /* IOPRSTR has the same bits */
#define RCC_IOPENR_IOPB    (1u << 1)
#define RCC_IOPENR_IOPC    (1u << 2)
#define RCC_IOPENR_IOPD    (1u << 3)
#define RCC_IOPENR_IOPE    (1u << 4)
#define RCC_IOPENR_IOPH    (1u << 7)
#define RCC_AHBENR_RESET   0x00000100u /* MIF: the flash interface */
#define RCC_AHBENR_CRC     (1u << 12)  /* AHBRSTR has the same bits */
#define RCC_APB2ENR_SYSCFG (1u << 0)   /* APB2RSTR has the same bits */
#define RCC_APB2ENR_USART1 (1u << 14)
#define RCC_APB2ENR_DBG    (1u << 22)
#define RCC_APB1ENR_USART2 (1u << 17) /* APB1RSTR has the same bits */
#define RCC_APB1ENR_USB    (1u << 23)
#define RCC_APB1ENR_CRS    (1u << 27)
#define RCC_APB1ENR_PWR    (1u << 28)
#define RCC_CCIPR_HSI48SEL (1u << 26) /* 48 MHz of USB and RNG: 0 PLL VCO/2, 1 HSI48 */

#define RCC_CSR_LSION      (1u << 0)
#define RCC_CSR_LSIRDY     (1u << 1) /* ro */
#define RCC_CSR_RTCSEL     (3u << 16)
#define RCC_CSR_RTCSEL_LSI (2u << 16)
#define RCC_CSR_RTCEN      (1u << 18)
#define RCC_CSR_RMVF       (1u << 23)
#define RCC_CSR_OBLRSTF    (1u << 25) /* flags: ro, cleared by RMVF */
#define RCC_CSR_PINRSTF    (1u << 26)
#define RCC_CSR_PORRSTF    (1u << 27)
#define RCC_CSR_SFTRSTF    (1u << 28)
#define RCC_CSR_IWDGRSTF   (1u << 29)

/* ---- PWR (RM0376, power control) ------------------------------------------------------------- */

struct pwr_regs {
    volatile uint32_t CR;  /* 00 */
    volatile uint32_t CSR; /* 04 */
};
#define PWR ((struct pwr_regs *)0x40007000u)

#define PWR_CR_DBP        (1u << 8) /* the RTC domain may be written */
#define PWR_CR_VOS        (3u << 11)
#define PWR_CR_VOS_RANGE1 (1u << 11) /* 1.8 V: needed above 16 MHz and for USB */
#define PWR_CR_VOS_RANGE2 (2u << 11) /* 1.5 V, the reset value */
#define PWR_CSR_VOSF      (1u << 4)  /* ro: the regulator is settling */

/* ---- SYSCFG (RM0376, system configuration controller) ---------------------------------------- */

struct syscfg_regs {
    volatile uint32_t CFGR1;     /* 00 */
    volatile uint32_t CFGR2;     /* 04 */
    volatile uint32_t EXTICR[4]; /* 08 */
    uint32_t reserved[2];        /* 18 */
    volatile uint32_t CFGR3;     /* 20 */
};
REGS_AT(struct syscfg_regs, CFGR3, 0x20);
#define SYSCFG ((struct syscfg_regs *)0x40010000u)

#define SYSCFG_CFGR1_MEM_MODE         (3u << 0)
#define SYSCFG_CFGR1_MEM_MODE_FLASH   (0u << 0)
#define SYSCFG_CFGR1_MEM_MODE_SYSTEM  (1u << 0)
#define SYSCFG_CFGR1_BOOT_MODE        (3u << 8) /* ro: the boot pins at reset, coded as MEM_MODE */
#define SYSCFG_CFGR1_BOOT_MODE_SYSTEM (1u << 8)
#define SYSCFG_CFGR1_UFB              (1u << 3) /* bank 2 is at 0x08000000 */
#define SYSCFG_CFGR3_ENREF_HSI48      (1u << 13)

/* ---- FLASH (RM0376, flash program memory and data EEPROM) ------------------------------------ */

struct flash_regs {
    volatile uint32_t ACR;     /* 00 */
    volatile uint32_t PECR;    /* 04 */
    volatile uint32_t PDKEYR;  /* 08 wo */
    volatile uint32_t PEKEYR;  /* 0C wo */
    volatile uint32_t PRGKEYR; /* 10 wo */
    volatile uint32_t OPTKEYR; /* 14 wo */
    volatile uint32_t SR;      /* 18 */
    volatile uint32_t OPTR;    /* 1C ro */
    volatile uint32_t WRPROT1; /* 20 ro */
    uint32_t reserved[23];     /* 24 */
    volatile uint32_t WRPROT2; /* 80 ro */
};
REGS_AT(struct flash_regs, OPTR, 0x1C);
REGS_AT(struct flash_regs, WRPROT2, 0x80);
#define FLASH ((struct flash_regs *)0x40022000u)

#define FLASH_ACR_LATENCY (1u << 0)
#define FLASH_ACR_PRFTEN  (1u << 1)

#define FLASH_PECR_PELOCK     (1u << 0) /* lock bits: writing 1 locks, only keys unlock */
#define FLASH_PECR_PRGLOCK    (1u << 1)
#define FLASH_PECR_OPTLOCK    (1u << 2)
#define FLASH_PECR_PROG       (1u << 3)
#define FLASH_PECR_DATA       (1u << 4)
#define FLASH_PECR_ERASE      (1u << 9)
#define FLASH_PECR_FPRG       (1u << 10)
#define FLASH_PECR_OBL_LAUNCH (1u << 18) /* wo: reloads the option bytes by a system reset */

#define FLASH_PEKEY1  0x89ABCDEFu
#define FLASH_PEKEY2  0x02030405u
#define FLASH_PRGKEY1 0x8C9DAEBFu
#define FLASH_PRGKEY2 0x13141516u
#define FLASH_OPTKEY1 0xFBEAD9C8u
#define FLASH_OPTKEY2 0x24252627u

#define FLASH_SR_BSY        (1u << 0)  /* ro */
#define FLASH_SR_EOP        (1u << 1)  /* rc_w1, and all below */
#define FLASH_SR_WRPERR     (1u << 8)  /* locked or write-protected */
#define FLASH_SR_PGAERR     (1u << 9)  /* half page not aligned or left */
#define FLASH_SR_SIZERR     (1u << 10) /* wrong access size */
#define FLASH_SR_OPTVERR    (1u << 11) /* an option word and its complement disagree */
#define FLASH_SR_RDERR      (1u << 13) /* read of a PCROP sector */
#define FLASH_SR_NOTZEROERR (1u << 16) /* the target was not erased */
#define FLASH_SR_FWWERR     (1u << 17) /* aborted by a fetch */
#define FLASH_SR_ERRORS     0x00032F00u

#define FLASH_OPTR_RDPROT (0xFFu << 0)
#define FLASH_OPTR_RDP_0  0xAAu /* no protection */
#define FLASH_OPTR_RDP_2  0xCCu /* chip locked for ever; other values: level 1 */
#define FLASH_OPTR_BFB2   (1u << 23)
#define FLASH_OPTR_nBOOT1 (1u << 31)

/* ---- GPIO (RM0376, general-purpose I/Os) ----------------------------------------------------- */

struct gpio_regs {
    volatile uint32_t MODER;   /* 00, 2 bits a pin: 0 input, 1 output, 2 alternate, 3 analog */
    volatile uint32_t OTYPER;  /* 04 */
    volatile uint32_t OSPEEDR; /* 08 */
    volatile uint32_t PUPDR;   /* 0C, 2 bits a pin: 0 none, 1 pull-up, 2 pull-down */
    volatile uint32_t IDR;     /* 10 ro */
    volatile uint32_t ODR;     /* 14 */
    volatile uint32_t BSRR;    /* 18 wo: low half sets, high half resets */
    volatile uint32_t LCKR;    /* 1C */
    volatile uint32_t AFR[2];  /* 20, 4 bits a pin */
    volatile uint32_t BRR;     /* 28 wo */
};
REGS_AT(struct gpio_regs, BRR, 0x28);
#define GPIO(port) ((struct gpio_regs *)(0x50000000u + 0x400u * (port))) /* A is 0, H is 7 */
#define GPIOA      GPIO(0)
#define GPIOB      GPIO(1)
#define GPIOC      GPIO(2)

/* ---- EXTI (RM0376, extended interrupt and event controller) ---------------------------------- */

struct exti_regs {
    volatile uint32_t IMR;   /* 00 */
    volatile uint32_t EMR;   /* 04 */
    volatile uint32_t RTSR;  /* 08 */
    volatile uint32_t FTSR;  /* 0C */
    volatile uint32_t SWIER; /* 10 */
    volatile uint32_t PR;    /* 14 rc_w1 */
};
REGS_AT(struct exti_regs, PR, 0x14);
#define EXTI ((struct exti_regs *)0x40010400u)

#define EXTI_IMR_RESET 0x3F840000u

/* ---- USART (RM0376, USART) ------------------------------------------------------------------- */

struct usart_regs {
    volatile uint32_t CR1;  /* 00 */
    volatile uint32_t CR2;  /* 04 */
    volatile uint32_t CR3;  /* 08 */
    volatile uint32_t BRR;  /* 0C: clock / baud */
    volatile uint32_t GTPR; /* 10 */
    volatile uint32_t RTOR; /* 14 */
    volatile uint32_t RQR;  /* 18 wo */
    volatile uint32_t ISR;  /* 1C ro */
    volatile uint32_t ICR;  /* 20 rc_w1 */
    volatile uint32_t RDR;  /* 24 ro */
    volatile uint32_t TDR;  /* 28 */
};
REGS_AT(struct usart_regs, TDR, 0x28);
#define USART1 ((struct usart_regs *)0x40013800u)
#define USART2 ((struct usart_regs *)0x40004400u)

#define USART_CR1_UE  (1u << 0)
#define USART_CR1_RE  (1u << 2)
#define USART_CR1_TE  (1u << 3)
#define USART_ISR_TC  (1u << 6)
#define USART_ISR_TXE (1u << 7)

/* ---- RTC backup registers (RM0376, real-time clock) ------------------------------------------ */

struct rtc_regs {
    uint32_t not_used[20];     /* 00 */
    volatile uint32_t BKPR[5]; /* 50: written only with PWR_CR_DBP set */
};
REGS_AT(struct rtc_regs, BKPR, 0x50);
#define RTC ((struct rtc_regs *)0x40002800u)

/* ---- IWDG (RM0376, independent watchdog) ----------------------------------------------------- */

struct iwdg_regs {
    volatile uint32_t KR;   /* 00 wo */
    volatile uint32_t PR;   /* 04: clock / (4 << PR) */
    volatile uint32_t RLR;  /* 08 */
    volatile uint32_t SR;   /* 0C ro */
    volatile uint32_t WINR; /* 10 */
};
REGS_AT(struct iwdg_regs, WINR, 0x10);
#define IWDG ((struct iwdg_regs *)0x40003000u)

#define IWDG_KR_START  0xCCCCu
#define IWDG_KR_RELOAD 0xAAAAu
#define IWDG_KR_UNLOCK 0x5555u
#define IWDG_PR_256    6u

/* ---- CRC (RM0376, cyclic redundancy check calculation unit) ---------------------------------- */

struct crc_regs {
    volatile uint32_t DR;  /* 00: write data, read the result */
    volatile uint32_t IDR; /* 04 */
    volatile uint32_t CR;  /* 08 */
};
#define CRC ((struct crc_regs *)0x40023000u)

#define CRC_CR_RESET       (1u << 0)
#define CRC_CR_REV_IN_WORD (3u << 5)
#define CRC_CR_REV_OUT     (1u << 7)

/* ---- CRS (RM0376, clock recovery system) ----------------------------------------------------- */

struct crs_regs {
    volatile uint32_t CR;   /* 00 */
    volatile uint32_t CFGR; /* 04: its reset value fits 48 MHz and USB start of frame */
    volatile uint32_t ISR;  /* 08 ro */
    volatile uint32_t ICR;  /* 0C rc_w1 */
};
REGS_AT(struct crs_regs, ICR, 0x0C);
#define CRS ((struct crs_regs *)0x40006C00u)

#define CRS_CR_CEN        (1u << 5)
#define CRS_CR_AUTOTRIMEN (1u << 6)

/* ---- USB (RM0376, universal serial bus full-speed device interface) --------------------------
 *
 * 16-bit registers, one in every four bytes, taken by halfword and by word (libopencm3 does the
 * latter); the offsets of a word's load reach them all.
 * EPnR mixes four classes in one register; usb/fsdev.c has the only code that writes it:
 *   CTR_RX, CTR_TX                        rc_w0
 *   DTOG_RX, STAT_RX, DTOG_TX, STAT_TX    toggle
 *   SETUP                                 ro
 *   EP_TYPE, EP_KIND, EA                  read-write
 * ISTR: CTR, DIR and EP_ID are ro and follow the EPnR; the other flags are rc_w0.
 */
struct usb_regs {
    volatile uint32_t EPR[8]; /* 00 */
    uint32_t reserved[8];     /* 20 */
    volatile uint32_t CNTR;   /* 40 */
    volatile uint32_t ISTR;   /* 44 */
    volatile uint32_t FNR;    /* 48 ro */
    volatile uint32_t DADDR;  /* 4C */
    volatile uint32_t BTABLE; /* 50 */
    volatile uint32_t LPMCSR; /* 54 */
    volatile uint32_t BCDR;   /* 58 */
};
REGS_AT(struct usb_regs, CNTR, 0x40);
REGS_AT(struct usb_regs, BCDR, 0x58);
#define USB ((struct usb_regs *)0x40005C00u)

#define USB_EPR_CTR_RX       0x8000u
#define USB_EPR_DTOG_RX      0x4000u
#define USB_EPR_STAT_RX      0x3000u
#define USB_EPR_SETUP        0x0800u
#define USB_EPR_EP_TYPE      0x0600u
#define USB_EPR_TYPE_CONTROL 0x0200u
#define USB_EPR_EP_KIND      0x0100u
#define USB_EPR_CTR_TX       0x0080u
#define USB_EPR_DTOG_TX      0x0040u
#define USB_EPR_STAT_TX      0x0030u
#define USB_EPR_EA           0x000Fu

#define USB_CNTR_FRES   (1u << 0)
#define USB_CNTR_PDWN   (1u << 1)
#define USB_CNTR_SOFM   (1u << 9)
#define USB_CNTR_RESETM (1u << 10)
#define USB_CNTR_SUSPM  (1u << 11)
#define USB_CNTR_WKUPM  (1u << 12)
#define USB_CNTR_CTRM   (1u << 15)

#define USB_ISTR_EP_ID 0x000Fu   /* ro */
#define USB_ISTR_DIR   (1u << 4) /* ro: CTR_RX is set */
#define USB_ISTR_SOF   (1u << 9)
#define USB_ISTR_RESET (1u << 10)
#define USB_ISTR_SUSP  (1u << 11)
#define USB_ISTR_WKUP  (1u << 12)
#define USB_ISTR_CTR   (1u << 15) /* ro */

#define USB_FNR_FN    0x07FFu
#define USB_DADDR_EF  (1u << 7)
#define USB_BCDR_DPPU (1u << 15) /* pull-up on D+ */

/* Packet memory: 1024 bytes, byte and halfword access. */
#define USB_PMA_BASE 0x40006000u
#define USB_PMA_SIZE 1024u

/* ---- DBGMCU (RM0376, debug support) ---------------------------------------------------------- */

#define DBGMCU_IDCODE        (*(const volatile uint32_t *)0x40015800u)
#define DBGMCU_IDCODE_DEV_ID 0xFFFu /* 0x447: category 5, 0x417: category 3 */

/* ---- The core (ARM DDI 0419, system control space) ------------------------------------------- */

struct systick_regs {
    volatile uint32_t CSR; /* 00 */
    volatile uint32_t RVR; /* 04 */
    volatile uint32_t CVR; /* 08: any write clears it */
};
#define SYSTICK ((struct systick_regs *)0xE000E010u)

#define SYSTICK_CSR_ENABLE    (1u << 0)
#define SYSTICK_CSR_TICKINT   (1u << 1)
#define SYSTICK_CSR_CLKSOURCE (1u << 2) /* the core clock */
#define SYSTICK_CSR_COUNTFLAG (1u << 16)

struct nvic_regs {
    volatile uint32_t ISER;   /* 000: write 1 sets */
    uint32_t reserved1[31];   /* 004 */
    volatile uint32_t ICER;   /* 080: write 1 clears */
    uint32_t reserved2[31];   /* 084 */
    volatile uint32_t ISPR;   /* 100: write 1 sets */
    uint32_t reserved3[31];   /* 104 */
    volatile uint32_t ICPR;   /* 180: write 1 clears */
    uint32_t reserved4[95];   /* 184 */
    volatile uint32_t IPR[8]; /* 300 */
};
REGS_AT(struct nvic_regs, ICPR, 0x180);
REGS_AT(struct nvic_regs, IPR, 0x300);
#define NVIC ((struct nvic_regs *)0xE000E100u)

#define IRQ_USB 31u

struct scb_regs {
    volatile uint32_t CPUID;   /* 00 ro */
    volatile uint32_t ICSR;    /* 04 */
    volatile uint32_t VTOR;    /* 08 */
    volatile uint32_t AIRCR;   /* 0C */
    volatile uint32_t SCR;     /* 10 */
    volatile uint32_t CCR;     /* 14 ro */
    uint32_t reserved;         /* 18 */
    volatile uint32_t SHPR[2]; /* 1C */
};
REGS_AT(struct scb_regs, SHPR, 0x1C);
#define SCB ((struct scb_regs *)0xE000ED00u)

#define SCB_ICSR_PENDSTCLR    (1u << 25)
#define SCB_ICSR_PENDSVCLR    (1u << 27)
#define SCB_AIRCR_SYSRESETREQ 0x05FA0004u /* with the key; bit 0 means nothing on this core */
#define SCB_SCR_SLEEPDEEP     (1u << 2)

#endif
