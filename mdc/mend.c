/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/mend.h"

#include <string.h>

#include "base/failure.h"
#include "base/memory.h"
#include "mdc/boxes.h"
#include "mdc/bytes.h"
#include "mdc/code.h"
#include "mdc/spare.h"

struct mending {
    const struct mdc_header *header;
    struct mdc_description *const *descriptions;
    const struct mdc_fragments *lists;
    struct mdc_spare_plan plan;
    struct mdc_own owns[MDC_COUNT_MAX];
    bool is_sound[MDC_COUNT_MAX]; /* whose own part is whole */
    struct mdc_source made[MDC_COUNT_MAX];
    struct mdc_code code;
    uint8_t *memory, *blocks[MDC_COUNT_MAX];
};

/* What is there */

static bool read_plan(const struct mdc_description *description, const struct mdc_fragments *list, struct mdc_spare_plan *ret_plan) {
    uint8_t bytes[MDC_SPARE_HEAD_BYTES_MAX];
    size_t count = list->spare_bytes < sizeof bytes ? (size_t) list->spare_bytes : sizeof bytes;

    return list->spare_at != 0 && mdc_source_read(&description->file, list->spare_at, bytes, count, NULL) == 0 &&
        mdc_spare_decode(bytes, count, &description->header, ret_plan) == 0;
}

/* The parity block that a description has for that row, into `block`. */
static bool read_parity(const struct mdc_spare_plan *plan, const struct mdc_description *description, const struct mdc_fragments *list,
                        uint32_t row, uint8_t *block) {
    uint64_t stride = plan->block_bytes + MDC_SPARE_CRC_BYTES, head = MDC_SPARE_FIXED_BYTES + 8 * (uint64_t) plan->count;
    uint64_t at = head + mdc_spare_before(plan, row, description->header.index, true) * stride;
    struct mdc_reader crc;

    if (list->spare_at == 0 || at + stride > list->spare_bytes ||
        mdc_source_read(&description->file, list->spare_at + at, block, (size_t) stride, NULL) != 0)
        return false;
    crc = mdc_reader_over(block + plan->block_bytes, MDC_SPARE_CRC_BYTES);
    return mdc_read_number(&crc, MDC_SPARE_CRC_BYTES) ==
        mdc_spare_seal(&description->header, description->header.index, row, block, plan->block_bytes);
}

bool mdc_spare_check(const struct mdc_description *description, const struct mdc_fragments *fragments) {
    struct mdc_spare_plan plan;
    uint8_t *block;
    bool is_good = read_plan(description, fragments, &plan);

    if (!is_good)
        return false;
    block = fr_alloc(plan.block_bytes + MDC_SPARE_CRC_BYTES);
    is_good = block != NULL &&
        MDC_SPARE_FIXED_BYTES + 8 * (uint64_t) plan.count +
                mdc_spare_before(&plan, plan.row_count, description->header.index, true) * (plan.block_bytes + MDC_SPARE_CRC_BYTES) ==
            fragments->spare_bytes;
    for (uint32_t row = 0; is_good && row < plan.row_count; row++)
        if (mdc_spare_place(&plan, row, description->header.index) >= plan.count - plan.parity)
            is_good = read_parity(&plan, description, fragments, row, block);
    fr_free(block);
    return is_good;
}

/* Lists a description's own part, and reads all of it: is it whole? */
static int list_own(struct mending *mending, unsigned index, struct fr_failure *failure) {
    const struct mdc_description *description = mending->descriptions[index];
    const struct mdc_fragments *list = &mending->lists[index];
    struct mdc_own *own = &mending->owns[index];
    bool is_sound = mdc_fragments_check_rest(description, list);
    int error = 0;

    for (uint32_t i = 0; i < list->count && error == 0 && is_sound; i++) {
        const struct mdc_found *found = &list->found[i];
        if (!found->is_full || found->owner != index)
            continue;
        uint8_t *bytes = fr_alloc(found->fragment_bytes + 1);
        is_sound = bytes != NULL && mdc_fragments_read(description, found, bytes);
        fr_free(bytes);
        error = mdc_own_add(own, found->record_at - MDC_OWN_HEAD_BYTES,
                            MDC_OWN_HEAD_BYTES + found->record_bytes + (uint64_t) found->fragment_bytes, failure);
    }
    if (error == 0 && is_sound)
        error = mdc_own_add(own, list->rest_at - MDC_OWN_HEAD_BYTES, MDC_OWN_HEAD_BYTES + list->rest_bytes + MDC_SHA256_BYTES, failure);
    mending->is_sound[index] = error == 0 && is_sound && own->bytes == mending->plan.own_bytes[index];
    return error;
}

static int take_stock(struct mending *mending, unsigned *ret_missing, struct fr_failure *failure) {
    unsigned count = mending->header->count, missing = count;
    bool has_plan = false;
    int error = 0;

    for (unsigned i = 0; i < count && !has_plan; i++)
        has_plan = mending->descriptions[i] != NULL && read_plan(mending->descriptions[i], &mending->lists[i], &mending->plan);
    for (unsigned i = 0; i < count && has_plan && error == 0; i++) {
        if (mending->descriptions[i] != NULL)
            error = list_own(mending, i, failure);
        missing -= mending->is_sound[i];
    }
    *ret_missing = missing;
    return error;
}

