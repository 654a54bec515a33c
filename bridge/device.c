/* SPDX-License-Identifier: MIT */
#include "device.h"

#include <string.h>

#include "pcap.h"

/* USB 2.0 chapter 9. */
enum { GET_DESCRIPTOR = 6, SET_ADDRESS = 5, SET_CONFIGURATION = 9 };
enum { DESCRIPTOR_DEVICE = 1, DESCRIPTOR_CONFIGURATION = 2, DESCRIPTOR_STRING = 3 };
enum { DEVICE_SIZE = 18, DEVICE_MAX_PACKET0 = 7, DEVICE_STRINGS = 14, DEVICE_CONFIGURATIONS = 17 };
enum { CONFIGURATION_SIZE = 9, CONFIGURATION_VALUE = 5 };
enum { STRING_SIZE = 255 };

#define DIRECTION_IN 0x80

#define DEBOUNCE_PS (100 * L072_PS_PER_MS) /* TATTDB, USB 2.0 7.1.7.3 */
#define RESET_PS    (10 * L072_PS_PER_MS)  /* TDRST, 7.1.7.5 */
#define RECOVERY_PS (10 * L072_PS_PER_MS)  /* TRSTRCY, 7.1.7.5 */
#define PORT_PS     (1 * L072_PS_PER_MS)   /* until a hub is told to reset its port */
#define ADDRESS_PS  (2 * L072_PS_PER_MS)   /* TDSETADDR, 9.2.6.3 */
#define PATIENCE_PS (5 * L072_PS_PER_S)    /* Linux, USB_CTRL_GET_TIMEOUT */
#define TRIES       3

#define FIRST_ADDRESS 2 /* 1 is the root hub on every PC */
#define LAST_ADDRESS  127

enum step {
    STEP_DEVICE_8,
    STEP_ADDRESS,
    STEP_DEVICE,
    STEP_CONFIGURATION_9,
    STEP_CONFIGURATION, /* and both again for each further configuration */
    STEP_LANGUAGES,
    STEP_STRING, /* and the steps of the other strings */
    STEP_CONFIGURE = STEP_STRING + USB_STRINGS,
    STEP_END,
};

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

/* ---- What each step asks --------------------------------------------------------------------- */

static const uint8_t *configuration(const struct usb_device *dev)
{
    return dev->blob + DEVICE_SIZE;
}

/* The first of a new device. */
static uint8_t configuration_to_set(const struct usb_device *dev)
{
    return dev->known ? dev->configuration : configuration(dev)[CONFIGURATION_VALUE];
}

static uint8_t string_index(const struct usb_device *dev, unsigned string)
{
    return dev->blob[DEVICE_STRINGS + string];
}

static struct l072_urb request(uint8_t direction, uint8_t code, uint16_t value, uint16_t index,
                               uint16_t length)
{
    return (struct l072_urb){
        .type = L072_CONTROL,
        .setup = {direction, code, (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)index,
                  (uint8_t)(index >> 8), (uint8_t)length, (uint8_t)(length >> 8)},
        .size = length,
    };
}

static struct l072_urb get_descriptor(uint8_t type, uint8_t i, uint16_t language, uint16_t length)
{
    return request(DIRECTION_IN, GET_DESCRIPTOR, (uint16_t)(type << 8 | i), language, length);
}

static struct l072_urb step_request(const struct usb_device *dev)
{
    uint16_t total = get16(dev->blob + dev->all_size + 2);

    switch (dev->step) {
    case STEP_DEVICE_8: return get_descriptor(DESCRIPTOR_DEVICE, 0, 0, 8);
    case STEP_ADDRESS: return request(0, SET_ADDRESS, dev->address, 0, 0);
    case STEP_DEVICE: return get_descriptor(DESCRIPTOR_DEVICE, 0, 0, DEVICE_SIZE);
    case STEP_CONFIGURATION_9:
        return get_descriptor(DESCRIPTOR_CONFIGURATION, dev->read, 0, CONFIGURATION_SIZE);
    case STEP_CONFIGURATION: return get_descriptor(DESCRIPTOR_CONFIGURATION, dev->read, 0, total);
    case STEP_LANGUAGES: return get_descriptor(DESCRIPTOR_STRING, 0, 0, STRING_SIZE);
    case STEP_CONFIGURE: return request(0, SET_CONFIGURATION, configuration_to_set(dev), 0, 0);
    default:
        return get_descriptor(DESCRIPTOR_STRING, string_index(dev, dev->step - STEP_STRING),
                              dev->langid, STRING_SIZE);
    }
}

