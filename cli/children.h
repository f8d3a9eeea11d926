/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes as child processes of this one: `fastreplica node` on loopback, each with a store, a log and a port file below one folder. */
#ifndef CLI_CHILDREN_H
#define CLI_CHILDREN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct cli_child {
    pid_t pid; /* 0: not started, or reaped */
    uint16_t port;
};

struct cli_children {
    const char *folder; /* FOLDER/keys is there; FOLDER/node01 ... are made; borrowed */
    unsigned count;
    struct cli_child *list; /* [count] */
};

/* Each of these says what went wrong. They return 0 or -1. */
int cli_children_start(struct cli_children *children, const char *folder, unsigned count);
/* Until all listen; ended early by a signal, by a child that dies, or after ten seconds. */
int cli_children_wait(struct cli_children *children);
/* SIGTERM, five seconds later SIGKILL, until every one is reaped. -1 when one had died before by itself or had to be killed. NULL list
 * allowed. */
int cli_children_stop(struct cli_children *children);

/* "127.0.0.1:40001,127.0.0.1:40002": the ports of all. Caller frees; NULL: no memory. */
char *cli_children_list(const struct cli_children *children);

#endif
