/* SPDX-License-Identifier: Apache-2.0 */
/* fastreplica status: asks nodes what they are doing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <fastreplica/fastreplica.h>

#include "args.h"
#include "commands.h"
#include "exits.h"
#include "figures.h"
#include "say.h"
#include "table.h"

static const char about[] = "Ask all nodes what they are doing.";

static const char notes[] = "Exit codes: 0 all nodes are up, 1 failed here, 2 wrong usage or input, 3 some are down, 4 all are down.";

struct settings {
    const char *to, *keys;
    fr_time_ns timeout;
    bool is_json;
};

/* As a table */

static const struct cli_column node_columns[] = {
    {.title = "NODE"},
    {.title = "STATE"},
    {.title = "VERSION"},
    {.title = "UP FOR", .is_number = true},
    {.title = "FREE", .is_number = true},
    {.title = "COMPLETE", .is_number = true},
    {.title = "FAILED", .is_number = true},
    {.title = "REASON", .is_optional = true},
};

static const struct cli_column item_columns[] = {
    {.title = "NODE"}, {.title = "OBJECT"}, {.title = "STATE"}, {.title = "HAS", .is_number = true}, {.title = "TIME", .is_number = true},
};

static void add_node(struct cli_table *table, const struct fr_node_status *status) {
    char figure[CLI_FIGURE_BYTES];
    cli_table_add(table, "%s", status->address);
    cli_table_add(table, "%s", status->is_up ? "up" : "down");
    if (!status->is_up) {
        for (int i = 0; i < 5; i++)
            cli_table_add(table, "%s", "");
        cli_table_add(table, "%s", status->failure.text);
        return;
    }
    cli_table_add(table, "%s", status->agent ? status->agent : "");
    cli_table_add(table, "%s", cli_figure_seconds(status->uptime_seconds, figure));
    cli_table_add(table, "%s", cli_figure_bytes(status->store_free_bytes, figure));
    cli_table_add(table, "%llu", (unsigned long long) status->completed_count);
    cli_table_add(table, "%llu", (unsigned long long) status->failed_count);
    cli_table_add(table, "%s", "");
}

static void add_item(struct cli_table *table, const struct fr_node_status *status, const struct fr_status_item *item) {
    char figure[CLI_FIGURE_BYTES];
    cli_table_add(table, "%s", status->address);
    cli_table_add(table, "%s", item->name);
    cli_table_add(table, "%s", item->state);
    cli_table_add(table, "%s", cli_figure_share(item->bytes_have, item->object_bytes, figure));
    cli_table_add(table, "%s", cli_figure_seconds(item->seconds, figure));
}

/* Returns 0, or -1 without memory. */
static int write_tables(const struct fr_node_status *statuses, uint32_t count, uint32_t up_count) {
    struct cli_table nodes, items;
    cli_table_init(&nodes, node_columns, sizeof node_columns / sizeof *node_columns);
    cli_table_init(&items, item_columns, sizeof item_columns / sizeof *item_columns);
    for (uint32_t i = 0; i < count; i++) {
        add_node(&nodes, &statuses[i]);
        for (uint32_t j = 0; j < statuses[i].item_count; j++)
            add_item(&items, &statuses[i], &statuses[i].items[j]);
    }
    int result = cli_table_write(&nodes, stdout);
    if (items.cell_count > 0) {
        printf("\n");
        result |= cli_table_write(&items, stdout);
    }
    printf("%u of %u %s up\n", up_count, count, count == 1 ? "node is" : "nodes are");
    cli_table_done(&nodes);
    cli_table_done(&items);
    return result;
}

/* As JSON */

static json_t *make_count(uint64_t count) { return count <= INT64_MAX ? json_integer((json_int_t) count) : json_null(); }

/* An array of `count` values, or NULL; make(user, i) gives each. */
static json_t *make_array(uint32_t count, json_t *(*make)(const void *user, uint32_t i), const void *user) {
    json_t *array = json_array();
    for (uint32_t i = 0; array && i < count; i++) {
        if (json_array_append_new(array, make(user, i)) == 0)
            continue;
        json_decref(array);
        array = NULL;
    }
    return array;
}

