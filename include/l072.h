/* SPDX-License-Identifier: MIT */
/*
 * libl072: a simulated STM32L072 board.
 *
 * The board runs real ARM firmware. Time is simulated time, counted in
 * picoseconds from power-on; nothing depends on the host's clock, so two runs
 * with the same calls are identical to the bit. The library has no global
 * state, never prints and never exits. A board belongs to one thread.
 *
 * The simulated chip is stricter than silicon: an access that a careful
 * firmware never makes (unmapped address, peripheral without its clock, store
 * to locked flash ...) stops the board with a reason, unless the board was made
 * lenient.
 */
#ifndef L072_H
#define L072_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define L072_PS_PER_US UINT64_C(1000000)
#define L072_PS_PER_MS UINT64_C(1000000000)
#define L072_PS_PER_S  UINT64_C(1000000000000)

struct l072; /* one board */

/* Negative results of the functions that return int. */
enum l072_error {
    L072_ERR_ADDRESS = -1, /* the address range is not memory of this part */
    L072_ERR_NAME = -2,    /* no such part, option or pin */
    L072_ERR_VALUE = -3,   /* the value does not fit */
    L072_ERR_FULL = -4,    /* L072_URBS transfers, L072_FAULTS faults in use */
    L072_ERR_GONE = -5,    /* no device is attached to the port */
};

/* ---- The board ----------------------------------------------------------- */

enum l072_rom {
    L072_ROM_V41, /* checks both banks on every entry (AN2606) */
    L072_ROM_V40, /* first silicon: no bank check */
};

struct l072_config {
    const char *part;  /* "l072x8", "l072xb", "l072xz" ...; NULL: "l072xz" */
    enum l072_rom rom; /* which stand-in for ST's system memory */
    const void *system_memory; /* NULL, or a dump of ST's; is copied */
    size_t system_memory_size; /* bytes in system_memory, at most 8192 */
    uint32_t seed;             /* of all that is random: RAM, torn words */
    bool boot0;                /* level of the BOOT0 pin at every reset */
    bool lenient;              /* warn where a strict board stops, and go on */
    uint32_t hse_hz;           /* crystal or clock at OSC_IN, Hz; 0: 8 MHz */
};
#define L072_HSE_NONE UINT32_MAX /* as hse_hz: no crystal */
#define L072_HSE_MIN  UINT32_C(1000000)
#define L072_HSE_MAX  UINT32_C(32000000)

/* Makes a board, flash erased, options as from the factory, power off. NULL:
 * the part is not known, hse_hz is outside its limits, or memory is short. */
struct l072 *l072_create(const struct l072_config *config);
void l072_destroy(struct l072 *board);

/* A second board in the same state, to be destroyed by the caller; NULL when
 * memory is short. */
struct l072 *l072_clone(const struct l072 *board);
/* Puts `to` into the state of `from`: snapshot and restore. */
void l072_assign(struct l072 *to, const struct l072 *from);

/* The name of the i-th part that l072_create() knows, NULL past the end. */
const char *l072_part_name(size_t i);

/* Geometry of the part on the board, bytes. bank2 is 0 on single-bank parts. */
struct l072_geometry {
    uint32_t flash_base, flash_size, bank2_base;
    uint32_t eeprom_base, eeprom_size;
    uint32_t sram_base, sram_size;
};
void l072_get_geometry(const struct l072 *board,
                       struct l072_geometry *geometry);

/* Writes memory as a programmer's tool would: flash, data EEPROM, option bytes
 * or SRAM, whatever the protection. Returns 0 or L072_ERR_ADDRESS, with nothing
 * written. */
int l072_load(struct l072 *board, uint32_t address, const void *data,
              size_t size);
/* Reads memory without side effects. Returns 0 or L072_ERR_ADDRESS. */
int l072_peek(const struct l072 *board, uint32_t address, void *data,
              size_t size);

/* Sets one field of the option bytes by its name in the manual: RDP, WPRMOD,
 * BOR_LEV, WDG_SW, nRST_STOP, nRST_STDBY, BFB2, nBOOT1. Takes effect at the
 * next power-on. Returns 0, L072_ERR_NAME or L072_ERR_VALUE. */
int l072_set_option(struct l072 *board, const char *name, uint32_t value);

/* Power. Switching on fills the SRAM with random bits and resets the chip.
 * Switching off in the middle of a flash, EEPROM or option operation leaves its
 * words torn. */
