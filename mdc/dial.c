/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/dial.h"

#include <math.h>

static const double CRF_MIN = 18, CRF_MAX = 48, STEP = 0.115; /* STEP: log of bytes for each 1 of CRF */

double mdc_dial_turn(double crf, double bytes_now, double bytes_wanted) {
    double turned = crf + log(bytes_now / bytes_wanted) / STEP;

    return fmin(fmax(turned, CRF_MIN), 51);
}

/* Between two trials the logarithms of bytes and of error are straight lines over CRF, and beyond the last ones too. */
static struct mdc_trial at_crf(const struct mdc_trial *trials, double crf) {
    unsigned i = 0;
    double share;

    while (i + 2 < MDC_TRIALS && crf > trials[i + 1].crf)
        i++;
    share = (crf - trials[i].crf) / (trials[i + 1].crf - trials[i].crf);
    return (struct mdc_trial){.crf = crf,
                              .bytes = exp(log(trials[i].bytes) * (1 - share) + log(trials[i + 1].bytes) * share),
                              .error = exp(log(trials[i].error + 1e-3) * (1 - share) + log(trials[i + 1].error + 1e-3) * share)};
}

/* The lowest factor in range that takes no more bytes; bytes fall as it rises. */
static struct mdc_trial at_bytes(const struct mdc_trial *trials, double bytes) {
    double low = CRF_MIN, high = CRF_MAX;

    for (unsigned i = 0; i < 40; i++) {
        double middle = (low + high) / 2;
        if (at_crf(trials, middle).bytes > bytes)
            low = middle;
        else
            high = middle;
    }
    return at_crf(trials, high);
}

/* The smallest size that was tried. */
static int smallest(struct mdc_trial trials[MDC_DIVISORS][MDC_TRIALS]) {
    int divisor = MDC_DIVISORS;

    while (divisor > 1 && trials[divisor - 1][0].bytes <= 0)
        divisor--;
    return divisor;
}

bool mdc_dial_choose(struct mdc_trial trials[MDC_DIVISORS][MDC_TRIALS], double bytes, struct mdc_dial *ret_dial) {
    int least = smallest(trials);
    bool is_found = false;

    *ret_dial = (struct mdc_dial){.divisor = least, .crf = CRF_MAX, .error = at_crf(trials[least - 1], CRF_MAX).error};
    for (int divisor = 1; divisor <= MDC_DIVISORS; divisor++) {
        if (trials[divisor - 1][0].bytes <= 0)
            continue;
        struct mdc_trial trial = at_bytes(trials[divisor - 1], bytes);
        if (trial.bytes > bytes * 1.01 || (is_found && trial.error >= ret_dial->error))
            continue;
        *ret_dial = (struct mdc_dial){.divisor = divisor, .crf = trial.crf, .error = trial.error};
        is_found = true;
    }
    return is_found;
}

double mdc_dial_least(struct mdc_trial trials[MDC_DIVISORS][MDC_TRIALS]) { return at_crf(trials[smallest(trials) - 1], CRF_MAX).bytes; }
