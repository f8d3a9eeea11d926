/* SPDX-License-Identifier: Apache-2.0 */
/* See disk_fault.h. */
#include "support/disk_fault.h"

#include <stddef.h>

static int before_call(void *user, enum fr_disk_call call, size_t *count) {
    struct disk_fault *fault = user;
    if (fault->short_bytes && *count > fault->short_bytes)
        *count = fault->short_bytes;
    if (fault->call != DISK_FAULT_ANY && fault->call != (int) call)
        return 0;
    uint64_t number = atomic_fetch_add(&fault->counted, 1) + 1;
    if (fault->nth == 0 || !(number == fault->nth || (fault->and_later && number > fault->nth)))
        return 0;
    atomic_fetch_add(&fault->failed, 1);
    atomic_store(&fault->last_failed, (int) call);
    return fault->sys_errno;
}

void disk_fault_start(struct disk_fault *fault) {
    atomic_store(&fault->counted, 0);
    atomic_store(&fault->failed, 0);
    fr_disk_set_hook(before_call, fault);
}

void disk_fault_stop(void) { fr_disk_set_hook(NULL, NULL); }