void l072_power(struct l072 *board, bool on);
bool l072_powered(const struct l072 *board);
/* Pulses NRST; no effect while power is off. */
void l072_reset(struct l072 *board);
/* Drives a pin from outside, "PA0" ... "PH1", until the next power-on; a pin
 * that is not driven follows its pull-up or pull-down, else it is low. Returns
 * 0 or L072_ERR_NAME. */
int l072_drive_pin(struct l072 *board, const char *pin, bool level);

/* Sends a byte to the receiver of USARTn (port n: 1, 2, 4, 5) or LPUART1. Its
 * frame begins now, or behind those sent before, at the port's own rate.
 * Returns 0; L072_ERR_NAME: no such port; L072_ERR_FULL: 64 bytes wait;
 * L072_ERR_GONE: the port does not listen (UE, RE, its clock), and the byte is
 * lost. */
#define L072_LPUART1 0
int l072_uart_receive(struct l072 *board, unsigned port, uint8_t byte);

/* ---- Running ------------------------------------------------------------- */

enum l072_why {
    L072_TIME,    /* the time asked for was reached */
    L072_EVENTS,  /* events wait to be read with l072_next_event() */
    L072_STOPPED, /* the board stopped: see l072_stop() */
};

/* Runs until simulated time `until` (picoseconds since creation), or earlier:
 * see enum l072_why. May pass `until` by the length of one instruction, which a
 * flash operation can stall for milliseconds. Simulated time ends after 106
 * days: no run goes further. */
enum l072_why l072_run(struct l072 *board, uint64_t until);
/* Executes one instruction, or sleeps until the next thing that happens. */
enum l072_why l072_step(struct l072 *board);
uint64_t l072_now(const struct l072 *board);
/* CPU cycles since the last power-on, Sleep included; none pass in Stop and
 * Standby. */
uint64_t l072_cycles(const struct l072 *board);
/* Since the board was made. */
struct l072_counters {
    uint64_t cycles; /* sleep and time without power included */
    uint64_t instructions;
    uint64_t usb_transactions;
    uint32_t flash_operations; /* of flash, data EEPROM and option bytes */
    uint64_t flash_busy_ps;    /* picoseconds they took, a running one whole */
    uint32_t stack_depth;      /* bytes: the deepest main stack (MSP) */
};
void l072_get_counters(const struct l072 *board,
                       struct l072_counters *counters);

/* Register n: 0-12, 13 the SP in use, 14 LR, 15 address of the next
 * instruction, 16 xPSR, 17 MSP, 18 PSP, 19 PRIMASK, 20 CONTROL. */
uint32_t l072_register(const struct l072 *board, unsigned n);

/* What a debugger does to a halted CPU. No time passes, and nothing here stops
 * the board. */

/* Writes register n. A new PC also ends sleep, but not Stop or Standby, and a
 * stop of the board. */
void l072_set_register(struct l072 *board, unsigned n, uint32_t value);
/* One access of `size` 1, 2 or 4 bytes, aligned, with the side effects that it
 * has on peripherals. Memory is where the CPU sees it now, and no wait is
 * needed; only SRAM can be written. Return 0, or L072_ERR_ADDRESS where an
 * access of the CPU would stop a strict board. */
int l072_read(struct l072 *board, uint32_t address, unsigned size,
              uint32_t *value);
int l072_write(struct l072 *board, uint32_t address, unsigned size,
               uint32_t value);

enum l072_event_kind {
    L072_EVENT_RESET,      /* value: RCC_CSR; detail: flags of this one */
    L072_EVENT_ENTER_ROM,  /* jump into system memory; value: address */
    L072_EVENT_LEAVE_ROM,  /* jump out of system memory; value: address */
    L072_EVENT_USB_ATTACH, /* the pull-up on D+ went on */
    L072_EVENT_USB_DETACH, /* ... and off */
    L072_EVENT_UART,       /* value: port << 8 | byte, when its stop bit ends */
    L072_EVENT_URB,        /* a transfer completed; value: its id */
    L072_EVENT_WARNING,    /* value: enum l072_stop_kind; detail: address */
    L072_EVENT_FAULT,      /* value: enum l072_fault_kind; detail: operations */
    /* These after l072_log_signals() only; value: 1 yes, 0 no. */
    L072_EVENT_POWER, /* power is on */
    L072_EVENT_SLEEP, /* the CPU sleeps */
    L072_EVENT_FLASH, /* flash, data EEPROM or option bytes are busy */
    L072_EVENT_PINS,  /* value: port, A is 0, H is 7; detail: a bit a pin */
};

