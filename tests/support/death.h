/* SPDX-License-Identifier: Apache-2.0 */
/* Asking whether something aborts, as a failed fr_assert does. */
#ifndef FR_TEST_DEATH_H
#define FR_TEST_DEATH_H

#include <stdbool.h>

/* Call act(user) in a child process; true when SIGABRT ended it. Whatever it prints is dropped. Only while this process has one thread. */
bool fr_test_aborts(void (*act)(void *user), void *user);

#endif