static bool is_string_step(const struct usb_device *dev)
{
    return dev->step >= STEP_LANGUAGES && dev->step < STEP_CONFIGURE;
}

static bool step_needed(const struct usb_device *dev)
{
    if (dev->step == STEP_CONFIGURE)
        return !dev->known || dev->configuration;
    if (!is_string_step(dev) || dev->step == STEP_LANGUAGES)
        return true;
    return dev->langid && string_index(dev, dev->step - STEP_STRING);
}

/* ---- What each step does with the answer ----------------------------------------------------- */

static size_t put_utf8(char *out, uint32_t c)
{
    static const uint8_t lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    if (size == 1) {
        out[0] = (char)c;
        return 1;
    }
    for (size_t i = size - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)(lead[size] | c);
    return size;
}

/* One character of UTF-16LE at *at, which moves on; U+FFFD for half a surrogate pair. */
static uint32_t get_utf16(const uint8_t *data, size_t size, size_t *at)
{
    uint32_t c = get16(data + *at);
    uint32_t low = *at + 4 <= size ? get16(data + *at + 2) : 0;

    *at += 2;
    if ((c & 0xF800) != 0xD800)
        return c;
    if ((c & 0xFC00) != 0xD800 || (low & 0xFC00) != 0xDC00)
        return 0xFFFD;
    *at += 2;
    return 0x10000 + ((c & 0x3FF) << 10 | (low & 0x3FF));
}

/* A unit of two bytes makes at most three, so USB_DEVICE_STRING_MAX is enough for 255 bytes. */
static bool take_string(char *out, const uint8_t *data, uint32_t size)
{
    size_t length = 0;

    if (size < 2 || data[1] != DESCRIPTOR_STRING)
        return false;
    if (size > data[0])
        size = data[0];
    for (size_t at = 2; at + 2 <= size;)
        length += put_utf8(out + length, get_utf16(data, size, &at));
    out[length] = '\0';
    return true;
}

static bool is_descriptor(const uint8_t *data, uint32_t size, uint8_t type, uint8_t length)
{
    return size >= 2 && data[0] >= length && data[1] == type;
}

static bool good_max_packet(uint8_t size)
{
    return size == 8 || size == 16 || size == 32 || size == 64;
}

/* The first bytes of configuration dev->read, or all of it. */
static bool take_configuration(struct usb_device *dev, const uint8_t *data, uint32_t size)
{
    uint32_t room = USB_DEVICE_BLOB_MAX - dev->all_size;

    if (size < CONFIGURATION_SIZE || size > room ||
        !is_descriptor(data, size, DESCRIPTOR_CONFIGURATION, CONFIGURATION_SIZE) ||
        get16(data + 2) > room || (dev->step == STEP_CONFIGURATION && size != get16(data + 2)))
        return false;
    memcpy(dev->blob + dev->all_size, data, size);
    if (dev->step == STEP_CONFIGURATION_9)
        return true;
    dev->all_size = (uint16_t)(dev->all_size + size);
    if (dev->read++ == 0)
        dev->blob_size = dev->all_size;
    return true;
}

/* False: the answer is not a valid one. */
static bool step_answer(struct usb_device *dev, const uint8_t *data, uint32_t size)
{
    switch (dev->step) {
    case STEP_ADDRESS:
    case STEP_CONFIGURE: return true;
    case STEP_DEVICE_8:
    case STEP_DEVICE:
        memcpy(dev->blob, data, size);
        dev->all_size = DEVICE_SIZE;
        return size == (dev->step == STEP_DEVICE ? DEVICE_SIZE : 8u) &&
               is_descriptor(data, size, DESCRIPTOR_DEVICE, DEVICE_SIZE) &&
               good_max_packet(data[DEVICE_MAX_PACKET0]);
    case STEP_CONFIGURATION_9:
    case STEP_CONFIGURATION: return take_configuration(dev, data, size);
    case STEP_LANGUAGES:
        if (size >= 4 && data[1] == DESCRIPTOR_STRING)
            dev->langid = get16(data + 2);
        return dev->langid;
    default: return take_string(dev->string[dev->step - STEP_STRING], data, size);
    }
}

/* The step after one that is done, or - with `failed` - may be left out as on Linux: strings, and
 * configurations behind the first, whose number is then corrected. False: not this one. */