struct l072_event {
    uint64_t time; /* picoseconds */
    enum l072_event_kind kind;
    uint32_t value;
    uint32_t detail;
    uint32_t pc;
};

/* Takes the oldest event; false when there is none. Events are never lost: the
 * board does not run on while its log is full. */
bool l072_next_event(struct l072 *board, struct l072_event *event);

/* Switches on the events of signals, which are many. They come at once for what
 * is not 0, then for each change. Off at creation. */
void l072_log_signals(struct l072 *board, bool on);

enum l072_stop_kind {
    L072_STOP_NONE,
    L072_STOP_UNMAPPED,     /* access to an address where there is nothing */
    L072_STOP_NOT_MODELLED, /* access to a register that is not simulated */
    L072_STOP_NO_CLOCK,     /* peripheral used while its RCC enable is off */
    L072_STOP_MISALIGNED,   /* misaligned access (HardFault on the chip) */
    L072_STOP_WIDTH,        /* register accessed in a width it does not have */
    L072_STOP_UNDEFINED,    /* undefined instruction; BKPT, no debugger */
    L072_STOP_STATE,        /* branch without Thumb bit, bad EXC_RETURN */
    L072_STOP_EXECUTE,      /* instruction fetch from an execute-never region */
    L072_STOP_LOCKUP,       /* fault inside HardFault or NMI */
    L072_STOP_FLASH,        /* write or erase against a rule of the flash */
    L072_STOP_USB,          /* packet memory overrun, broken endpoint set-up */
    L072_STOP_RULE,         /* any other rule of the manual */
    /* These two only warn, strict boards too. */
    L072_STOP_VOLTAGE, /* a clock too fast for the voltage range */
    L072_STOP_CRYSTAL, /* HSE is switched on with L072_HSE_NONE */
};

struct l072_stop {
    enum l072_stop_kind kind;
    uint64_t time;    /* picoseconds */
    uint32_t pc;      /* of the instruction that did it */
    uint32_t address; /* that it accessed, when there is one */
    char reason[160]; /* one line, no newline */
};

/* Why the board stopped; kind is L072_STOP_NONE while it runs. Power-on and
 * reset clear it. */
const struct l072_stop *l072_stop(const struct l072 *board);

/* ---- Faults -------------------------------------------------------------- */

/* A fault is armed once and happens once, at its moment; L072_EVENT_FAULT
 * tells. Power cuts and resets hit the middle of whatever happens then, and
 * need power, as HSI48 does. */
#define L072_FAULTS 32 /* armed at most */

enum l072_fault_kind {
    L072_FAULT_NONE,      /* only the event */
    L072_FAULT_CUT,       /* power goes off, and stays off */
    L072_FAULT_BROWN_OUT, /* power dips: a power-on reset that keeps the SRAM */
    L072_FAULT_NRST,      /* NRST is pulsed */
    L072_FAULT_HSI48,     /* HSI48 stops, and never becomes ready again */
    L072_FAULT_FLIP,      /* `bits` of the word at `address`, in any memory */
    L072_FAULT_UNPLUG,    /* the USB cable is pulled */
    L072_FAULT_PLUG,      /* ... and plugged in */
    L072_FAULT_SILENCE,   /* the USB host sends only starts of frame */
    L072_FAULT_RESUME,    /* ... and transfers again */
    L072_FAULT_SUSPEND,   /* l072_usb_suspend() */
    L072_FAULT_WAKE,      /* l072_usb_resume() */
    /* The USB host misbehaves as soon as it has an occasion: */
    L072_FAULT_TOGGLE,    /* an OUT packet has the wrong toggle: it is lost */
    L072_FAULT_SHORT,     /* an OUT packet is half, and its transfer's last */
    L072_FAULT_LONG,      /* a control OUT has a packet more than wLength */
    L072_FAULT_BUS_RESET, /* reset, 10 ms, between two packets of a transfer */
};

/* When, relative to an operation of flash, EEPROM or option bytes; what a cut
 * or reset leaves of the operation that it interrupts, whenever that is. */
enum l072_moment {
    L072_TORN,         /* half-way: bits that were or become 1 are random */
    L072_TORN_BUT_ONE, /* half-way: all bits changed but a random one */
    L072_TORN_NONE,    /* half-way: no bit changed */
    L072_BEFORE,       /* it does not begin */
    L072_AFTER,        /* it has just ended */
};

