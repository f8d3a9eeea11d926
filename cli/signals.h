/* SPDX-License-Identifier: Apache-2.0 */
/* SIGINT and SIGTERM ask for an orderly end; the next one ends the program at once. */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

/* From now on they are caught, whatever thread they reach. Once, before there are other threads. Returns 0, or -1 after saying why. */
int cli_signals_watch(void);

/* The signal that was caught, or 0. */
int cli_signals_caught(void);

/* What to call when one is caught: on a thread of its own, so `stop` must allow that; at once when one was caught before. NULL: nothing.
 * After the return nothing that was aimed at before is called any more, so it may be freed. */
void cli_signals_aim(void (*stop)(void *target), void *target);

/* In a child, between fork and exec: signals reach it as they reach any program. */
void cli_signals_release(void);

#endif
