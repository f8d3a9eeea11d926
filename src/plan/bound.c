/* SPDX-License-Identifier: Apache-2.0 */
/* The least possible time of one job when only the nodes' own links limit it (Kumar and Ross, 2006). */
#include <fastreplica/plan.h>

double fr_bound_seconds(const struct fr_nodes *nodes, uint64_t up_rate, uint64_t bytes) {
    if (up_rate == FR_RATE_UNKNOWN || bytes == FR_BYTES_UNKNOWN)
        return -1;
    /* Sums in double: 100,000 nodes of any 64-bit rate cannot overflow it. */
    double up_sum = (double) up_rate;
    double least_rate = (double) up_rate;
    for (uint32_t i = 0; i < nodes->count; i++) {
        const struct fr_node_spec *spec = &nodes->specs[i];
        if (spec->up_rate == FR_RATE_UNKNOWN || spec->down_rate == FR_RATE_UNKNOWN)
            return -1;
        up_sum += (double) spec->up_rate;
        if ((double) spec->down_rate < least_rate)
            least_rate = (double) spec->down_rate;
    }
    /* Every byte leaves the origin once, enters the slowest node once, and enters each node once through all uplinks together. */
    double alone = (double) bytes / least_rate;
    double together = (double) nodes->count * (double) bytes / up_sum;
    return alone > together ? alone : together;
}
