/* SPDX-License-Identifier: Apache-2.0 */
/* The seed of a test with random inputs: from the environment variable FR_TEST_SEED, else a new one at each run. */
#ifndef FR_TEST_SEED_H
#define FR_TEST_SEED_H

#include <stdint.h>

/* Prints the seed now and again when the program ends, so that it is found beside the failure. Call it once, from main. */
uint64_t fr_test_seed(void);

#endif