static bool step_on(struct usb_device *dev, bool failed)
{
    uint8_t *configurations = &dev->blob[DEVICE_CONFIGURATIONS];
    bool reads = dev->step == STEP_CONFIGURATION_9 || dev->step == STEP_CONFIGURATION;

    if (failed && !is_string_step(dev) && !(reads && dev->read))
        return false;
    if (failed && reads) {
        *configurations = dev->read;
        dev->step = STEP_CONFIGURATION;
    }
    if (dev->step == STEP_CONFIGURATION && dev->read < *configurations)
        dev->step = STEP_CONFIGURATION_9;
    else
        dev->step++;
    return true;
}

/* ---- The state machine ----------------------------------------------------------------------- */

static void enter(struct usb_device *dev, enum usb_device_state state, uint64_t due)
{
    dev->state = state;
    dev->due = due;
}

static uint64_t after(const struct usb_device *dev, uint64_t ps)
{
    return l072_now(dev->board) + ps;
}

static enum l072_urb_status drop_request(struct usb_device *dev)
{
    int urb = dev->urb;

    dev->urb = -1;
    if (urb < 0)
        return L072_URB_CANCELLED;
    l072_urb_cancel(dev->board, urb);
    return pcap_take(dev->pcap, dev->board, urb, NULL, 0, NULL);
}

static void start_reset(struct usb_device *dev)
{
    l072_usb_reset(dev->board, RESET_PS);
    enter(dev, USB_DEVICE_RESET, after(dev, RESET_PS + RECOVERY_PS));
}

/* Begins the enumeration of a device that was not here before. */
static void start_new(struct usb_device *dev)
{
    dev->address++;
    if (dev->address < FIRST_ADDRESS || dev->address > LAST_ADDRESS)
        dev->address = FIRST_ADDRESS;
    dev->known = false;
    dev->tries = 0;
    start_reset(dev);
}

static void try_again(struct usb_device *dev)
{
    if (++dev->tries < TRIES)
        start_reset(dev);
    else
        enter(dev, USB_DEVICE_FAILED, UINT64_MAX);
}

static void become_ready(struct usb_device *dev)
{
    bool same = dev->known && dev->all_size == dev->old_size &&
                memcmp(dev->blob, dev->old_blob, dev->all_size) == 0;

    if (dev->known && !same) {
        start_new(dev);
        return;
    }
    if (!dev->known)
        dev->generation++;
    dev->configuration = configuration_to_set(dev);
    enter(dev, USB_DEVICE_READY, UINT64_MAX);
}

/* Sends the request of dev->step, or of the next one that is needed. */
static void send_step(struct usb_device *dev)
{
    struct l072_urb urb;

    while (dev->step < STEP_END && !step_needed(dev))
        dev->step++;
    if (dev->step == STEP_END) {
        become_ready(dev);
        return;
    }
    urb = step_request(dev);
    urb.address = dev->step <= STEP_ADDRESS ? 0 : dev->address;
    urb.max_packet = dev->step == STEP_DEVICE_8 ? 64 : dev->blob[DEVICE_MAX_PACKET0];
    dev->urb = pcap_submit(dev->pcap, dev->board, &urb);
    dev->due = after(dev, PATIENCE_PS);
    if (dev->urb < 0)
        try_again(dev);
}

static void start_enumeration(struct usb_device *dev)
{
    enter(dev, USB_DEVICE_ENUMERATE, UINT64_MAX);
    dev->step = STEP_DEVICE_8;
    dev->read = 0;
    dev->langid = 0;
    for (unsigned i = 0; i < USB_STRINGS; i++)
        dev->string[i][0] = '\0';
    send_step(dev);
}

/* A request is answered, too late, or - without one - a pause is over. */
static void enumerate(struct usb_device *dev)
{
    uint8_t data[USB_DEVICE_BLOB_MAX];
    bool late = l072_now(dev->board) >= dev->due;
    uint32_t size = 0;
    enum l072_urb_status status;

    if (dev->urb < 0) {
        if (late)
            send_step(dev);
        return;
    }
    status = pcap_take(dev->pcap, dev->board, dev->urb, data, sizeof data, &size);
    if (status == L072_URB_PENDING && !late)
        return;
    if (status == L072_URB_PENDING)
        status = drop_request(dev);
    dev->urb = -1;
    if (!step_on(dev, status != L072_URB_OK || !step_answer(dev, data, size)))
        try_again(dev);
    else if (dev->step == STEP_ADDRESS + 1)
        dev->due = after(dev, ADDRESS_PS);
    else
        send_step(dev);
}