/* Making it again */

static int prepare(struct mending *mending, const char *folder, struct fr_failure *failure) {
    const struct mdc_spare_plan *plan = &mending->plan;
    size_t stride = plan->block_bytes + MDC_SPARE_CRC_BYTES;
    int error = 0;

    mdc_code_init(&mending->code, plan->count - plan->parity, plan->count);
    mending->memory = fr_alloc(plan->count * stride);
    if (mending->memory == NULL)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for a row of blocks");
    for (unsigned i = 0; i < plan->count && error == 0; i++) {
        mending->blocks[i] = mending->memory + i * stride;
        if (!mending->is_sound[i])
            error = mdc_open_nameless(folder, &mending->made[i].fd, failure);
        mending->made[i].path = "a temporary file";
    }
    return error;
}

/* What the restored blocks of a row are in their descriptions. */
static int put_row(struct mending *mending, uint32_t row, struct fr_failure *failure) {
    const struct mdc_spare_plan *plan = &mending->plan;
    int error = 0;

    for (unsigned i = 0; i < plan->count && error == 0; i++) {
        unsigned place = mdc_spare_place(plan, row, i);
        uint64_t at = mdc_spare_before(plan, row, i, false) * plan->block_bytes, left;
        struct mdc_output file = {.fd = mending->made[i].fd, .path = "a temporary file"};
        if (place >= plan->count - plan->parity || mending->is_sound[i] || at >= plan->own_bytes[i])
            continue;
        left = plan->own_bytes[i] - at;
        error = mdc_output_write_at(&file, at, mending->blocks[place], left < plan->block_bytes ? (size_t) left : plan->block_bytes,
                                    failure);
    }
    return error;
}

/* false in *ret_is_enough: the row has too few blocks. */
static int make_row(struct mending *mending, uint32_t row, bool *ret_is_enough, struct fr_failure *failure) {
    const struct mdc_spare_plan *plan = &mending->plan;
    unsigned needed = plan->count - plan->parity, there = 0;
    bool has[MDC_COUNT_MAX] = {false};

    for (unsigned i = 0; i < plan->count; i++) {
        const struct mdc_description *description = mending->descriptions[i];
        unsigned place = mdc_spare_place(plan, row, i);
        uint64_t from = mdc_spare_before(plan, row, i, false) * plan->block_bytes;
        if (place >= needed)
            has[place] = description != NULL && read_parity(plan, description, &mending->lists[i], row, mending->blocks[place]);
        else
            has[place] = mending->is_sound[i] &&
                mdc_own_read(&mending->owns[i], &description->file, from, mending->blocks[place], plan->block_bytes, NULL) == 0;
        there += has[place];
    }
    *ret_is_enough = there >= needed;
    if (there < needed)
        return 0;
    mdc_code_restore(&mending->code, mending->blocks, has, plan->block_bytes);
    return put_row(mending, row, failure);
}

/* The files become descriptions. */
static int hand_over(struct mending *mending, struct mdc_description **ret_mended, struct fr_failure *failure) {
    for (unsigned i = 0; i < mending->plan.count; i++) {
        if (mending->is_sound[i])
            continue;
        ret_mended[i] = fr_alloc_zeroed(1, sizeof *ret_mended[i]);
        if (ret_mended[i] == NULL)
            return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for a description");
        ret_mended[i]->file = mending->made[i];
        ret_mended[i]->file.bytes = mending->plan.own_bytes[i];
        ret_mended[i]->header = *mending->header;
        ret_mended[i]->header.index = (uint8_t) i;
        mending->made[i].fd = -1;
    }
    return 0;
}

static void mending_free(struct mending *mending) {
    for (unsigned i = 0; i < MDC_COUNT_MAX; i++) {
        mdc_own_done(&mending->owns[i]);
        mdc_source_close(&mending->made[i]);
    }
    fr_free(mending->memory);
    fr_free(mending);
}

int mdc_mend(struct mdc_description *const *descriptions, const struct mdc_fragments *lists, const struct mdc_header *header,
             const char *folder, const struct mdc_watch *watch, struct mdc_description **ret_mended, bool *ret_is_done,
             struct fr_failure *failure) {
    struct mending *mending = fr_alloc_zeroed(1, sizeof *mending);
    unsigned missing = 0;
    bool is_enough = true;
    int error;

    *ret_is_done = false;
    if (mending == NULL)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory to restore descriptions");
    mending->header = header;
    mending->descriptions = descriptions;
    mending->lists = lists;
    for (unsigned i = 0; i < MDC_COUNT_MAX; i++)
        mending->made[i].fd = -1;
    error = take_stock(mending, &missing, failure);
    is_enough = missing <= header->film.parity;
    if (error == 0 && is_enough)
        error = prepare(mending, folder, failure);
    for (uint32_t row = 0; error == 0 && is_enough && row < mending->plan.row_count; row++) {
        error = make_row(mending, row, &is_enough, failure);
        if (watch != NULL)
            watch->on_progress(watch->context, row, mending->plan.row_count);
    }
    if (error == 0 && is_enough)
        error = hand_over(mending, ret_mended, failure);
    *ret_is_done = error == 0 && is_enough;
    mending_free(mending);
    return error;
}
