/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an object's name: what passes cannot leave the store. */
#include <string.h>

#include <fastreplica/error.h>

#include "base/check.h"
#include "base/text.h"
#include "content/limits.h"
#include "content/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* Follow the name as a file system would: every component goes one folder down, and none stays or goes up. */
static void walk(const char *name, size_t count) {
    size_t at = 0;
    int depth = 0;

    while (at < count) {
        const char *slash = memchr(name + at, '/', count - at);
        size_t end = slash != NULL ? (size_t) (slash - name) : count;
        size_t length = end - at;
        fr_assert(length > 0);
        fr_assert(!(length == 1 && name[at] == '.'));
        fr_assert(!(length == 2 && name[at] == '.' && name[at + 1] == '.'));
        fr_assert(!(depth == 0 && length == 12 && memcmp(name, ".fastreplica", 12) == 0));
        depth++;
        at = end + 1;
    }
    fr_assert(depth > 0);
    fr_assert(name[count - 1] != '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    const char *name = (const char *) bytes, *why = NULL;
    int result = fr_name_check(name, count, &why);

    if (result != 0) {
        fr_assert(result == FR_E_NAME);
        fr_assert(why != NULL && why[0] != '\0');
        return 0;
    }
    fr_assert(why == NULL);
    fr_assert(count <= FR_NAME_BYTES_MAX);
    fr_assert(memchr(name, '\0', count) == NULL);
    fr_assert(fr_text_is_clean(name, count));
    walk(name, count);
    return 0;
}
