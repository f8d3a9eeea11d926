/* SPDX-License-Identifier: Apache-2.0 */
/* Which exit code an error leads to. */
#include "exits.h"

#include <fastreplica/error.h>

enum cli_exit cli_exit_for_input(int error) { return error == FR_E_MEMORY || error == FR_E_NO_SPACE ? CLI_EXIT_LOCAL : CLI_EXIT_USAGE; }

enum cli_exit cli_exit_for(int error) {
    switch (error) {
    case FR_E_ARGUMENT:
    case FR_E_NAME:
    case FR_E_SYNTAX:
    case FR_E_LIMIT: return CLI_EXIT_USAGE;
    default: return CLI_EXIT_LOCAL;
    }
}
