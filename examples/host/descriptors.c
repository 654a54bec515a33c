/* SPDX-License-Identifier: MIT */
/* Prints the device descriptor of a firmware image: descriptors IMAGE.bin */
#include <l072.h>
#include <stdio.h>

/* Runs the board until it has nothing to do before `until`; false when it stopped. */
static bool run(struct l072 *board, uint64_t until)
{
    struct l072_event event;
    enum l072_why why;

    while ((why = l072_run(board, until)) == L072_EVENTS)
        while (l072_next_event(board, &event)) {
        }
    return why == L072_TIME;
}

int main(int argc, char **argv)
{
    static const struct l072_config config = {.part = "l072xz", .seed = 1};
    static const struct l072_urb get_device_descriptor = {
        .type = L072_CONTROL,
        .max_packet = 64,
        .setup = {0x80, 6, 0, 1, 0, 0, 18, 0},
        .size = 18,
    };
    static uint8_t image[65536];
    uint8_t descriptor[18];
    uint32_t size = 0;
    struct l072 *board = l072_create(&config);
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    bool ok = board && file &&
              l072_load(board, 0x08000000, image, fread(image, 1, sizeof image, file)) == 0;

    if (ok) {
        l072_power(board, true);
        ok = run(board, 200 * L072_PS_PER_MS); /* it attaches, and is steady for 100 ms */
        l072_usb_reset(board, 10 * L072_PS_PER_MS);
        ok = ok && run(board, 230 * L072_PS_PER_MS);
        int id = l072_urb_submit(board, &get_device_descriptor);
        ok = ok && run(board, 300 * L072_PS_PER_MS) &&
             l072_urb_take(board, id, descriptor, sizeof descriptor, &size) == L072_URB_OK;
    }
    for (uint32_t i = 0; i < size; i++)
        printf("%02x%c", descriptor[i], i + 1 < size ? ' ' : '\n');
    if (file)
        fclose(file);
    l072_destroy(board);
    return ok ? 0 : 1;
}
