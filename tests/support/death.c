/* SPDX-License-Identifier: Apache-2.0 */
/* Death in a child process, so that the test lives to see it. */
#include "support/death.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void act_in_child(void (*act)(void *user), void *user) {
    const struct rlimit no_core = {0, 0};
    int nowhere = open("/dev/null", O_WRONLY);

    setrlimit(RLIMIT_CORE, &no_core);
    signal(SIGABRT, SIG_DFL);
    if (nowhere >= 0)
        dup2(nowhere, STDERR_FILENO);
    act(user);
    _exit(0);
}

bool fr_test_aborts(void (*act)(void *user), void *user) {
    int status = 0;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0)
        act_in_child(act, user);
    if (child < 0 || waitpid(child, &status, 0) != child) {
        perror("fr_test_aborts");
        exit(2);
    }
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}
