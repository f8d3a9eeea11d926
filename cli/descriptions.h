/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptions of one file that `mdc encode` wrote into a folder: NAME.1ofN.EXT to NAME.NofN.EXT. Known by their names; what they hold
 * is for `mdc inspect`. */
#ifndef CLI_DESCRIPTIONS_H
#define CLI_DESCRIPTIONS_H

#include <stdint.h>

enum { CLI_DESCRIPTIONS_MAX = 32 };

struct cli_descriptions {
    uint32_t count;
    char *paths[CLI_DESCRIPTIONS_MAX]; /* [count], the first is that of description 1 */
};

/* All of one set, and nothing else but hidden files, is in the folder: 0; else -1 after saying what is not so. */
int cli_descriptions_find(const char *folder, struct cli_descriptions *ret_descriptions);
void cli_descriptions_done(struct cli_descriptions *descriptions); /* zeroed allowed */

#endif
