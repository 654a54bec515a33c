/* SPDX-License-Identifier: MIT */
/* The application on USB: pid.codes' test ID 1209:0001 and a DFU runtime interface. */
#ifndef EXAMPLE_USB_H
#define EXAMPLE_USB_H

#ifndef APP_VERSION
#define APP_VERSION 1
#endif
#define APP_TEXT(number)  #number
#define APP_TEXT2(number) APP_TEXT(number)
#define APP_NAME          "app " APP_TEXT2(APP_VERSION)

/* Supplied by main.c: the host asked for DFU and has its answer. From the USB interrupt. */
void app_detach(void);

#endif
