/* SPDX-License-Identifier: Apache-2.0 */
/* A token bucket: see bucket.h. */
#include "net/bucket.h"

#include "base/check.h"
#include "base/time.h"

enum { BURST_MS = 20, BURST_BYTES_MIN = 16 << 10 };

void fr_bucket_init(struct fr_bucket *bucket, uint64_t rate, fr_time_ns now) {
    fr_assert(rate > 0);
    double burst = (double) rate * BURST_MS / 1000;
    burst = burst < BURST_BYTES_MIN ? BURST_BYTES_MIN : burst;
    *bucket = (struct fr_bucket){.rate = (double) rate, .burst = burst, .level = burst, .filled_at = now};
}

static void fill(struct fr_bucket *bucket, fr_time_ns now) {
    double gained = (double) fr_time_since(now, bucket->filled_at) * bucket->rate / (double) FR_SECOND;
    bucket->filled_at = fr_time_max(now, bucket->filled_at);
    bucket->level += gained;
    if (bucket->level > bucket->burst)
        bucket->level = bucket->burst;
}

uint64_t fr_bucket_level(struct fr_bucket *bucket, fr_time_ns now) {
    fill(bucket, now);
    return bucket->level > 0 ? (uint64_t) bucket->level : 0;
}

void fr_bucket_spend(struct fr_bucket *bucket, uint64_t bytes) { bucket->level -= (double) bytes; }

uint64_t fr_bucket_burst(const struct fr_bucket *bucket) { return (uint64_t) bucket->burst; }

fr_time_ns fr_bucket_wait(struct fr_bucket *bucket, uint64_t bytes, fr_time_ns now) {
    fill(bucket, now);
    double wanted = (double) bytes < bucket->burst ? (double) bytes : bucket->burst;
    if (bucket->level >= wanted)
        return 0;
    return 1 + (fr_time_ns) ((wanted - bucket->level) / bucket->rate * (double) FR_SECOND);
}
