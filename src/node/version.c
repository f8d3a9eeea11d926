/* SPDX-License-Identifier: Apache-2.0 */
/* Which library this is: a program may have been compiled against another. */
#include <fastreplica/fastreplica.h>

const char *fr_version(void) { return FR_VERSION; }
