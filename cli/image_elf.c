/* SPDX-License-Identifier: MIT */
#include "image_elf.h"

#include <gelf.h>
#include <string.h>

bool elf_recognise(const uint8_t *file, size_t size)
{
    return size >= SELFMAG && memcmp(file, ELFMAG, SELFMAG) == 0;
}

static bool check_header(const Elf32_Ehdr *header, struct error *error)
{
    if (!header || header->e_ident[EI_DATA] != ELFDATA2LSB || header->e_machine != EM_ARM)
        return error_set(error, "is an ELF, but not for 32-bit little-endian ARM; "
                                "build it with arm-none-eabi-gcc");
    if (header->e_type != ET_EXEC)
        return error_set(error, "is an ARM ELF, but not an executable; link it first");
    return true;
}

/* The i-th program header, copied because a damaged file may hold it misaligned. */
static bool is_loaded(Elf *elf, size_t i, GElf_Phdr *segment)
{
    return gelf_getphdr(elf, (int)i, segment) && segment->p_type == PT_LOAD;
}

static bool add_segments(struct image *image, Elf *elf, struct error *error)
{
    const Elf32_Ehdr *header = elf32_getehdr(elf);
    size_t count;
    if (!check_header(header, error))
        return false;
    /* libelf counts only those headers that are there. */
    if (elf_getphdrnum(elf, &count) != 0 || count != header->e_phnum)
        return error_set(error, "the ELF is cut short in its program headers; build it again");
    image->has_start = true;
    image->start = header->e_entry;
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr segment;
        if (!is_loaded(elf, i, &segment))
            continue;
        uint32_t address = (uint32_t)segment.p_paddr;
        if (segment.p_offset + segment.p_filesz > image->file_size)
            return error_set(error,
                             "the ELF is cut short: the data for 0x%08X is missing; "
                             "build it again",
                             address);
        if (!image_add(image, address, image->file + segment.p_offset, segment.p_filesz, error))
            return false;
    }
    return true;
}

bool elf_parse(struct image *image, struct error *error)
{
    elf_version(EV_CURRENT);
    Elf *elf = elf_memory((char *)image->file, image->file_size);
    if (!elf)
        return error_set(error, "damaged ELF: %s; build it again", elf_errmsg(-1));
    bool ok = add_segments(image, elf, error);
    elf_end(elf);
    return ok;
}

uint8_t *elf_byte(uint8_t *file, size_t size, uint32_t address)
{
    elf_version(EV_CURRENT);
    Elf *elf = elf_memory((char *)file, size);
    size_t count;
    GElf_Phdr segment;
    uint8_t *found = NULL;
    if (elf_getphdrnum(elf, &count) == 0)
        for (size_t i = 0; i < count && !found; i++) {
            if (!is_loaded(elf, i, &segment) || address - segment.p_paddr >= segment.p_filesz)
                continue;
            uint64_t at = segment.p_offset + (address - segment.p_paddr);
            /* A damaged file may have its own headers as data: they change as it is written. */
            if (at < size)
                found = file + at;
        }
    elf_end(elf);
    return found;
}