static json_t *make_item(const void *user, uint32_t i) {
    const struct fr_status_item *item = &((const struct fr_status_item *) user)[i];
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:f}", "id", item->id, "name", item->name, "state", item->state, "bytes_have",
                     make_count(item->bytes_have), "object_bytes", make_count(item->object_bytes), "seconds", item->seconds);
}

static json_t *make_node(const void *user, uint32_t i) {
    const struct fr_node_status *status = &((const struct fr_node_status *) user)[i];
    if (!status->is_up)
        return json_pack("{s:s, s:b, s:s}", "name", status->address, "up", 0, "reason", status->failure.text);
    return json_pack("{s:s, s:b, s:s, s:s?, s:f, s:o, s:o, s:o, s:o}", "name", status->address, "up", 1, "reason", "", "agent",
                     status->agent, "uptime_seconds", status->uptime_seconds, "store_free_bytes", make_count(status->store_free_bytes),
                     "complete", make_count(status->completed_count), "failed", make_count(status->failed_count), "transfers",
                     make_array(status->item_count, make_item, status->items));
}

/* Returns 0, or -1 without memory. */
static int write_json(const struct fr_node_status *statuses, uint32_t count) {
    json_t *json = json_pack("{s:o}", "nodes", make_array(count, make_node, statuses));
    if (!json)
        return -1;
    int result = json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    printf("\n");
    json_decref(json);
    return result;
}

static enum cli_exit ask_nodes(const struct settings *settings, const struct fr_nodes *nodes, const struct fr_keys *keys) {
    struct fr_failure failure = {0};
    struct fr_node_status *statuses;
    if (fr_status_ask(nodes, keys, settings->timeout, &statuses, &failure) != 0) {
        cli_say("%s", failure.text);
        return CLI_EXIT_LOCAL;
    }
    uint32_t up_count = 0;
    for (uint32_t i = 0; i < nodes->count; i++)
        up_count += statuses[i].is_up;
    enum cli_exit code = up_count == nodes->count ? CLI_EXIT_ALL : up_count > 0 ? CLI_EXIT_SOME : CLI_EXIT_NONE;
    int result = settings->is_json ? write_json(statuses, nodes->count) : write_tables(statuses, nodes->count, up_count);
    if (result != 0) {
        cli_say("no memory for the answers");
        code = CLI_EXIT_LOCAL;
    }
    fr_status_free(statuses, nodes->count);
    return cli_finish_output(code);
}

static enum cli_exit load_and_ask(const struct settings *settings) {
    struct fr_failure failure = {0};
    struct fr_nodes *nodes = NULL;
    struct fr_keys *keys = NULL;
    enum cli_exit code;
    int error = fr_keys_load(settings->keys, FR_KEYS_STATUS, &keys, &failure);
    if (!error)
        error = fr_nodes_load(settings->to, &nodes, &failure);
    if (error) {
        cli_say("%s", failure.text);
        code = cli_exit_for_input(error);
    } else {
        code = ask_nodes(settings, nodes, keys);
    }
    fr_nodes_free(nodes);
    fr_keys_free(keys);
    return code;
}

static int run(int argc, char **argv) {
    struct settings settings = {0};
    const struct cli_option own[] = {
        {"to", 't', CLI_TEXT, true, "NODES", &settings.to, "whom to ask: a file, - or a list, as for push", 0, 0},
        {"keys", 'k', CLI_TEXT, true, "DIR", &settings.keys, "folder with cluster.secret", 0, 0},
        {"timeout", 0, CLI_DURATION, false, "TIME", &settings.timeout, "a node that has not answered by then is down (5s)", 0, 0},
        {"json", 0, CLI_FLAG, false, NULL, &settings.is_json, "print one JSON object instead of tables", 0, 0},
        {0},
    };
    const struct cli_usage usage = {
        .command = "status", .synopsis = "--to NODES --keys DIR [options]", .about = about, .notes = notes, .tables = {own}};
    char **operands;
    int operand_count;
    enum cli_args_result parsed = cli_args_parse(&usage, argc, argv, &operands, &operand_count);
    if (parsed != CLI_ARGS_GO)
        return cli_args_exit(parsed);
    return load_and_ask(&settings);
}

const struct cli_command cli_status_command = {.name = "status", .summary = "ask nodes what they are doing", .run = run};
