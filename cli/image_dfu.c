/* SPDX-License-Identifier: MIT */
#include "image_dfu.h"

enum image_kind dfu_kind(const uint8_t *file, size_t size)
{
    if (dfu_has_prefix(file, size))
        return IMAGE_DFUSE;
    return dfu_has_suffix(file, size) ? IMAGE_DFU : IMAGE_BIN;
}

bool dfu_add(struct image *image, const struct dfu_file *dfu, uint32_t address, struct error *error)
{
    if (!dfu->is_dfuse)
        return image_add(image, address, dfu->payload, dfu->payload_size, error);
    for (size_t i = 0; i < dfu->elements; i++) {
        const struct dfuse_element *element = &dfu->element[i];
        if (!image_overwrite(image, element->address, element->data, element->size, error))
            return false;
    }
    return true;
}

bool dfu_image(struct image *image, uint32_t address, struct error *error)
{
    struct dfu_file dfu;
    if (!dfu_parse(&dfu, image->file, image->file_size))
        return error_set(error, "not enough memory for the image");
    bool ok = dfu.problems ? error_set(error, "damaged DFU file: %s", dfu.problem[0].text)
                           : dfu_add(image, &dfu, address, error);
    dfu_free(&dfu);
    return ok;
}

uint8_t *dfu_byte(uint8_t *file, size_t size, uint32_t address)
{
    struct dfu_file dfu;
    uint8_t *found = NULL;
    if (!dfu_parse(&dfu, file, size))
        return NULL;
    for (size_t i = 0; i < dfu.elements; i++) {
        const struct dfuse_element *element = &dfu.element[i];
        if (address - element->address < element->size)
            found = file + (element->data - file) + (address - element->address);
    }
    dfu_free(&dfu);
    return found;
}
