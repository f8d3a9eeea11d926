/* SPDX-License-Identifier: Apache-2.0 */
/* Starting, awaiting and stopping child nodes. They die with this process whatever ends it, and a Ctrl-C at the terminal reaches only this
 * process. */
#include "children.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "say.h"
#include "signals.h"
#include "text.h"

enum {
    POLL_MS = 10,
    READY_MS = 10000,
    STOP_MS = 5000,
    EXEC_FAILED = 127,
    LOG_TAIL_BYTES = 600,
};

static void pause_briefly(void) { nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL); }

/* FOLDER/nodeNN/name; name "" is the node's folder itself. */
static char *path_of(const struct cli_children *children, unsigned index, const char *name, char *out) {
    snprintf(out, PATH_MAX, "%s/node%02u%s%s", children->folder, index + 1, name[0] ? "/" : "", name);
    return out;
}

/* Starting */

/* What a child needs, put together before there is one. */
struct launch {
    pid_t parent;
    char keys[PATH_MAX], store[PATH_MAX], port[PATH_MAX], log[PATH_MAX];
};

static void prepare_launch(const struct cli_children *children, unsigned index, struct launch *launch) {
    launch->parent = getpid();
    snprintf(launch->keys, sizeof launch->keys, "%s/keys", children->folder);
    path_of(children, index, "store", launch->store);
    path_of(children, index, "port", launch->port);
    path_of(children, index, "log", launch->log);
}

/* In the child, after fork; only calls that are allowed there. Never returns. */
static _Noreturn void become_node(const struct launch *launch) {
    static const char complaint[] = "fastreplica: cannot run itself\n";
    /* The parent may have died before this took effect; then nobody is left to tell us. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != launch->parent)
        _exit(EXEC_FAILED);
    setpgid(0, 0);
    cli_signals_release();
    int in = open("/dev/null", O_RDONLY);
    int out = open(launch->log, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0666);
    if (in < 0 || out < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
        _exit(EXEC_FAILED);
    close(in);
    close(out);
    execl("/proc/self/exe", "fastreplica", "node", "--store", launch->store, "--keys", launch->keys, "--listen", "127.0.0.1:0",
          "--port-file", launch->port, (char *) NULL);
    ssize_t written = write(STDERR_FILENO, complaint, sizeof complaint - 1);
    (void) written; /* the exit code says it as well */
    _exit(EXEC_FAILED);
}

static int start_one(struct cli_children *children, unsigned index) {
    char folder[PATH_MAX];
    if (mkdir(path_of(children, index, "", folder), 0777) != 0) {
        cli_say("cannot create %s: %s", folder, strerror(errno));
        return -1;
    }
    struct launch launch;
    prepare_launch(children, index, &launch);
    pid_t pid = fork();
    if (pid < 0) {
        cli_say("cannot start node %u: %s", index + 1, strerror(errno));
        return -1;
    }
    if (pid == 0)
        become_node(&launch);
    children->list[index].pid = pid;
    return 0;
}

int cli_children_start(struct cli_children *children, const char *folder, unsigned count) {
    *children = (struct cli_children){.folder = folder, .count = count, .list = calloc(count, sizeof *children->list)};
    if (!children->list) {
        cli_say("no memory for %u nodes", count);
        children->count = 0;
        return -1;
    }
    /* The longest path below the folder; what is longer here would be cut somewhere else. */
    if (strlen(folder) + sizeof "/node00/store/.fastreplica/partial" >= PATH_MAX) {
        cli_say("%s: the name of this folder is too long", folder);
        return -1;
    }
    for (unsigned i = 0; i < count; i++)
        if (start_one(children, i) != 0)
            return -1;
    return 0;
}

/* Awaiting */

/* The end of a node's log, which says why it died. */
static void say_log(const struct cli_children *children, unsigned index) {
    char path[PATH_MAX], tail[LOG_TAIL_BYTES + 1];
    FILE *log = fopen(path_of(children, index, "log", path), "r");
    if (!log)
        return;
    if (fseek(log, -LOG_TAIL_BYTES, SEEK_END) != 0)
        rewind(log);
    tail[fread(tail, 1, LOG_TAIL_BYTES, log)] = '\0';
    fclose(log);
    for (char *rest = tail, *line; (line = strsep(&rest, "\n"));)
        if (line[0] != '\0')
            cli_say("node %u: %s", index + 1, line);
}

