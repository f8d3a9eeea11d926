/* SPDX-License-Identifier: Apache-2.0 */
/* Whom an earlier push did not serve: the report that report_json.c wrote, read again as a node list. The list's own rules are those of
 * plan/nodes.c: the nodes are put to it as the text of a node file, one line for each entry of the report, so that what it says of line 3
 * is said of node 3. */
#include <fastreplica/plan.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/failure.h"
#include "node/resolve_list.h"

/* What one field of an entry is to be. */
enum presence { NEEDED, MAY_LACK };

/* A report while it is being read. */
struct reading {
    const char *path;
    FILE *text; /* the node file that is made of it */
    uint32_t missing_count;
    struct fr_failure *failure;
};

static int complain(const struct reading *reading, size_t place, const char *why) {
    return fr_failure_set(reading->failure, FR_E_SYNTAX, 0, "%s is no report of a push: node %zu %s", reading->path, place + 1, why);
}

/* A word that a node file can hold: no blank, no comment, nothing that ends a line. */
static bool is_word(const char *text) { return text[0] != '\0' && text[strcspn(text, " \t\r\n#")] == '\0'; }

/* *ret_text is NULL for null, and for a field that is not there and may lack. False: something else stands there. */
static bool take_text(const json_t *node, const char *key, enum presence presence, const char **ret_text) {
    const json_t *value = json_object_get(node, key);
    *ret_text = json_string_value(value);
    if (*ret_text)
        return is_word(*ret_text);
    return presence == MAY_LACK && (!value || json_is_null(value));
}

/* The same for a rate; 0: not told. */
static bool take_rate(const json_t *node, const char *key, json_int_t *ret_rate) {
    const json_t *value = json_object_get(node, key);
    *ret_rate = json_integer_value(value); /* 0 of what is no integer */
    return *ret_rate > 0 || !value || json_is_null(value);
}

static bool has_object(const char *verdict) {
    return strcmp(verdict, fr_verdict_name(FR_VERDICT_COMPLETE)) == 0 || strcmp(verdict, fr_verdict_name(FR_VERDICT_SLOW)) == 0;
}

/* One line, empty for a node that has the object. */
static int write_node(struct reading *reading, const json_t *node, size_t place) {
    const char *name, *verdict, *zone, *tier;
    json_int_t up, down;
    if (!json_is_object(node))
        return complain(reading, place, "is no object");
    if (!take_text(node, "name", NEEDED, &name))
        return complain(reading, place, "has no name");
    if (!take_text(node, "verdict", NEEDED, &verdict))
        return complain(reading, place, "has no verdict");
    if (!take_text(node, "zone", MAY_LACK, &zone) || !take_text(node, "tier", MAY_LACK, &tier))
        return complain(reading, place, "has a zone or a tier that is no word");
    if (!take_rate(node, "up_rate", &up) || !take_rate(node, "down_rate", &down))
        return complain(reading, place, "has a rate that is no number of bytes a second");
    if (!has_object(verdict)) {
        reading->missing_count++;
        fprintf(reading->text, "%s", name);
        if (zone)
            fprintf(reading->text, " zone=%s", zone);
        if (up > 0)
            fprintf(reading->text, " up=%lldB/s", (long long) up);
        if (down > 0)
            fprintf(reading->text, " down=%lldB/s", (long long) down);
        if (tier)
            fprintf(reading->text, " tier=%s", tier);
    }
    fputc('\n', reading->text);
    return 0;
}

static int write_nodes(struct reading *reading, const json_t *report) {
    const json_t *nodes = json_object_get(report, "nodes");
    if (!json_is_object(json_object_get(report, "object")) || json_array_size(nodes) == 0)
        return fr_failure_set(reading->failure, FR_E_SYNTAX, 0, "%s is no report of a push: write one with --report", reading->path);
    int error = 0;
    for (size_t i = 0; i < json_array_size(nodes) && !error; i++)
        error = write_node(reading, json_array_get(nodes, i), i);
    return error;
}

/* The text is freed by free(). */
static int make_text(struct reading *reading, const json_t *report, char **ret_text) {
    char *text = NULL;
    size_t bytes = 0;
    reading->text = open_memstream(&text, &bytes);
    int error = reading->text ? write_nodes(reading, report) : FR_E_MEMORY;
    if (reading->text && (fclose(reading->text) != 0 || !text))
        error = FR_E_MEMORY;
    if (error == FR_E_MEMORY)
        fr_failure_set(reading->failure, error, 0, "%s: no memory for its nodes", reading->path);
    if (error)
        free(text);
    else
        *ret_text = text;
    return error;
}

/* A new reference. */
static int load_report(const char *path, json_t **ret_report, struct fr_failure *failure) {
    json_error_t why;
    FILE *file = fopen(path, "re");
    if (!file)
        return fr_failure_set(failure, FR_E_IO, errno, "cannot open the report %s", path);
    errno = 0;
    *ret_report = json_loadf(file, 0, &why);
    int sys_errno = ferror(file) ? errno : 0;
    fclose(file);
    if (*ret_report)
        return 0;
    if (sys_errno)
        return fr_failure_set(failure, FR_E_IO, sys_errno, "cannot read the report %s", path);
    if (json_error_code(&why) == json_error_out_of_memory)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "%s: no memory for it", path);
    return fr_failure_set(failure, FR_E_SYNTAX, 0, "%s is no report of a push: no JSON, line %d: %s", path, why.line, why.text);
}

static int parse_list(const char *text, const char *path, struct fr_nodes **ret_nodes, struct fr_failure *failure) {
    struct fr_nodes *nodes = NULL;
    int error = fr_nodes_parse_file(text, path, &nodes, failure);
    if (!error)
        error = fr_nodes_resolve(nodes, path, failure);
    if (error)
        fr_nodes_free(nodes);
    else
        *ret_nodes = nodes;
    return error;
}

static int take_object(const struct reading *reading, const json_t *report, struct fr_reported_object *ret_object) {
    const json_t *object = json_object_get(report, "object");
    const char *name = json_string_value(json_object_get(object, "name"));
    ret_object->name = name ? strdup(name) : NULL;
    ret_object->entry_count = (uint32_t) json_integer_value(json_object_get(object, "entries")); /* 0 of what is no integer */
    if (!name || ret_object->name)
        return 0;
    return fr_failure_set(reading->failure, FR_E_MEMORY, 0, "%s: no memory for its nodes", reading->path);
}

int fr_nodes_load_missing(const char *path, struct fr_nodes **ret_nodes, struct fr_reported_object *ret_object,
                          struct fr_failure *failure) {
    struct reading reading = {.path = path, .failure = failure};
    json_t *report = NULL;
    char *text = NULL;
    int error = load_report(path, &report, failure);
    if (!error)
        error = make_text(&reading, report, &text);
    if (!error && reading.missing_count == 0)
        *ret_nodes = NULL;
    else if (!error)
        error = parse_list(text, path, ret_nodes, failure);
    if (!error) {
        error = take_object(&reading, report, ret_object);
        if (error) {
            fr_nodes_free(*ret_nodes);
            *ret_nodes = NULL;
        }
    }
    free(text);
    json_decref(report);
    return error;
}
