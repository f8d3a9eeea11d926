/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/code.h"

#include <string.h>

#include <isa-l/crc.h>
#include <isa-l/erasure_code.h>

#include "base/check.h"

void mdc_code_init(struct mdc_code *code, unsigned needed, unsigned count) {
    fr_assert(needed >= 1 && needed <= count && count <= MDC_COUNT_MAX);
    code->needed = (uint8_t) needed;
    code->count = (uint8_t) count;
    /* A Cauchy matrix: every choice of `needed` rows can be inverted, which does not hold for Vandermonde's. */
    gf_gen_cauchy1_matrix(code->matrix, (int) count, (int) needed);
    if (count > needed)
        ec_init_tables((int) needed, (int) (count - needed), code->matrix + needed * needed, code->tables);
}

void mdc_code_fill(const struct mdc_code *code, uint8_t **blocks, size_t bytes) {
    if (code->count > code->needed)
        ec_encode_data((int) bytes, code->needed, code->count - code->needed, (uint8_t *) code->tables, blocks, blocks + code->needed);
}

void mdc_code_restore(const struct mdc_code *code, uint8_t **blocks, const bool *has, size_t bytes) {
    uint8_t rows[MDC_COUNT_MAX * MDC_COUNT_MAX], inverse[MDC_COUNT_MAX * MDC_COUNT_MAX], wanted[MDC_COUNT_MAX * MDC_COUNT_MAX];
    uint8_t tables[32 * MDC_COUNT_MAX * MDC_COUNT_MAX];
    uint8_t *from[MDC_COUNT_MAX], *to[MDC_COUNT_MAX];
    unsigned needed = code->needed, from_count = 0, to_count = 0;
    int error;

    for (unsigned i = 0; i < code->count && from_count < needed; i++)
        if (has[i]) {
            memcpy(rows + from_count * needed, code->matrix + i * needed, needed);
            from[from_count++] = blocks[i];
        }
    fr_assert(from_count == needed);
    error = gf_invert_matrix(rows, inverse, (int) needed);
    fr_assert(error == 0);
    for (unsigned i = 0; i < needed; i++)
        if (!has[i]) {
            memcpy(wanted + to_count * needed, inverse + i * needed, needed);
            to[to_count++] = blocks[i];
        }
    if (to_count == 0)
        return;
    ec_init_tables((int) needed, (int) to_count, wanted, tables);
    ec_encode_data((int) bytes, (int) needed, (int) to_count, tables, from, to);
}

uint32_t mdc_crc32c(uint32_t before, const void *bytes, size_t count) {
    const uint8_t *from = bytes;

    while (count > 0) { /* ISA-L counts in ints */
        size_t part = count < 1 << 30 ? count : 1 << 30;
        before = ~crc32_iscsi((unsigned char *) from, (int) part, ~before);
        from += part;
        count -= part;
    }
    return before;
}
