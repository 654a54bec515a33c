/* SPDX-License-Identifier: MIT */
/*
 * The transfers of the board's USB port, and a file of them for Wireshark: pcapng, link type
 * USB_LINUX_MMAPPED, as the Linux usbmon would have seen them, with simulated time stamps.
 */
#ifndef BRIDGE_PCAP_H
#define BRIDGE_PCAP_H

#include <stdbool.h>

#include "l072.h"

struct pcap;

/* Creates the file. NULL: errno says why. */
struct pcap *pcap_open(const char *path);
/* Completes the file and frees `pcap`, which may be NULL. False: something could not be written,
 * as errno says. */
bool pcap_close(struct pcap *pcap);

/* l072_urb_submit() and l072_urb_take(), on record unless `pcap` is NULL. */
int pcap_submit(struct pcap *pcap, struct l072 *board, const struct l072_urb *urb);
enum l072_urb_status pcap_take(struct pcap *pcap, struct l072 *board, int id, void *data,
                               uint32_t size, uint32_t *actual);

#endif
