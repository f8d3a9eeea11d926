/* SPDX-License-Identifier: Apache-2.0 */
/* Seeds of tests with random inputs. Each run tries something new; what it tried can be tried again. */
#include "support/seed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static uint64_t seed;

static void print_seed(void) { fprintf(stderr, "seed %" PRIu64 "; again with FR_TEST_SEED=%" PRIu64 "\n", seed, seed); }

uint64_t fr_test_seed(void) {
    const char *text = getenv("FR_TEST_SEED");
    char *end = NULL;
    struct timespec now;

    if (text != NULL) {
        seed = strtoull(text, &end, 10);
        if (end == text || *end != '\0') {
            fprintf(stderr, "FR_TEST_SEED=%s is not a number\n", text);
            exit(2);
        }
    } else {
        clock_gettime(CLOCK_REALTIME, &now);
        seed = (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec + ((uint64_t) getpid() << 32);
    }
    print_seed();
    atexit(print_seed);
    return seed;
}
