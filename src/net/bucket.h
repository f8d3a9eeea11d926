/* SPDX-License-Identifier: Apache-2.0 */
/* How many bytes may pass now, at a rate: a token bucket on a clock that is handed in.
 *
 * It fills at its rate up to its burst, which is 20 ms of the rate, and 16 KiB at least: so much may pass at once after a pause, and a loop
 * that comes so late loses nothing. What had to pass though the bucket was empty is a debt, and is waited for before more may. */
#ifndef FR_NET_BUCKET_H
#define FR_NET_BUCKET_H

#include <stdint.h>

#include <fastreplica/types.h>

struct fr_bucket {
    double rate, burst; /* bytes a second; bytes */
    double level;       /* bytes; negative: a debt */
    fr_time_ns filled_at;
};

/* rate: bytes a second, at least 1. It begins full. */
void fr_bucket_init(struct fr_bucket *bucket, uint64_t rate, fr_time_ns now);
/* Bytes that may pass now; 0 while there is a debt. A clock that goes back fills nothing. */
uint64_t fr_bucket_level(struct fr_bucket *bucket, fr_time_ns now);
void fr_bucket_spend(struct fr_bucket *bucket, uint64_t bytes);
/* For how long from now until so many may pass, at least 1 ns; of more than the burst: until it is full. 0: they may now. */
fr_time_ns fr_bucket_wait(struct fr_bucket *bucket, uint64_t bytes, fr_time_ns now);
uint64_t fr_bucket_burst(const struct fr_bucket *bucket);

#endif