static void notice(struct usb_device *dev, const struct l072_event *event)
{
    if (event->kind == L072_EVENT_USB_ATTACH) {
        drop_request(dev);
        enter(dev, USB_DEVICE_DEBOUNCE, event->time + DEBOUNCE_PS);
    } else if (event->kind == L072_EVENT_USB_DETACH) {
        drop_request(dev);
        enter(dev, USB_DEVICE_GONE, UINT64_MAX);
    }
    /* The bus was reset behind our back: address and configuration are gone. */
    if (event->kind == L072_EVENT_FAULT && event->value == L072_FAULT_BUS_RESET)
        usb_device_reset(dev);
    if (dev->observe)
        dev->observe(dev->context, event);
}

void usb_device_poll(struct usb_device *dev)
{
    struct l072_event event;

    while (l072_next_event(dev->board, &event))
        notice(dev, &event);
    switch (dev->state) {
    case USB_DEVICE_DEBOUNCE:
        if (l072_now(dev->board) >= dev->due)
            start_new(dev);
        break;
    case USB_DEVICE_PORT:
        if (l072_now(dev->board) >= dev->due)
            start_reset(dev);
        break;
    case USB_DEVICE_RESET:
        if (l072_now(dev->board) >= dev->due)
            start_enumeration(dev);
        break;
    case USB_DEVICE_ENUMERATE: enumerate(dev); break;
    case USB_DEVICE_GONE:
    case USB_DEVICE_READY:
    case USB_DEVICE_FAILED: break;
    }
}

void usb_device_init(struct usb_device *dev, struct l072 *board)
{
    memset(dev, 0, sizeof *dev);
    dev->board = board;
    dev->urb = -1;
    enter(dev, USB_DEVICE_GONE, UINT64_MAX);
    if (l072_usb_attached(board))
        enter(dev, USB_DEVICE_DEBOUNCE, after(dev, DEBOUNCE_PS));
}

uint64_t usb_device_due(const struct usb_device *dev)
{
    return dev->due;
}

void usb_device_reset(struct usb_device *dev)
{
    if (!usb_device_ready(dev))
        return;
    dev->known = true;
    dev->old_size = dev->all_size;
    memcpy(dev->old_blob, dev->blob, dev->all_size);
    dev->tries = 0;
    enter(dev, USB_DEVICE_PORT, after(dev, PORT_PS));
}

/* ---- Simple hosts ---------------------------------------------------------------------------- */

/* Runs to `end`, or to something that happens. False: the board stopped. */
static bool run_slice(struct usb_device *dev, uint64_t end)
{
    uint64_t until = dev->due < end ? dev->due : end;
    enum l072_why why = l072_run(dev->board, until);

    usb_device_poll(dev);
    return why != L072_STOPPED;
}

bool usb_device_run(struct usb_device *dev, uint64_t ps)
{
    uint64_t end = after(dev, ps);

    while (l072_now(dev->board) < end)
        if (!run_slice(dev, end))
            return false;
    return true;
}

bool usb_device_wait(struct usb_device *dev, uint64_t timeout_ps)
{
    uint64_t end = after(dev, timeout_ps);

    while (!usb_device_ready(dev) && dev->state != USB_DEVICE_FAILED)
        if (l072_now(dev->board) >= end || !run_slice(dev, end))
            return false;
    return usb_device_ready(dev);
}

enum l072_urb_status usb_device_control(struct usb_device *dev, const uint8_t setup[8], void *data,
                                        uint32_t *actual, uint64_t timeout_ps)
{
    struct l072_urb urb = {.type = L072_CONTROL, .address = dev->address, .data = data};
    uint64_t end = after(dev, timeout_ps);
    enum l072_urb_status status;
    int id;

    if (!usb_device_ready(dev))
        return L072_URB_GONE;
    memcpy(urb.setup, setup, sizeof urb.setup);
    urb.size = get16(setup + 6);
    urb.max_packet = dev->blob[DEVICE_MAX_PACKET0];
    id = pcap_submit(dev->pcap, dev->board, &urb);
    if (id < 0)
        return id == L072_ERR_GONE ? L072_URB_GONE : L072_URB_ERROR;
    do {
        if (l072_now(dev->board) >= end || !run_slice(dev, end))
            l072_urb_cancel(dev->board, id);
        status = pcap_take(dev->pcap, dev->board, id, data, urb.size, actual);
    } while (status == L072_URB_PENDING);
    return status;
}
