/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/spare.h"

#include <string.h>

#include "base/failure.h"
#include "base/memory.h"
#include "mdc/boxes.h"
#include "mdc/bytes.h"
#include "mdc/code.h"

enum { BLOCK_BYTES_MIN = 256, BLOCKS_WANTED = 64, SIZE_BITS_MAX = 40 };

/* Own parts */

int mdc_own_add(struct mdc_own *own, uint64_t at, uint64_t bytes, struct fr_failure *failure) {
    if ((own->count & (own->count - 1)) == 0) { /* doubled at every power of two */
        struct mdc_own_piece *more = fr_realloc(own->pieces, own->count > 0 ? 2 * (size_t) own->count : 1, sizeof *more);
        if (more == NULL)
            return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory to list a description's own part");
        own->pieces = more;
    }
    own->pieces[own->count++] = (struct mdc_own_piece){.at = at, .bytes = bytes};
    own->bytes += bytes;
    return 0;
}

void mdc_own_done(struct mdc_own *own) {
    fr_free(own->pieces);
    *own = (struct mdc_own){0};
}

int mdc_own_read(const struct mdc_own *own, const struct mdc_source *file, uint64_t from, uint8_t *out, size_t count,
                 struct fr_failure *failure) {
    int error = 0;

    for (uint32_t i = 0; i < own->count && count > 0 && error == 0; i++) {
        const struct mdc_own_piece *piece = &own->pieces[i];
        if (from >= piece->bytes) {
            from -= piece->bytes;
            continue;
        }
        size_t part = piece->bytes - from < count ? (size_t) (piece->bytes - from) : count;
        error = mdc_source_read(file, piece->at + from, out, part, failure);
        out += part;
        count -= part;
        from = 0;
    }
    memset(out, 0, count);
    return error;
}

/* Rows */

void mdc_spare_measure(struct mdc_spare_plan *plan) {
    uint64_t most = 0;

    for (unsigned i = 0; i < plan->count; i++)
        most = plan->own_bytes[i] > most ? plan->own_bytes[i] : most;
    plan->block_bytes = BLOCK_BYTES_MIN;
    while (plan->block_bytes < MDC_BLOCK_BYTES && most / plan->block_bytes > BLOCKS_WANTED)
        plan->block_bytes *= 2;
    plan->row_count = 0;
    for (unsigned i = 0; i < plan->count; i++) {
        uint64_t blocks = (plan->own_bytes[i] + plan->block_bytes - 1) / plan->block_bytes;
        uint32_t rows = (uint32_t) (blocks / (plan->count - plan->parity)) * plan->count;
        while (mdc_spare_before(plan, rows, i, false) < blocks)
            rows++;
        plan->row_count = rows > plan->row_count ? rows : plan->row_count;
    }
}

unsigned mdc_spare_place(const struct mdc_spare_plan *plan, uint32_t row, unsigned index) {
    unsigned turn = (index + plan->count - row % plan->count) % plan->count;

    return turn < plan->parity ? plan->count - plan->parity + turn : turn - plan->parity;
}

uint64_t mdc_spare_before(const struct mdc_spare_plan *plan, uint32_t row, unsigned index, bool is_parity) {
    unsigned needed = plan->count - plan->parity;
    uint64_t before = (uint64_t) (row / plan->count) * (is_parity ? plan->parity : needed);

    for (uint32_t r = row - row % plan->count; r < row; r++)
        before += (mdc_spare_place(plan, r, index) >= needed) == is_parity;
    return before;
}

double mdc_spare_cost(unsigned count, unsigned parity, double own_bytes_max) { return own_bytes_max * count * parity / (count - parity); }

/* The box's head */

size_t mdc_spare_encode(const struct mdc_spare_plan *plan, uint8_t *out) {
    struct mdc_writer writer = mdc_writer_over(out, MDC_SPARE_HEAD_BYTES_MAX);

    mdc_write_number(&writer, plan->block_bytes, 4);
    mdc_write_number(&writer, plan->row_count, 4);
    for (unsigned i = 0; i < plan->count; i++)
        mdc_write_number(&writer, plan->own_bytes[i], 8);
    mdc_write_number(&writer, mdc_crc32c(0, out, (size_t) (writer.at - out)), 4);
    return (size_t) (writer.at - out);
}

int mdc_spare_decode(const uint8_t *bytes, size_t count, const struct mdc_header *header, struct mdc_spare_plan *ret_plan) {
    size_t head_bytes = MDC_SPARE_FIXED_BYTES + 8 * (size_t) header->count;
    struct mdc_spare_plan plan = {.count = header->count, .parity = header->film.parity}, again;
    struct mdc_reader in;

    if (plan.parity == 0 || count < head_bytes)
        return FR_E_SYNTAX;
    in = mdc_reader_over(bytes, head_bytes);
    plan.block_bytes = (uint32_t) mdc_read_number(&in, 4);
    plan.row_count = (uint32_t) mdc_read_number(&in, 4);
    for (unsigned i = 0; i < plan.count; i++) {
        plan.own_bytes[i] = mdc_read_number(&in, 8);
        if (plan.own_bytes[i] >> SIZE_BITS_MAX) /* so that rows can be counted */
            return FR_E_SYNTAX;
    }
    again = plan;
    if (mdc_read_number(&in, 4) != mdc_crc32c(0, bytes, head_bytes - 4))
        return FR_E_SYNTAX;
    mdc_spare_measure(&again);
    if (again.block_bytes != plan.block_bytes || again.row_count != plan.row_count)
        return FR_E_SYNTAX;
    *ret_plan = plan;
    return 0;
}

