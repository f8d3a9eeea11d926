/* SPDX-License-Identifier: Apache-2.0 */
/* Node lists: the text of a node file, and inline lists. Where the text comes from is for others (node/node_list.c); what an
 * address and a range look like, too (address.c, range.c). */
#include <fastreplica/plan.h>

#include <stdlib.h>
#include <string.h>

#include "base/failure.h"
#include "base/memory.h"
#include "base/text.h"
#include "plan/address.h"
#include "plan/nodes.h"
#include "plan/range.h"

enum {
    ECHO_BYTES_MAX = 80, /* how much of what was written is quoted in a message */
    ZONE_BYTES_MAX = 63,
};

/* A list while it is being read. */
struct draft {
    struct fr_nodes *nodes;
    uint32_t capacity;
    const char *label; /* the file's name; NULL: an inline list */
    uint32_t line;     /* where we are: line of the file, or position in the list, from 1 */
    struct fr_failure *failure;
};

/* A piece of the text. */
struct word {
    const char *text;
    size_t bytes;
};

static int fail_memory(struct draft *draft) { return fr_failure_set(draft->failure, FR_E_MEMORY, 0, "node list: no memory"); }

/* word: what the complaint is about. */
static int complain(struct draft *draft, int error, struct word word, const char *why) {
    int echo = (int) (word.bytes > ECHO_BYTES_MAX ? ECHO_BYTES_MAX : word.bytes);
    const char *more = word.bytes > ECHO_BYTES_MAX ? "..." : "";
    if (draft->label)
        return fr_failure_set(draft->failure, error, 0, "%s:%u: '%.*s%s': %s", draft->label, draft->line, echo, word.text, more, why);
    return fr_failure_set(draft->failure, error, 0, "node list, item %u '%.*s%s': %s", draft->line, echo, word.text, more, why);
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static struct word trim(struct word word) {
    while (word.bytes > 0 && is_blank(word.text[0]))
        word = (struct word){word.text + 1, word.bytes - 1};
    while (word.bytes > 0 && is_blank(word.text[word.bytes - 1]))
        word.bytes--;
    return word;
}

/* Cuts the first word off *rest. Empty when there is none. */
static struct word next_word(struct word *rest) {
    struct word word = trim(*rest);
    size_t bytes = 0;
    while (bytes < word.bytes && !is_blank(word.text[bytes]))
        bytes++;
    *rest = (struct word){word.text + bytes, word.bytes - bytes};
    word.bytes = bytes;
    return word;
}

static void free_spec(struct fr_node_spec *spec) {
    fr_free(spec->address);
    fr_free(spec->zone);
}

void fr_nodes_free(struct fr_nodes *nodes) {
    if (!nodes)
        return;
    for (uint32_t i = 0; i < nodes->count; i++)
        free_spec(&nodes->specs[i]);
    fr_free(nodes->specs);
    fr_free(nodes);
}

/* Takes over what spec points to, even on failure. */
static int append_spec(struct draft *draft, struct fr_node_spec *spec) {
    struct fr_nodes *nodes = draft->nodes;
    if (nodes->count == draft->capacity) {
        uint32_t capacity = draft->capacity ? 2 * draft->capacity : 16;
        struct fr_node_spec *specs = fr_realloc(nodes->specs, capacity, sizeof *specs);
        if (!specs) {
            free_spec(spec);
            return fail_memory(draft);
        }
        nodes->specs = specs;
        draft->capacity = capacity;
    }
    nodes->specs[nodes->count++] = *spec;
    return 0;
}

static int begin_draft(struct draft *draft, const char *label, struct fr_failure *failure) {
    *draft = (struct draft){.label = label, .failure = failure};
    draft->nodes = fr_alloc_zeroed(1, sizeof *draft->nodes);
    return draft->nodes ? 0 : fail_memory(draft);
}

/* A node's address in `address`, complete; the rest of the spec zero but for what attributes told. */
static int add_node(struct draft *draft, struct word word, const char *address, struct fr_node_spec *spec) {
    if (draft->nodes->count == FR_NODES_MAX) {
        free_spec(spec);
        return complain(draft, FR_E_LIMIT, word, "more than 100000 nodes");
    }
    spec->line = draft->line;
    spec->address = fr_strdup(address);
    if (!spec->zone)
        spec->zone = fr_strdup("");
    if (!spec->address || !spec->zone) {
        free_spec(spec);
        return fail_memory(draft);
    }
    return append_spec(draft, spec);
}

/* Duplicates */

/* Host names have no case. Equal addresses in the order of their lines. */
static int compare_specs(const void *left, const void *right) {
    const struct fr_node_spec *a = *(const struct fr_node_spec *const *) left, *b = *(const struct fr_node_spec *const *) right;
    int order = strcasecmp(a->address, b->address);
    return order ? order : (a > b) - (a < b);
}

int fr_nodes_check_distinct(const struct fr_nodes *nodes, const char *label, struct fr_failure *failure) {
    const struct fr_node_spec **sorted = fr_alloc_zeroed(nodes->count, sizeof *sorted);
    if (!sorted)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "node list: no memory");
    for (uint32_t i = 0; i < nodes->count; i++)
        sorted[i] = &nodes->specs[i];
    qsort(sorted, nodes->count, sizeof *sorted, compare_specs);
    int error = 0;
    for (uint32_t i = 1; i < nodes->count && !error; i++) {
        const struct fr_node_spec *first = sorted[i - 1], *second = sorted[i];
        if (strcasecmp(first->address, second->address) != 0)
            continue;
        if (label)
            error = fr_failure_set(failure, FR_E_SYNTAX, 0, "%s:%u: %s was named before, on line %u", label, second->line, second->address,
                                   first->line);
        else
            error = fr_failure_set(failure, FR_E_SYNTAX, 0, "node list, item %u: %s was named before, by item %u", second->line,
                                   second->address, first->line);
    }
    fr_free(sorted);
    return error;
}

