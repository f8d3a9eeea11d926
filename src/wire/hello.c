/* SPDX-License-Identifier: Apache-2.0 */
/* HELLO: which versions and features each side speaks. The one message that later versions may lengthen. */
#include "base/check.h"
#include "wire/cursor.h"

size_t fr_hello_encode(const struct fr_msg_hello *hello, uint8_t *out, size_t capacity) {
    fr_assert(hello->version_min >= 1 && hello->version_min <= hello->version_max);
    struct fr_packer packer;
    fr_packer_begin(&packer, FR_FRAME_HELLO, out, capacity);
    fr_packer_u32(&packer, FR_WIRE_MAGIC);
    fr_packer_u16(&packer, hello->version_min);
    fr_packer_u16(&packer, hello->version_max);
    fr_packer_u64(&packer, hello->features);
    fr_packer_text8(&packer, &hello->agent, FR_AGENT_BYTES_MAX);
    return fr_packer_finish(&packer);
}

int fr_hello_decode(const uint8_t *body, size_t bytes, struct fr_msg_hello *ret_hello) {
    struct fr_unpacker unpacker;
    struct fr_msg_hello hello;
    fr_unpacker_init(&unpacker, body, bytes);
    fr_unpacker_require(&unpacker, fr_unpacker_u32(&unpacker) == FR_WIRE_MAGIC);
    hello.version_min = fr_unpacker_u16(&unpacker);
    hello.version_max = fr_unpacker_u16(&unpacker);
    fr_unpacker_require(&unpacker, hello.version_min >= 1 && hello.version_min <= hello.version_max);
    hello.features = fr_unpacker_u64(&unpacker);
    hello.agent = fr_unpacker_text8(&unpacker, FR_AGENT_BYTES_MAX);
    int result = fr_unpacker_finish_open(&unpacker);
    if (result == 0)
        *ret_hello = hello;
    return result;
}
