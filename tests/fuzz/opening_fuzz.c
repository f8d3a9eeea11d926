/* SPDX-License-Identifier: Apache-2.0 */
/* The opening, as it would come from whoever holds the origin's key: what is decoded can be stored, laid out and encoded again. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "content/layout.h"
#include "content/name.h"
#include "support/wire_again.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    struct fr_opening opening;
    struct fr_layout layout;
    if (fr_opening_decode(bytes, count, &opening) != 0)
        return 0;
    fr_assert(wire_again_check(WIRE_OPENING, bytes, count) == 0);
    fr_assert(memchr(opening.name, '\0', sizeof opening.name) != NULL);
    fr_assert(fr_name_check(opening.name, strlen(opening.name), NULL) == 0);
    fr_assert(opening.mode <= 0777);
    fr_assert(fr_layout_init(&layout, opening.object_bytes, opening.chunk_bytes) == 0);
    return 0;
}
