/* SPDX-License-Identifier: MIT */
/* Built for the host: the ROM images, 8192 bytes each, as read-only data. The build passes their
 * paths. */
    .section .rodata
    .global l072_rom_v40, l072_rom_v41
l072_rom_v40:
    .incbin ROM_V40
l072_rom_v41:
    .incbin ROM_V41
    .section .note.GNU-stack, "", %progbits