static int finish_draft(struct draft *draft, int error, struct fr_nodes **ret_nodes) {
    if (!error && draft->nodes->count == 0)
        error = fr_failure_set(draft->failure, FR_E_SYNTAX, 0, "%s names no node", draft->label ? draft->label : "the node list");
    if (!error)
        error = fr_nodes_check_distinct(draft->nodes, draft->label, draft->failure);
    if (error)
        fr_nodes_free(draft->nodes);
    else
        *ret_nodes = draft->nodes;
    return error;
}

/* Node files */

/* value [at most 31 bytes]: a NUL-terminated copy for the parsers of numbers. */
static int parse_rate(struct draft *draft, struct word word, struct word value, uint64_t *rate) {
    char text[32];
    if (*rate != FR_RATE_UNKNOWN)
        return complain(draft, FR_E_SYNTAX, word, "this was told twice");
    if (value.bytes < sizeof text) {
        memcpy(text, value.text, value.bytes);
        text[value.bytes] = '\0';
        if (fr_text_parse_rate(text, rate) == 0)
            return 0;
    }
    return complain(draft, FR_E_SYNTAX, word, "this is no rate; write 100M or 1G (bits a second), or 12MB/s");
}

static int parse_zone(struct draft *draft, struct word word, struct word value, char **zone) {
    if (*zone)
        return complain(draft, FR_E_SYNTAX, word, "this was told twice");
    if (value.bytes == 0 || value.bytes > ZONE_BYTES_MAX || !fr_text_is_clean(value.text, value.bytes))
        return complain(draft, FR_E_SYNTAX, word, "a zone is a word of 1 to 63 bytes");
    *zone = fr_alloc_zeroed(value.bytes + 1, 1);
    if (!*zone)
        return fail_memory(draft);
    memcpy(*zone, value.text, value.bytes);
    return 0;
}

static bool is_word(struct word word, const char *text) { return word.bytes == strlen(text) && memcmp(word.text, text, word.bytes) == 0; }

/* has_tier: told already on this line. */
static int parse_tier(struct draft *draft, struct word word, struct word value, bool *has_tier, bool *is_secondary) {
    if (*has_tier)
        return complain(draft, FR_E_SYNTAX, word, "this was told twice");
    *has_tier = true;
    *is_secondary = is_word(value, "secondary");
    if (*is_secondary || is_word(value, "primary"))
        return 0;
    return complain(draft, FR_E_SYNTAX, word, "a tier is primary or secondary");
}

