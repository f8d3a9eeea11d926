/* SPDX-License-Identifier: Apache-2.0 */
/* Which names an object may have. The name comes from whoever pushes and ends up as a path beneath the store, so this is where a path
 * that would leave it is stopped; the store opens beneath its folder as well and trusts nobody. */
#include "content/name.h"

#include <stdbool.h>
#include <string.h>

#include <fastreplica/error.h>

#include "base/text.h"
#include "content/limits.h"

static_assert(FR_NAME_BYTES_MAX == 255, "the sentence below names the number");

static bool is_equal(const char *component, size_t bytes, const char *word) {
    return bytes == strlen(word) && memcmp(component, word, bytes) == 0;
}

/* What is wrong with one component between slashes, or NULL. */
static const char *fault_component(const char *component, size_t bytes, bool is_first) {
    if (bytes == 0)
        return "has an empty component";
    if (is_equal(component, bytes, "."))
        return "has a component '.'";
    if (is_equal(component, bytes, ".."))
        return "has a component '..'";
    if (is_first && is_equal(component, bytes, ".fastreplica"))
        return "begins with '.fastreplica', the store's own folder";
    return NULL;
}

/* What is wrong with the name, or NULL. */
static const char *find_fault(const char *name, size_t name_bytes) {
    const char *at = name, *end = name + name_bytes;

    if (name_bytes == 0)
        return "is empty";
    if (name_bytes > FR_NAME_BYTES_MAX)
        return "is longer than 255 bytes";
    if (!fr_text_is_clean(name, name_bytes))
        return "has control characters or is not UTF-8";
    if (name[0] == '/')
        return "begins with '/'";
    if (end[-1] == '/')
        return "ends with '/'";
    for (;;) {
        const char *slash = memchr(at, '/', (size_t) (end - at));
        const char *component_end = slash != NULL ? slash : end;
        const char *fault = fault_component(at, (size_t) (component_end - at), at == name);
        if (fault != NULL || slash == NULL)
            return fault;
        at = slash + 1;
    }
}

int fr_name_check(const char *name, size_t name_bytes, const char **ret_why) {
    const char *fault = find_fault(name, name_bytes);

    if (fault == NULL)
        return 0;
    if (ret_why != NULL)
        *ret_why = fault;
    return FR_E_NAME;
}
