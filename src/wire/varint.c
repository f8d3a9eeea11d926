/* SPDX-License-Identifier: Apache-2.0 */
/* Small numbers in few bytes. */
#include "wire/varint.h"

#include <fastreplica/error.h>

enum { MORE = 0x80, LOW_BITS = 0x7f, BITS_PER_BYTE = 7 };

size_t fr_varint_encode(uint32_t value, uint8_t *out) {
    size_t count = 0;
    while (value > LOW_BITS) {
        out[count++] = (uint8_t) ((value & LOW_BITS) | MORE);
        value >>= BITS_PER_BYTE;
    }
    out[count++] = (uint8_t) value;
    return count;
}

int fr_varint_decode(const uint8_t *bytes, size_t count, uint32_t *ret_value) {
    uint64_t value = 0;
    for (int used = 0; used < FR_VARINT_BYTES_MAX; used++) {
        if ((size_t) used == count)
            return FR_E_PROTOCOL;
        value |= (uint64_t) (bytes[used] & LOW_BITS) << (BITS_PER_BYTE * used);
        if (bytes[used] & MORE)
            continue;
        if (value > UINT32_MAX || (bytes[used] == 0 && used > 0))
            return FR_E_PROTOCOL;
        *ret_value = (uint32_t) value;
        return used + 1;
    }
    return FR_E_PROTOCOL;
}
