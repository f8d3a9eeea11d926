/* SPDX-License-Identifier: Apache-2.0 */
/* Which size and which quality factor make the best low quality of so many bytes? Told by trials on a part of the video. Pure functions. */
#ifndef MDC_DIAL_H
#define MDC_DIAL_H

#include <stdbool.h>

enum { MDC_DIVISORS = 3, MDC_TRIALS = 2 };

/* One trial: what this quality factor made of the part. */
struct mdc_trial {
    double crf, bytes, error; /* error: mean squared, of Y */
};

struct mdc_dial {
    int divisor; /* 1, 2 or 3 */
    double crf;
    double error; /* expected */
};

/* trials[divisor - 1][MDC_TRIALS], crf rising; bytes 0: that size was not tried. false: even the smallest is more than so many bytes;
 * *ret_dial is that smallest one then. */
bool mdc_dial_choose(struct mdc_trial trials[MDC_DIVISORS][MDC_TRIALS], double bytes, struct mdc_dial *ret_dial);

/* The quality factor that changes the bytes by so much: about 12 % for each step. */
double mdc_dial_turn(double crf, double bytes_now, double bytes_wanted);

/* The fewest bytes that the trials' part could be made with, at CRF_MAX and the smallest size. */
double mdc_dial_least(struct mdc_trial trials[MDC_DIVISORS][MDC_TRIALS]);

#endif
