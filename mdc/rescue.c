/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/rescue.h"

#include <string.h>

#include "base/failure.h"
#include "base/memory.h"
#include "mdc/boxes.h"
#include "mdc/bytes.h"
#include "mdc/code.h"
#include "mdc/spare.h"

struct rescuing {
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
static int list_own(struct rescuing *rescuing, unsigned index, struct fr_failure *failure) {
    const struct mdc_description *description = rescuing->descriptions[index];
    const struct mdc_fragments *list = &rescuing->lists[index];
    struct mdc_own *own = &rescuing->owns[index];
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
    rescuing->is_sound[index] = error == 0 && is_sound && own->bytes == rescuing->plan.own_bytes[index];
    return error;
}

static int take_stock(struct rescuing *rescuing, unsigned *ret_missing, struct fr_failure *failure) {
    unsigned count = rescuing->header->count, missing = count;
    bool has_plan = false;
    int error = 0;

    for (unsigned i = 0; i < count && !has_plan; i++)
        has_plan = rescuing->descriptions[i] != NULL && read_plan(rescuing->descriptions[i], &rescuing->lists[i], &rescuing->plan);
    for (unsigned i = 0; i < count && has_plan && error == 0; i++) {
        if (rescuing->descriptions[i] != NULL)
            error = list_own(rescuing, i, failure);
        missing -= rescuing->is_sound[i];
    }
    *ret_missing = missing;
    return error;
}

/* Making it again */

static int prepare(struct rescuing *rescuing, const char *folder, struct fr_failure *failure) {
    const struct mdc_spare_plan *plan = &rescuing->plan;
    size_t stride = plan->block_bytes + MDC_SPARE_CRC_BYTES;
    int error = 0;

    mdc_code_init(&rescuing->code, plan->count - plan->parity, plan->count);
    rescuing->memory = fr_alloc(plan->count * stride);
    if (rescuing->memory == NULL)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for a row of blocks");
    for (unsigned i = 0; i < plan->count && error == 0; i++) {
        rescuing->blocks[i] = rescuing->memory + i * stride;
        if (!rescuing->is_sound[i])
            error = mdc_open_nameless(folder, &rescuing->made[i].fd, failure);
        rescuing->made[i].path = "a temporary file";
    }
    return error;
}

/* What the restored blocks of a row are in their descriptions. */
static int put_row(struct rescuing *rescuing, uint32_t row, struct fr_failure *failure) {
    const struct mdc_spare_plan *plan = &rescuing->plan;
    int error = 0;

    for (unsigned i = 0; i < plan->count && error == 0; i++) {
        unsigned place = mdc_spare_place(plan, row, i);
        uint64_t at = mdc_spare_before(plan, row, i, false) * plan->block_bytes, left;
        struct mdc_output file = {.fd = rescuing->made[i].fd, .path = "a temporary file"};
        if (place >= plan->count - plan->parity || rescuing->is_sound[i] || at >= plan->own_bytes[i])
            continue;
        left = plan->own_bytes[i] - at;
        error = mdc_output_write_at(&file, at, rescuing->blocks[place], left < plan->block_bytes ? (size_t) left : plan->block_bytes,
                                    failure);
    }
    return error;
}

/* false in *ret_is_enough: the row has too few blocks. */
static int make_row(struct rescuing *rescuing, uint32_t row, bool *ret_is_enough, struct fr_failure *failure) {
    const struct mdc_spare_plan *plan = &rescuing->plan;
    unsigned needed = plan->count - plan->parity, there = 0;
    bool has[MDC_COUNT_MAX] = {false};

    for (unsigned i = 0; i < plan->count; i++) {
        const struct mdc_description *description = rescuing->descriptions[i];
        unsigned place = mdc_spare_place(plan, row, i);
        uint64_t from = mdc_spare_before(plan, row, i, false) * plan->block_bytes;
        if (place >= needed)
            has[place] = description != NULL && read_parity(plan, description, &rescuing->lists[i], row, rescuing->blocks[place]);
        else
            has[place] = rescuing->is_sound[i] &&
                mdc_own_read(&rescuing->owns[i], &description->file, from, rescuing->blocks[place], plan->block_bytes, NULL) == 0;
        there += has[place];
    }
    *ret_is_enough = there >= needed;
    if (there < needed)
        return 0;
    mdc_code_restore(&rescuing->code, rescuing->blocks, has, plan->block_bytes);
    return put_row(rescuing, row, failure);
}

/* The files become descriptions. */
static int hand_over(struct rescuing *rescuing, struct mdc_description **ret_rescued, struct fr_failure *failure) {
    for (unsigned i = 0; i < rescuing->plan.count; i++) {
        if (rescuing->is_sound[i])
            continue;
        ret_rescued[i] = fr_alloc_zeroed(1, sizeof *ret_rescued[i]);
        if (ret_rescued[i] == NULL)
            return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for a description");
        ret_rescued[i]->file = rescuing->made[i];
        ret_rescued[i]->file.bytes = rescuing->plan.own_bytes[i];
        ret_rescued[i]->header = *rescuing->header;
        ret_rescued[i]->header.index = (uint8_t) i;
        rescuing->made[i].fd = -1;
    }
    return 0;
}

static void rescuing_free(struct rescuing *rescuing) {
    for (unsigned i = 0; i < MDC_COUNT_MAX; i++) {
        mdc_own_done(&rescuing->owns[i]);
        mdc_source_close(&rescuing->made[i]);
    }
    fr_free(rescuing->memory);
    fr_free(rescuing);
}

int mdc_rescue(struct mdc_description *const *descriptions, const struct mdc_fragments *lists, const struct mdc_header *header,
               const char *folder, const struct mdc_watch *watch, struct mdc_description **ret_rescued, bool *ret_is_done,
               struct fr_failure *failure) {
    struct rescuing *rescuing = fr_alloc_zeroed(1, sizeof *rescuing);
    unsigned missing = 0;
    bool is_enough = true;
    int error;

    *ret_is_done = false;
    if (rescuing == NULL)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory to restore descriptions");
    rescuing->header = header;
    rescuing->descriptions = descriptions;
    rescuing->lists = lists;
    for (unsigned i = 0; i < MDC_COUNT_MAX; i++)
        rescuing->made[i].fd = -1;
    error = take_stock(rescuing, &missing, failure);
    is_enough = missing <= header->film.parity;
    if (error == 0 && is_enough)
        error = prepare(rescuing, folder, failure);
    for (uint32_t row = 0; error == 0 && is_enough && row < rescuing->plan.row_count; row++) {
        error = make_row(rescuing, row, &is_enough, failure);
        if (watch != NULL)
            watch->on_progress(watch->context, row, rescuing->plan.row_count);
    }
    if (error == 0 && is_enough)
        error = hand_over(rescuing, ret_rescued, failure);
    *ret_is_done = error == 0 && is_enough;
    rescuing_free(rescuing);
    return error;
}