static int parse_attribute(struct draft *draft, struct word word, bool *has_tier, struct fr_node_spec *spec) {
    const char *equals = memchr(word.text, '=', word.bytes);
    size_t key_bytes = equals ? (size_t) (equals - word.text) : word.bytes;
    struct word key = {word.text, key_bytes};
    struct word value = equals ? (struct word){equals + 1, word.bytes - key_bytes - 1} : (struct word){"", 0};
    if (equals && is_word(key, "zone"))
        return parse_zone(draft, word, value, &spec->zone);
    if (equals && is_word(key, "up"))
        return parse_rate(draft, word, value, &spec->up_rate);
    if (equals && is_word(key, "down"))
        return parse_rate(draft, word, value, &spec->down_rate);
    if (equals && is_word(key, "tier"))
        return parse_tier(draft, word, value, has_tier, &spec->is_secondary);
    return complain(draft, FR_E_SYNTAX, word, "after the address only zone=, up=, down= and tier= may follow");
}

static int parse_line(struct draft *draft, struct word line) {
    const char *comment = memchr(line.text, '#', line.bytes);
    if (comment)
        line.bytes = (size_t) (comment - line.text);
    struct word word = next_word(&line);
    if (word.bytes == 0)
        return 0;
    char address[FR_ADDRESS_BYTES_MAX + 1];
    const char *why;
    if (word.text[0] != '[' && memchr(word.text, '[', word.bytes))
        return complain(draft, FR_E_SYNTAX, word, "ranges are for lists on the command line; a file has one node a line");
    int error = fr_address_complete(word.text, word.bytes, address, &why);
    if (error)
        return complain(draft, error, word, why);
    struct fr_node_spec spec = {0};
    bool has_tier = false;
    for (struct word next = next_word(&line); next.bytes > 0 && !error; next = next_word(&line))
        error = parse_attribute(draft, next, &has_tier, &spec);
    if (error) {
        free_spec(&spec);
        return error;
    }
    return add_node(draft, word, address, &spec);
}

int fr_nodes_parse_file(const char *text, const char *label, struct fr_nodes **ret_nodes, struct fr_failure *failure) {
    struct draft draft;
    int error = begin_draft(&draft, label, failure);
    if (error)
        return error;
    while (*text != '\0' && !error) {
        size_t bytes = strcspn(text, "\n");
        draft.line++;
        error = parse_line(&draft, (struct word){text, bytes});
        text += bytes + (text[bytes] == '\n');
    }
    return finish_draft(&draft, error, ret_nodes);
}

/* Inline lists */

static int parse_item(struct draft *draft, struct word item) {
    struct fr_name_range range;
    const char *why;
    if (item.bytes == 0)
        return complain(draft, FR_E_SYNTAX, item, "there is nothing between two commas, or at an end of the list");
    int error = fr_name_range_parse(&range, item.text, item.bytes, FR_NODES_MAX, &why);
    if (error)
        return complain(draft, error, item, why);
    for (uint64_t i = 0; i < range.count && !error; i++) {
        /* Longer than any address: what is cut here is refused there. */
        char name[2 * FR_ADDRESS_BYTES_MAX], address[FR_ADDRESS_BYTES_MAX + 1];
        size_t bytes = fr_name_range_item(&range, i, name, sizeof name);
        if (bytes >= sizeof name)
            bytes = sizeof name - 1;
        error = fr_address_complete(name, bytes, address, &why);
        if (error)
            return complain(draft, error, item, why);
        error = add_node(draft, item, address, &(struct fr_node_spec){0});
    }
    return error;
}

/* Bytes up to the next comma that is not inside brackets. */
static size_t item_bytes(const char *text) {
    bool is_inside = false;
    size_t at = 0;
    for (; text[at] != '\0' && (is_inside || text[at] != ','); at++) {
        if (text[at] == '[')
            is_inside = true;
        else if (text[at] == ']')
            is_inside = false;
    }
    return at;
}

int fr_nodes_parse_inline(const char *list, struct fr_nodes **ret_nodes, struct fr_failure *failure) {
    struct draft draft;
    int error = begin_draft(&draft, NULL, failure);
    if (error)
        return error;
    bool is_more = trim((struct word){list, strlen(list)}).bytes > 0; /* an empty list has no item, not one empty item */
    while (is_more && !error) {
        size_t bytes = item_bytes(list);
        draft.line++;
        error = parse_item(&draft, trim((struct word){list, bytes}));
        is_more = list[bytes] == ',';
        list += bytes + is_more;
    }
    return finish_draft(&draft, error, ret_nodes);
}
