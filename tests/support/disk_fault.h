/* SPDX-License-Identifier: Apache-2.0 */
/* Makes chosen disk calls of the store fail (store/disk.h), and counts them. */
#ifndef FR_TESTS_SUPPORT_DISK_FAULT_H
#define FR_TESTS_SUPPORT_DISK_FAULT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/disk.h"

enum { DISK_FAULT_ANY = -1 };

struct disk_fault {
    int call;           /* enum fr_disk_call, or DISK_FAULT_ANY: which calls are counted */
    uint64_t nth;       /* the n-th of them fails, from 1; 0: none */
    bool and_later;     /* all after it as well */
    int sys_errno;      /* what with */
    size_t short_bytes; /* reads and writes move at most so many bytes; 0: as many as they like */
    _Atomic uint64_t counted;
    _Atomic uint64_t failed;
    _Atomic int last_failed; /* enum fr_disk_call of it */
};

/* From now until disk_fault_stop. Counters begin at 0. The fault is kept until then. */
void disk_fault_start(struct disk_fault *fault);
void disk_fault_stop(void);

#endif
