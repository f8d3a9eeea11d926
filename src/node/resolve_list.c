/* SPDX-License-Identifier: Apache-2.0 */
/* Looking up the names that stand for many nodes: "dns:NAME:PORT" becomes every address of NAME. A list without any is left as it is. */
#include "node/resolve_list.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/failure.h"
#include "base/memory.h"
#include "content/limits.h"
#include "plan/address.h"
#include "plan/nodes.h"

/* The list that comes out. */
struct expansion {
    struct fr_node_spec *specs;
    uint32_t count, capacity;
    const char *label;
    struct fr_failure *failure;
};

static int fail_at(const struct expansion *expansion, const struct fr_node_spec *spec, int error, const char *what, const char *why) {
    if (expansion->label)
        return fr_failure_set(expansion->failure, error, 0, "%s:%u: '%s': %s%s", expansion->label, spec->line, spec->address, what, why);
    return fr_failure_set(expansion->failure, error, 0, "node list, item %u '%s': %s%s", spec->line, spec->address, what, why);
}

static int fail_memory(const struct expansion *expansion) {
    return fr_failure_set(expansion->failure, FR_E_MEMORY, 0, "node list: no memory");
}

static void free_spec(struct fr_node_spec *spec) {
    fr_free(spec->address);
    fr_free(spec->zone);
}

/* A copy of `like` with another address. */
static int append(struct expansion *expansion, const struct fr_node_spec *like, const char *address) {
    if (expansion->count == FR_NODES_MAX)
        return fail_at(expansion, like, FR_E_LIMIT, "more than 100000 nodes", "");
    if (expansion->count == expansion->capacity) {
        uint32_t capacity = expansion->capacity ? 2 * expansion->capacity : 16;
        struct fr_node_spec *specs = fr_realloc(expansion->specs, capacity, sizeof *specs);
        if (!specs)
            return fail_memory(expansion);
        expansion->specs = specs;
        expansion->capacity = capacity;
    }
    struct fr_node_spec spec = *like;
    spec.address = fr_strdup(address);
    spec.zone = fr_strdup(like->zone);
    if (!spec.address || !spec.zone) {
        free_spec(&spec);
        return fail_memory(expansion);
    }
    expansion->specs[expansion->count++] = spec;
    return 0;
}

static int compare_specs(const void *left, const void *right) {
    return strcmp(((const struct fr_node_spec *) left)->address, ((const struct fr_node_spec *) right)->address);
}

/* An answer may hold an address twice, as when a hosts file does; that is nobody's mistake here. The specs from `first` on are sorted. */
static void drop_repeated(struct expansion *expansion, uint32_t first) {
    uint32_t kept = first + 1;
    for (uint32_t i = first + 1; i < expansion->count; i++) {
        if (strcmp(expansion->specs[i].address, expansion->specs[kept - 1].address) == 0)
            free_spec(&expansion->specs[i]);
        else
            expansion->specs[kept++] = expansion->specs[i];
    }
    expansion->count = kept;
}

static int append_found(struct expansion *expansion, const struct fr_node_spec *spec, const struct addrinfo *found, const char *port) {
    char host[NI_MAXHOST], address[FR_ADDRESS_BYTES_MAX + 1];
    if (getnameinfo(found->ai_addr, found->ai_addrlen, host, sizeof host, NULL, 0, NI_NUMERICHOST) != 0)
        return 0; /* of a family that has no such form, and nobody could connect to */
    snprintf(address, sizeof address, strchr(host, ':') ? "[%.250s]:%s" : "%.250s:%s", host, port);
    return append(expansion, spec, address);
}

/* named: what follows "dns:", with its port. */
static int expand(struct expansion *expansion, const struct fr_node_spec *spec, const char *named) {
    char name[FR_ADDRESS_BYTES_MAX + 1];
    const char *port = strrchr(named, ':') + 1;
    uint32_t first = expansion->count;
    struct addrinfo *found = NULL;
    snprintf(name, sizeof name, "%.*s", (int) (port - 1 - named), named);
    int status = getaddrinfo(name, port, &(struct addrinfo){.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, &found);
    if (status != 0)
        return fail_at(expansion, spec, FR_E_RESOLVE, "cannot look up the name: ", gai_strerror(status));
    int error = 0;
    for (const struct addrinfo *each = found; each && !error; each = each->ai_next)
        error = append_found(expansion, spec, each, port);
    freeaddrinfo(found);
    if (error)
        return error;
    if (expansion->count == first || !expansion->specs)
        return fail_at(expansion, spec, FR_E_RESOLVE, "the name has no address", "");
    qsort(expansion->specs + first, expansion->count - first, sizeof *expansion->specs, compare_specs);
    drop_repeated(expansion, first);
    return 0;
}

static const char *lookup_name(const struct fr_node_spec *spec) { return fr_address_lookup_name(spec->address, strlen(spec->address)); }

static void free_specs(struct fr_node_spec *specs, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        free_spec(&specs[i]);
    fr_free(specs);
}

int fr_nodes_resolve(struct fr_nodes *nodes, const char *label, struct fr_failure *failure) {
    struct expansion expansion = {.label = label, .failure = failure};
    bool has_any = false;
    int error = 0;
    for (uint32_t i = 0; i < nodes->count; i++)
        has_any = has_any || lookup_name(&nodes->specs[i]);
    if (!has_any)
        return 0;
    for (uint32_t i = 0; i < nodes->count && !error; i++) {
        const char *name = lookup_name(&nodes->specs[i]);
        error = name ? expand(&expansion, &nodes->specs[i], name) : append(&expansion, &nodes->specs[i], nodes->specs[i].address);
    }
    struct fr_nodes longer = {.specs = expansion.specs, .count = expansion.count};
    if (!error)
        error = fr_nodes_check_distinct(&longer, label, failure);
    if (error) {
        free_specs(longer.specs, longer.count);
        return error;
    }
    free_specs(nodes->specs, nodes->count);
    *nodes = longer;
    return 0;
}
