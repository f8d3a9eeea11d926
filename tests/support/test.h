/* SPDX-License-Identifier: Apache-2.0 */
/* What every test program includes: cmocka with the headers it wants before it. */
#ifndef FR_TEST_TEST_H
#define FR_TEST_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FR_COUNT_OF(array) (sizeof(array) / sizeof *(array))

#endif
