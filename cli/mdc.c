/* SPDX-License-Identifier: Apache-2.0 */
/* fastreplica mdc: hands over to the program fastreplica-mdc, which has dependencies that nodes do not need. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "exits.h"
#include "say.h"

#define PROGRAM "fastreplica-mdc"

/* The program of that name in the folder where this one lies; "" when that cannot be told. */
static void find_beside(char *out, size_t size) {
    char self[PATH_MAX];
    ssize_t bytes = readlink("/proc/self/exe", self, sizeof self - 1);
    out[0] = '\0';
    if (bytes <= 0)
        return;
    self[bytes] = '\0';
    char *slash = strrchr(self, '/');
    if (slash == NULL)
        return;
    *slash = '\0';
    if (snprintf(out, size, "%s/%s", self, PROGRAM) >= (int) size)
        out[0] = '\0';
}

static int run(int argc, char **argv) {
    char beside[PATH_MAX + sizeof PROGRAM];
    static char program[] = PROGRAM;
    (void) argc;
    find_beside(beside, sizeof beside);
    argv[0] = program;
    if (beside[0] != '\0')
        execv(beside, argv);
    if (errno == ENOENT || beside[0] == '\0')
        execvp(PROGRAM, argv);
    if (errno == ENOENT)
        cli_say("mdc: there is no " PROGRAM " beside this program or in PATH. It is built where FFmpeg's libraries, libx264, ISA-L and "
                "libjpeg are installed: sh scripts/setup, then build again");
    else
        cli_say("mdc: cannot run " PROGRAM ": %s", strerror(errno));
    return CLI_EXIT_LOCAL;
}

const struct cli_command cli_mdc_command = {.name = "mdc", .summary = "descriptions of a file, of which any part is of use", .run = run};