uint32_t mdc_spare_seal(const struct mdc_header *header, unsigned index, uint32_t row, const uint8_t *block, size_t bytes) {
    uint8_t place[MDC_SET_ID_BYTES + 5];
    struct mdc_writer out = mdc_writer_over(place, sizeof place);

    mdc_write_bytes(&out, header->set_id, MDC_SET_ID_BYTES);
    mdc_write_number(&out, index, 1);
    mdc_write_number(&out, row, 4);
    return mdc_crc32c(mdc_crc32c(0, place, sizeof place), block, bytes);
}

/* Writing */

struct writing {
    const struct mdc_header *header;
    const struct mdc_own *owns;
    struct mdc_output *outputs;
    struct mdc_spare_plan plan;
    struct mdc_code code;
    uint8_t *memory, *blocks[MDC_COUNT_MAX]; /* by their place in the code */
};

static int put_heads(struct writing *writing, struct fr_failure *failure) {
    const struct mdc_spare_plan *plan = &writing->plan;
    uint8_t bytes[MDC_OWN_HEAD_BYTES + MDC_SPARE_HEAD_BYTES_MAX];
    size_t head_bytes = mdc_spare_encode(plan, bytes + MDC_OWN_HEAD_BYTES);
    int error = 0;

    for (unsigned i = 0; i < plan->count && error == 0; i++) {
        uint64_t more = mdc_spare_before(plan, plan->row_count, i, true) * (plan->block_bytes + MDC_SPARE_CRC_BYTES);
        if (more > INT32_MAX)
            return fr_failure_set(failure, FR_E_ARGUMENT, 0, "the video is too large for descriptions to spare: leave --parity out");
        mdc_box_write_own(MDC_BOX_SPARE, head_bytes + (size_t) more, bytes);
        error = mdc_output_append(&writing->outputs[i], bytes, MDC_OWN_HEAD_BYTES + head_bytes, failure);
    }
    return error;
}

static int put_row(struct writing *writing, uint32_t row, struct fr_failure *failure) {
    const struct mdc_spare_plan *plan = &writing->plan;
    unsigned needed = plan->count - plan->parity;
    int error = 0;

    for (unsigned i = 0; i < plan->count && error == 0; i++) {
        unsigned place = mdc_spare_place(plan, row, i);
        const struct mdc_source file = {.fd = writing->outputs[i].fd, .path = writing->outputs[i].path};
        if (place < needed)
            error = mdc_own_read(&writing->owns[i], &file, mdc_spare_before(plan, row, i, false) * plan->block_bytes,
                                 writing->blocks[place], plan->block_bytes, failure);
    }
    if (error == 0)
        mdc_code_fill(&writing->code, writing->blocks, plan->block_bytes);
    for (unsigned i = 0; i < plan->count && error == 0; i++) {
        unsigned place = mdc_spare_place(plan, row, i);
        struct mdc_writer crc = mdc_writer_over(writing->blocks[place] + plan->block_bytes, MDC_SPARE_CRC_BYTES);
        if (place < needed)
            continue;
        mdc_write_number(&crc, mdc_spare_seal(writing->header, i, row, writing->blocks[place], plan->block_bytes), MDC_SPARE_CRC_BYTES);
        error = mdc_output_append(&writing->outputs[i], writing->blocks[place], plan->block_bytes + MDC_SPARE_CRC_BYTES, failure);
    }
    return error;
}

/* The plan, the code, and room for a row of blocks. */
static int set_up(struct writing *writing, const struct mdc_own *owns, struct fr_failure *failure) {
    const struct mdc_header *header = writing->header;
    struct mdc_spare_plan *plan = &writing->plan;

    *plan = (struct mdc_spare_plan){.count = header->count, .parity = header->film.parity};
    for (unsigned i = 0; i < header->count; i++)
        plan->own_bytes[i] = owns[i].bytes;
    mdc_spare_measure(plan);
    mdc_code_init(&writing->code, plan->count - plan->parity, plan->count);
    writing->memory = fr_alloc(plan->count * (size_t) (plan->block_bytes + MDC_SPARE_CRC_BYTES));
    if (writing->memory == NULL)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for a row of blocks");
    for (unsigned i = 0; i < plan->count; i++)
        writing->blocks[i] = writing->memory + i * (size_t) (plan->block_bytes + MDC_SPARE_CRC_BYTES);
    return 0;
}

int mdc_spare_write(const struct mdc_header *header, const struct mdc_own *owns, struct mdc_output *outputs, struct fr_failure *failure) {
    struct writing *writing = fr_alloc_zeroed(1, sizeof *writing);
    int error;

    if (writing == NULL)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for parity");
    writing->header = header;
    writing->owns = owns;
    writing->outputs = outputs;
    error = set_up(writing, owns, failure);
    if (error == 0)
        error = put_heads(writing, failure);
    for (uint32_t row = 0; error == 0 && row < writing->plan.row_count; row++)
        error = put_row(writing, row, failure);
    fr_free(writing->memory);
    fr_free(writing);
    return error;
}
