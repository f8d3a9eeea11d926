/* SPDX-License-Identifier: Apache-2.0 */
/* Every decoder of src/wire: the first byte picks the message (its frame type), the rest is the body. Whatever is decoded must
 * encode to the same bytes. */
#include <stddef.h>
#include <stdint.h>

#include "support/wire_again.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count >= 1 && count <= FR_FRAME_BODY_MAX)
        wire_again_check(bytes[0] % WIRE_KIND_END, bytes + 1, count - 1);
    return 0;
}
