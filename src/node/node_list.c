/* SPDX-License-Identifier: Apache-2.0 */
/* Where a node list comes from: what --to takes is standard input, a file, or the list itself. What is in it is for plan/nodes.c, names
 * that stand for many nodes for resolve_list.c. */
#include <fastreplica/plan.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/failure.h"
#include "base/memory.h"
#include "node/resolve_list.h"

/* 100,000 nodes with long names and every attribute take about 40 MB; what is larger is some other file, given by mistake. */
enum { NODE_FILE_BYTES_MAX = 64 << 20, READ_BYTES = 64 << 10 };

/* All of fd as one NUL-terminated text. fd may be a pipe. */
static int read_text(int fd, const char *label, char **ret_text, struct fr_failure *failure) {
    char *text = NULL;
    size_t bytes = 0, capacity = 0;
    int error = 0;
    for (;;) {
        if (capacity - bytes < READ_BYTES + 1) {
            capacity = capacity ? 2 * capacity : 2 * READ_BYTES;
            char *more = fr_realloc(text, capacity, 1);
            if (!more) {
                error = fr_failure_set(failure, FR_E_MEMORY, 0, "%s: no memory", label);
                break;
            }
            text = more;
        }
        ssize_t count = read(fd, text + bytes, READ_BYTES);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            error = fr_failure_set(failure, FR_E_IO, errno, "cannot read the node list %s", label);
        if (count <= 0)
            break;
        bytes += (size_t) count;
        if (bytes > NODE_FILE_BYTES_MAX) {
            error = fr_failure_set(failure, FR_E_LIMIT, 0, "%s is too large for a node list", label);
            break;
        }
    }
    fr_assert(error || text); /* the first turn makes room or fails */
    if (!error && memchr(text, '\0', bytes))
        error = fr_failure_set(failure, FR_E_SYNTAX, 0, "%s is no node list: it holds a NUL byte", label);
    if (error) {
        fr_free(text);
        return error;
    }
    text[bytes] = '\0';
    *ret_text = text;
    return 0;
}

/* Looks names up in a list that was read well; else passes the error on. */
static int finish_list(int error, struct fr_nodes *nodes, const char *label, struct fr_nodes **ret_nodes, struct fr_failure *failure) {
    if (!error)
        error = fr_nodes_resolve(nodes, label, failure);
    if (error)
        fr_nodes_free(nodes);
    else
        *ret_nodes = nodes;
    return error;
}

static int load_fd(int fd, const char *label, struct fr_nodes **ret_nodes, struct fr_failure *failure) {
    char *text;
    int error = read_text(fd, label, &text, failure);
    if (error)
        return error;
    struct fr_nodes *nodes = NULL;
    error = fr_nodes_parse_file(text, label, &nodes, failure);
    fr_free(text);
    return finish_list(error, nodes, label, ret_nodes, failure);
}

static int load_inline(const char *list, struct fr_nodes **ret_nodes, struct fr_failure *failure) {
    struct fr_nodes *nodes = NULL;
    int error = fr_nodes_parse_inline(list, &nodes, failure);
    return finish_list(error, nodes, NULL, ret_nodes, failure);
}

int fr_nodes_load(const char *argument, struct fr_nodes **ret_nodes, struct fr_failure *failure) {
    if (strcmp(argument, "-") == 0)
        return load_fd(STDIN_FILENO, "standard input", ret_nodes, failure);
    int fd = open(argument, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG) && !strchr(argument, '/'))
        return load_inline(argument, ret_nodes, failure);
    if (fd < 0)
        return fr_failure_set(failure, FR_E_IO, errno, "cannot open the node list %s", argument);
    struct stat status;
    int error;
    if (fstat(fd, &status) != 0)
        error = fr_failure_set(failure, FR_E_IO, errno, "cannot read the node list %s", argument);
    else if (S_ISDIR(status.st_mode))
        error = fr_failure_set(failure, FR_E_IO, EISDIR, "cannot read the node list %s", argument);
    else
        error = load_fd(fd, argument, ret_nodes, failure);
    close(fd);
    return error;
}
