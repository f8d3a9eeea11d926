/* SPDX-License-Identifier: Apache-2.0 */
/* The erasure code: Reed-Solomon over GF(2^8), `needed` of `count` blocks restore a stripe. And the checksum of a block. Both by ISA-L. */
#ifndef MDC_CODE_H
#define MDC_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mdc/limits.h"

/* One code, 1 <= needed <= count <= MDC_COUNT_MAX. The first `needed` blocks of a stripe are its bytes, in order. */
struct mdc_code {
    uint8_t needed, count;
    uint8_t matrix[MDC_COUNT_MAX * MDC_COUNT_MAX];      /* [count][needed] */
    uint8_t tables[32 * MDC_COUNT_MAX * MDC_COUNT_MAX]; /* for the parity rows */
};

void mdc_code_init(struct mdc_code *code, unsigned needed, unsigned count);

/* blocks[count], `bytes` each: fills those after the first `needed`. */
void mdc_code_fill(const struct mdc_code *code, uint8_t **blocks, size_t bytes);

/* has[count] says which blocks are there, at least `needed` of them: restores the missing ones among the first `needed`. */
void mdc_code_restore(const struct mdc_code *code, uint8_t **blocks, const bool *has, size_t bytes);

/* CRC-32C of bytes that follow those whose checksum is `before`; 0 at the beginning. */
uint32_t mdc_crc32c(uint32_t before, const void *bytes, size_t count);

#endif
