/* SPDX-License-Identifier: MIT */
/*
 * Watches an application's way into ROM DFU on a simulated board, instruction by instruction, and
 * writes down what may explain how it ends. It judges nothing: causes.h does.
 */
#ifndef DOCTOR_WATCH_H
#define DOCTOR_WATCH_H

#include "chip.h"
#include "device.h"

/* Something that an instruction did. */
struct fact {
    bool seen;
    uint64_t time; /* picoseconds */
    uint32_t pc;   /* of the instruction */
    uint32_t address, value;
};

enum outcome {
    OUTCOME_DFU,         /* a DFU device appears, and its host can program the flash */
    OUTCOME_LOCKED,      /* it appears, and the host cannot */
    OUTCOME_BOUNCE,      /* the ROM jumps back to the application */
    OUTCOME_CRASH,       /* HardFault or lockup */
    OUTCOME_WATCHDOG,    /* a watchdog resets the chip */
    OUTCOME_NO_JUMP,     /* the ROM is never reached */
    OUTCOME_NO_DEVICE,   /* the ROM runs, and no device appears */
    OUTCOME_NOT_STARTED, /* the ROM runs from power-on, and the application never does */
};

#define TOKEN_WORDS 64

/* Words that were stored before the reset: each may be the token. */
struct token_words {
    struct token_word {
        struct fact store;
        struct fact lost; /* the first store after the reset that changes it */
        struct fact read; /* the first load after the reset */
        bool lost_to_stack;
        bool initialised; /* start-up code has stored the same again: no token is that */
    } word[TOKEN_WORDS];
    unsigned count;
};

struct evidence {
    enum outcome outcome;
    bool rom_has_dfu; /* what the part is */
    bool has_bank2;
    uint32_t bank1, bank2; /* word 0 of each bank, when the request is made */
    uint32_t rom_start;    /* the ROM's reset vector */
    bool bfb2;             /* is set when the request is made */
    struct fact unasked;   /* the first jump into the ROM before that */
    struct fact power_on;  /* the same, after a power-on behind all of this */

    struct fact reset;      /* the first after the request, before the jump */
    bool reset_by_watchdog; /* that one */
    struct fact token;      /* the store that leaves the request for after the reset */
    struct fact token_lost; /* the first that changes it, before anything reads it */
    bool token_lost_to_stack;
    struct fact not_stored;    /* a store before the reset to what would outlast it: not taken */
    struct fact token_read;    /* the first load after the reset */
    struct fact bank1_read;    /* the first load of word 0 of the flash after the reset */
    struct fact useless_reset; /* AIRCR: key or bit wrong, nothing happens */
    struct fact no_clock;      /* SYSCFG stored to while its clock is off */
    struct fact msp;           /* MSR MSP, the last before the jump */
    bool msp_is_rom;           /* it is the ROM's own */
    bool msp_from_zero;        /* it was read at address 0, and is not */
    struct fact popped;        /* a load by SP after that, before the jump */
    struct fact read_code;     /* load of the application from system memory, behind its vectors */
    struct fact no_thumb_bit;  /* BX to an even address */
    struct fact not_rom;       /* access where other families have their system memory */
    struct fact fault;         /* the first that is a HardFault; value: enum l072_stop_kind */
    bool fault_is_trap;        /* by the instruction that GCC puts where code cannot be right */
    struct fact watchdog;      /* the first reset by one after that, or after the jump */

    struct fact jump; /* the first into the ROM; address: its target */
    struct chip chip; /* at that moment */
    unsigned rdp;     /* level, and any write protection, then */
    bool write_protected;
    struct fact leave; /* ROM to application; address: its target */
};

struct watch {
    struct l072 *board;
    struct usb_device device;
    struct evidence evidence;
    unsigned repairs;       /* enum repair: all but REPAIR_POWERS_UP */
    uint32_t token_address; /* of REPAIR_TOKEN */

    /* Of watch.c and token.c alone. */
    struct token_words words;
    bool zero_read;     /* address 0, and the ROM's word was not there */
    uint32_t stack_top; /* highest SP so far */
    uint32_t start_up;  /* where the application starts after a reset */
    uint64_t last;      /* time of the last thing that happened */
    unsigned resets;    /* since the power-on, or the request */
    bool asked;         /* the request has been made */
    bool stirred;       /* a reset, the ROM or a fault, asked for or not */
    bool entered;       /* the ROM among these */
    bool in_rom;
    bool called;        /* a function of the application runs on request: */
    uint32_t saved[17]; /* registers before it */
};

/* Fills in a fact, of now, that was not seen before. */
void watch_note(const struct watch *watch, struct fact *fact, uint32_t pc, uint32_t address,
                uint32_t value);

/* Starts watching a board that has power; it stays the caller's. */
void watch_init(struct watch *watch, struct l072 *board);
/* Goes on from where `from` is, on its own board, which becomes the same as that of `from`. */
void watch_fork(struct watch *watch, const struct watch *from);
/* Runs for `ps` picoseconds, or until the board stops, a DFU device is there, or the application
 * goes into the ROM unasked. */
void watch_run(struct watch *watch, uint64_t ps);
/* The same, or until just before the application goes to Stop or Standby, where it can be asked by
 * a pin alone. */
void watch_start(struct watch *watch, uint64_t ps);
/* Runs at full speed, without looking at instructions, for `ps` picoseconds or until something
 * happens: a reset, the ROM, a fault, or the board stops. Returns whether it did. */
bool watch_glance(struct watch *watch, uint64_t ps);
/* The request is made from now on; faults before it are forgotten, unless the application has
 * crashed for good. Calls a function as an interrupt would between two instructions of the main
 * loop; its return goes on there. */
void watch_request(struct watch *watch);
void watch_call(struct watch *watch, uint32_t function);
/* The board has stopped, or the CPU is in HardFault. */
bool watch_crashed(const struct watch *watch);
/* Runs until it is clear how it ends, at most for five seconds, and fills in the outcome, but for
 * OUTCOME_LOCKED. `patience_ps`: how long nothing may happen before the way into the ROM begins. */
void watch_to_the_end(struct watch *watch, uint64_t patience_ps);

#define WATCH_PATIENCE_PS (600 * L072_PS_PER_MS) /* a device is there 300 ms after the jump */
#define WATCH_LONGEST_PS  (5 * L072_PS_PER_S)

#endif
