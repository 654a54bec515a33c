/* SPDX-License-Identifier: MIT */
/* Prints the device descriptor of a firmware image: descriptors IMAGE.bin */
#include <l072.h>
#include <stdio.h>

/* Runs the board until it is `ms` milliseconds old; false when it stopped. */
static bool run(struct l072 *board, uint64_t ms)
{
    struct l072_event event;
    enum l072_why why;

    while ((why = l072_run(board, ms * L072_PS_PER_MS)) == L072_EVENTS)
        while (l072_next_event(board, &event)) {
        }
    return why == L072_TIME;
}

int main(int argc, char **argv)
{
    static uint8_t image[65536], descriptor[18];
    const struct l072_config config = {.part = "l072xz", .seed = 1};
    const struct l072_urb get_device_descriptor = {
        .type = L072_CONTROL,
        .max_packet = 64,
        .setup = {0x80, 6, 0, 1, 0, 0, sizeof descriptor, 0},
        .size = sizeof descriptor,
    };
    struct l072 *board = l072_create(&config);
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;

    if (!board || !file || l072_load(board, 0x08000000, image, fread(image, 1, 65536, file)) != 0)
        return 2;
    l072_power(board, true);
    bool ok = run(board, 200); /* it attaches, and is steady for 100 ms */
    l072_usb_reset(board, 10 * L072_PS_PER_MS);
    ok = ok && run(board, 230);
    int id = l072_urb_submit(board, &get_device_descriptor);
    ok = ok && run(board, 300) && l072_urb_take(board, id, descriptor, 18, NULL) == L072_URB_OK;
    for (size_t i = 0; ok && i < sizeof descriptor; i++)
        printf("%02x%c", descriptor[i], i + 1 < sizeof descriptor ? ' ' : '\n');
    fclose(file);
    l072_destroy(board);
    return ok ? 0 : 1;
}
