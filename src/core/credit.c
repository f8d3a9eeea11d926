/* SPDX-License-Identifier: Apache-2.0 */
/* One owner's window, from its own measured rate and shortest round trip. */
#include "core/credit.h"

#include "base/check.h"
#include "base/time.h"
#include "content/limits.h"

enum { ROUND_MIN_MS = 5 };

uint32_t fr_credit_spare_busy(uint32_t chunks_each) {
    uint32_t part = chunks_each / FR_CREDIT_SPARE_PART;

    return part < FR_CREDIT_SPARE ? FR_CREDIT_SPARE : part < FR_CREDIT_SPARE_BUSY ? part : FR_CREDIT_SPARE_BUSY;
}

void fr_credit_init(struct fr_credit *credit, uint32_t spare, fr_time_ns now) {
    *credit = (struct fr_credit){.window = FR_CREDIT_WINDOW_FIRST, .spare = spare, .round_trip_min = FR_TIME_NEVER, .round_began = now};
}

bool fr_credit_has(const struct fr_credit *credit) { return credit->outstanding < credit->window; }

static double rate_max(const struct fr_credit *credit) {
    double rate = 0;

    for (uint32_t i = 0; i < FR_CREDIT_ROUNDS; i++)
        if (credit->rates[i] > rate)
            rate = credit->rates[i];
    return rate;
}

void fr_credit_spend(struct fr_credit *credit, fr_time_ns now) {
    fr_assert(credit->outstanding < FR_CREDIT_WINDOW_MAX);
    if (credit->outstanding == 0 && credit->round_count == 0) /* idle time is no measure of the owner's pace */
        credit->round_began = now;
    credit->outstanding++;
}

static void measure_round_trip(struct fr_credit *credit, fr_time_ns sample) {
    if (sample < credit->round_trip_min)
        credit->round_trip_min = sample;
    credit->round_trip = credit->round_trip ? credit->round_trip - credit->round_trip / 8 + sample / 8 : sample;
}

static void close_round(struct fr_credit *credit, fr_time_ns now) {
    credit->rates[credit->round++ % FR_CREDIT_ROUNDS] = credit->round_count / (double) (now - credit->round_began);
    credit->round_count = 0;
    credit->round_began = now;
}

static void size_window(struct fr_credit *credit) {
    double inside = rate_max(credit) * (double) credit->round_trip_min; /* chunks on their way at full pace */
    double window = 2 * inside + credit->spare;

    if (credit->round == 0)
        return; /* no round measured yet: stay with the first window */
    credit->window = window > FR_CREDIT_WINDOW_MAX ? FR_CREDIT_WINDOW_MAX : (uint32_t) window;
}

void fr_credit_earn(struct fr_credit *credit, fr_time_ns given_at, fr_time_ns now) {
    fr_time_ns round_length = fr_time_max(credit->round_trip, ROUND_MIN_MS * FR_MS);

    fr_assert(credit->outstanding > 0);
    credit->outstanding--;
    credit->round_count++;
    measure_round_trip(credit, fr_time_max(fr_time_since(now, given_at), 1));
    if (fr_time_since(now, credit->round_began) >= round_length)
        close_round(credit, now);
    size_window(credit);
}

void fr_credit_return(struct fr_credit *credit) {
    fr_assert(credit->outstanding > 0);
    credit->outstanding--;
}

double fr_credit_interval(const struct fr_credit *credit) {
    double rate = rate_max(credit);

    return rate > 0 ? 1 / rate : 0;
}
