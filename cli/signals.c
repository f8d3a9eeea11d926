/* SPDX-License-Identifier: Apache-2.0 */
/* Signals, waited for by a thread instead of a handler: whoever is told to stop is then held by a lock, and cannot be freed while he is
 * told. The only state of the program that is not in somebody's hands, as signals are the whole process's. */
#include "signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "say.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int caught_signal; /* these three under the lock */
static void (*aim_stop)(void *target);
static void *aim_target;

static void fill_set(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
}

/* The second request: die as if nobody had ever caught it. */
static void give_in(int number) {
    sigset_t set;
    fill_set(&set);
    signal(number, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    raise(number);
}

static void *wait_for_signals(void *unused) {
    sigset_t set;
    fill_set(&set);
    for (;;) {
        int number;
        if (sigwait(&set, &number) != 0)
            continue;
        pthread_mutex_lock(&lock);
        if (caught_signal)
            give_in(number);
        caught_signal = number;
        if (aim_stop)
            aim_stop(aim_target);
        pthread_mutex_unlock(&lock);
    }
    return unused;
}

int cli_signals_watch(void) {
    pthread_t thread;
    sigset_t set;
    fill_set(&set);
    /* Threads that come later inherit this: only ours takes them. */
    int error = pthread_sigmask(SIG_BLOCK, &set, NULL);
    /* A shell starts what it puts into the background with SIGINT ignored, and what is ignored is never waited for. */
    signal(SIGINT, SIG_DFL);
    if (!error)
        error = pthread_create(&thread, NULL, wait_for_signals, NULL);
    if (error) {
        cli_say("cannot watch for signals: %s", strerror(error));
        return -1;
    }
    pthread_detach(thread);
    return 0;
}

int cli_signals_caught(void) {
    pthread_mutex_lock(&lock);
    int number = caught_signal;
    pthread_mutex_unlock(&lock);
    return number;
}

void cli_signals_aim(void (*stop)(void *target), void *target) {
    pthread_mutex_lock(&lock);
    aim_stop = stop;
    aim_target = target;
    if (caught_signal && stop)
        stop(target);
    pthread_mutex_unlock(&lock);
}

void cli_signals_release(void) {
    sigset_t set;
    fill_set(&set);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}
