/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/boxes.h"

#include <string.h>

#include "base/check.h"
#include "base/failure.h"
#include "mdc/bytes.h"
#include "mdc/header.h"

enum { BOXES_BEFORE_HEADER = 8 };

/* Random, but for the last byte, which tells what is inside. */
static const uint8_t uuid[MDC_UUID_BYTES - 1] = {0x5d, 0x0e, 0x8a, 0x31, 0x6b, 0xc4, 0x4f, 0x2e, 0x9c, 0x57, 0xd2, 0x18, 0xf0, 0xa6, 0x3b};

static enum mdc_box_kind kind_of(const uint8_t *type) {
    static const struct {
        char type[5];
        enum mdc_box_kind kind;
    } known[] = {{"ftyp", MDC_BOX_FTYP}, {"moov", MDC_BOX_MOOV}, {"moof", MDC_BOX_MOOF}, {"mdat", MDC_BOX_MDAT}};

    for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
        if (memcmp(type, known[i].type, 4) == 0)
            return known[i].kind;
    return MDC_BOX_OTHER;
}

bool mdc_box_parse(const uint8_t *bytes, size_t count, uint64_t at, uint64_t left, struct mdc_box *ret_box) {
    struct mdc_reader in = mdc_reader_over(bytes, count);
    struct mdc_box box = {.at = at, .head_bytes = MDC_BOX_HEAD_BYTES};
    const uint8_t *type, *id;

    box.bytes = mdc_read_number(&in, 4);
    type = mdc_read_bytes(&in, 4);
    if (type == NULL)
        return false;
    box.kind = kind_of(type);
    if (box.bytes == 1) { /* its length is in the next eight bytes */
        box.bytes = mdc_read_number(&in, 8);
        box.head_bytes += 8;
    }
    if (memcmp(type, "uuid", 4) == 0 && box.head_bytes == MDC_BOX_HEAD_BYTES) {
        id = mdc_read_bytes(&in, MDC_UUID_BYTES);
        if (id != NULL && memcmp(id, uuid, sizeof uuid) == 0 && id[15] >= MDC_BOX_HEADER && id[15] <= MDC_BOX_SPARE) {
            box.kind = (enum mdc_box_kind) id[15];
            box.head_bytes += MDC_UUID_BYTES;
        }
    }
    if (in.is_short || box.bytes < box.head_bytes || box.bytes > left)
        return false;
    *ret_box = box;
    return true;
}

bool mdc_box_at(const struct mdc_source *file, uint64_t at, struct mdc_box *ret_box) {
    uint8_t bytes[MDC_OWN_HEAD_BYTES];
    uint64_t left = at < file->bytes ? file->bytes - at : 0;
    size_t count = left < sizeof bytes ? (size_t) left : sizeof bytes;

    return mdc_source_read(file, at, bytes, count, NULL) == 0 && mdc_box_parse(bytes, count, at, left, ret_box);
}

void mdc_box_write_own(enum mdc_box_kind kind, size_t content_bytes, uint8_t *out) {
    struct mdc_writer writer = mdc_writer_over(out, MDC_OWN_HEAD_BYTES);

    fr_assert(content_bytes < UINT32_MAX - MDC_OWN_HEAD_BYTES);
    mdc_write_number(&writer, MDC_OWN_HEAD_BYTES + content_bytes, 4);
    mdc_write_bytes(&writer, "uuid", 4);
    mdc_write_bytes(&writer, uuid, sizeof uuid);
    mdc_write_number(&writer, kind, 1);
}

int mdc_box_find_header(const struct mdc_source *file, uint64_t *ret_at, struct fr_failure *failure) {
    uint8_t magic[4] = {0};
    struct mdc_box box;
    uint64_t at = 0;

    if (file->bytes == 0)
        return fr_failure_set(failure, FR_E_SYNTAX, 0, "%s: it is empty", file->path);
    if (file->bytes >= sizeof magic && mdc_source_read(file, 0, magic, sizeof magic, failure) == 0 &&
        memcmp(magic, MDC_MAGIC, sizeof magic) == 0) {
        *ret_at = 0;
        return 0;
    }
    for (unsigned i = 0; i < BOXES_BEFORE_HEADER && mdc_box_at(file, at, &box); i++) {
        if (i == 0 && box.kind != MDC_BOX_FTYP)
            break;
        if (box.kind == MDC_BOX_HEADER) {
            *ret_at = at + box.head_bytes;
            return 0;
        }
        at += box.bytes;
    }
    return fr_failure_set(failure, FR_E_SYNTAX, 0, "%s: it is not a description", file->path);
}