struct l072_fault {
    enum l072_fault_kind kind;
    uint32_t operation;      /* the nth of the board, from 1; 0: `time` tells */
    uint64_t time;           /* picoseconds */
    enum l072_moment moment; /* with `time`: one of the three torn ones */
    uint32_t address, bits;  /* of L072_FAULT_FLIP */
};

/* Returns 0, L072_ERR_VALUE (no such fault or moment), L072_ERR_ADDRESS or
 * L072_ERR_FULL. */
int l072_fault(struct l072 *board, const struct l072_fault *fault);

/* ---- The USB port -------------------------------------------------------- */

/*
 * The host side of the cable, at the level of a kernel's USB request blocks
 * (URBs): the port turns them into transactions on a full-speed bus with
 * frames, retries and time-outs. What a kernel does above that (reset,
 * addresses, configurations) is left to the caller.
 */
#define L072_URBS    16   /* transfers in flight at most */
#define L072_URB_MAX 4096 /* data bytes of one transfer at most */

enum l072_transfer {
    L072_CONTROL,
    L072_BULK,
    L072_INTERRUPT,
    L072_ISOCHRONOUS,
};

enum l072_urb_status {
    L072_URB_PENDING,
    L072_URB_OK,
    L072_URB_STALL,    /* the device answered STALL */
    L072_URB_ERROR,    /* three tries without a valid answer */
    L072_URB_OVERFLOW, /* the device sent more than was asked for */
    L072_URB_CANCELLED,
    L072_URB_GONE, /* the device left the bus, or the bus was reset */
};

struct l072_urb {
    enum l072_transfer type;
    uint8_t address;     /* device address, 0-127 */
    uint8_t endpoint;    /* number, bit 7 set for IN; 0 for control */
    uint8_t interval;    /* interrupt, isochronous: frames a poll, from 1 */
    uint16_t max_packet; /* of the endpoint: 8-64 (1023 isochronous) */
    uint8_t setup[8];    /* control only */
    const void *data;    /* OUT data, copied; ignored for IN */
    uint32_t size;       /* bytes to send or wanted; control: wLength */
    bool zero_packet;    /* bulk OUT: an empty packet ends a multiple */
};

/* Starts a transfer. Returns its id (0 .. L072_URBS-1), or L072_ERR_FULL,
 * L072_ERR_VALUE or L072_ERR_GONE. Transfers on one endpoint run in order of
 * submission. Bulk and control transfers begin a microframe later, or more. */
int l072_urb_submit(struct l072 *board, const struct l072_urb *urb);
/* How transfer `id` stands. When it is no longer pending: copies up to `size`
 * IN bytes to `data`, stores the bytes moved in *actual (may be NULL) and frees
 * the id. L072_URB_GONE also when there is no such transfer. */
enum l072_urb_status l072_urb_take(struct l072 *board, int id, void *data,
                                   uint32_t size, uint32_t *actual);
/* Ends a pending transfer as L072_URB_CANCELLED; l072_urb_take() must still be
 * called. Other ids: no effect. */
void l072_urb_cancel(struct l072 *board, int id);

/* Sets the DATA0/DATA1 toggles of an endpoint back to DATA0, as hosts do after
 * SET_CONFIGURATION, SET_INTERFACE and CLEAR_FEATURE(ENDPOINT_HALT). endpoint:
 * number, bit 7 set for IN. */
void l072_usb_clear_toggle(struct l072 *board, uint8_t address,
                           uint8_t endpoint);
/* Plugs the cable in (the state at creation) or pulls it. */
void l072_usb_plug(struct l072 *board, bool plugged);
/* Cable in, powered, and the pull-up on D+ on. */
bool l072_usb_attached(const struct l072 *board);
/* Drives SE0 for `ps` picoseconds (10 ms by USB 2.0 7.1.7.5), from now; ends
 * pending transfers. */
void l072_usb_reset(struct l072 *board, uint64_t ps);
/* Suspends the bus: no starts of frame, and transfers wait. No effect before
 * the first reset. */
void l072_usb_suspend(struct l072 *board);
/* Resumes it: 20 ms of K, then frames. A device that drives K (remote wake-up)
 * has the same effect. No effect on a bus that is not suspended. */
void l072_usb_resume(struct l072 *board);
/* Suspended, and not yet resumed to the end. */
bool l072_usb_suspended(const struct l072 *board);

#ifdef __cplusplus
}
#endif

#endif