/* Has it ended by itself? Then it is reaped, and that is said. */
static bool has_died(struct cli_children *children, unsigned index) {
    struct cli_child *child = &children->list[index];
    int status;
    if (child->pid == 0 || waitpid(child->pid, &status, WNOHANG) != child->pid)
        return false;
    child->pid = 0;
    if (WIFSIGNALED(status))
        cli_say("node %u (127.0.0.1:%u) was ended by signal %d, %s", index + 1, child->port, WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        cli_say("node %u (127.0.0.1:%u) ended by itself with exit code %d", index + 1, child->port, WEXITSTATUS(status));
    say_log(children, index);
    return true;
}

static bool read_port(struct cli_children *children, unsigned index) {
    char path[PATH_MAX];
    unsigned port = 0;
    FILE *file = fopen(path_of(children, index, "port", path), "r");
    if (!file)
        return false;
    int found = fscanf(file, "%5u", &port);
    fclose(file);
    if (found != 1 || port == 0 || port > UINT16_MAX)
        return false;
    children->list[index].port = (uint16_t) port;
    return true;
}

int cli_children_wait(struct cli_children *children) {
    unsigned ready = 0;
    for (unsigned waited = 0; waited < READY_MS; waited += POLL_MS) {
        while (ready < children->count && read_port(children, ready))
            ready++;
        if (ready == children->count)
            return 0;
        if (cli_signals_caught()) {
            cli_say("stopped by %s", strsignal(cli_signals_caught()));
            return -1;
        }
        for (unsigned i = ready; i < children->count; i++)
            if (has_died(children, i))
                return -1;
        pause_briefly();
    }
    cli_say("node %u does not listen after %d seconds", ready + 1, READY_MS / 1000);
    say_log(children, ready);
    return -1;
}

char *cli_children_list(const struct cli_children *children) {
    struct cli_text text = {0};
    for (unsigned i = 0; i < children->count; i++)
        cli_text_add(&text, "%s127.0.0.1:%u", i ? "," : "", children->list[i].port);
    if (!text.has_failed)
        return text.bytes;
    cli_text_done(&text);
    return NULL;
}

/* Stopping */

static unsigned count_running(const struct cli_children *children) {
    unsigned count = 0;
    for (unsigned i = 0; i < children->count; i++)
        count += children->list[i].pid != 0;
    return count;
}

static void signal_all(struct cli_children *children, int number) {
    for (unsigned i = 0; i < children->count; i++)
        if (children->list[i].pid != 0)
            kill(children->list[i].pid, number);
}

/* Reaps who ends within so long. -1 when one of them ended otherwise than by a clean stop. */
static int reap_all(struct cli_children *children, unsigned milliseconds) {
    int result = 0;
    for (unsigned waited = 0; count_running(children) > 0 && waited <= milliseconds; waited += POLL_MS) {
        for (unsigned i = 0; i < children->count; i++) {
            int status;
            if (children->list[i].pid == 0 || waitpid(children->list[i].pid, &status, WNOHANG) != children->list[i].pid)
                continue;
            children->list[i].pid = 0;
            if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                continue;
            cli_say("node %u (127.0.0.1:%u) did not stop cleanly", i + 1, children->list[i].port);
            say_log(children, i);
            result = -1;
        }
        if (count_running(children) > 0)
            pause_briefly();
    }
    return result;
}

int cli_children_stop(struct cli_children *children) {
    int result = 0;
    for (unsigned i = 0; i < children->count; i++)
        result |= has_died(children, i) ? -1 : 0;
    signal_all(children, SIGTERM);
    result |= reap_all(children, STOP_MS);
    if (count_running(children) > 0) {
        cli_say("%u of the nodes did not stop within %d seconds and are killed", count_running(children), STOP_MS / 1000);
        signal_all(children, SIGKILL);
        reap_all(children, STOP_MS);
        result = -1;
    }
    if (count_running(children) > 0)
        cli_say("%u of the nodes cannot be killed", count_running(children));
    free(children->list);
    children->list = NULL;
    children->count = 0;
    return result;
}
