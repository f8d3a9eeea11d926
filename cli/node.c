/* SPDX-License-Identifier: Apache-2.0 */
/* fastreplica node: the daemon that receives and relays. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <fastreplica/fastreplica.h>

#include "args.h"
#include "commands.h"
#include "exits.h"
#include "files.h"
#include "say.h"
#include "signals.h"

static const char about[] =
    "Receive what origins push into a folder, and relay it to the other nodes. Runs in the foreground until SIGTERM or SIGINT,\n"
    "logs to standard error. Finished objects are plain files in the folder.";

static const char notes[] =
    "Exit codes: 0 stopped by a signal, 1 failed here (address or store in use, store unusable), 2 wrong usage or input.";

struct settings {
    const char *store, *keys, *listen, *port_file, *log_level;
    fr_time_ns silence_timeout, keep_partial;
    uint32_t transfers_max, connections_max;
    uint64_t memory_max;
    uint64_t up_rate_max, down_rate_max;
    bool is_verbose;
};

static void write_log(void *user, enum fr_log_level level, const char *line) {
    (void) user;
    cli_log_write(stderr, level, line);
}

static void stop_node(void *node) { fr_node_stop(node); }

/* -1 after a complaint. */
static int choose_level(const struct settings *settings, enum fr_log_level *ret_level) {
    static const char *const names[] = {
        [FR_LOG_ERROR] = "error", [FR_LOG_WARNING] = "warning", [FR_LOG_INFO] = "info", [FR_LOG_DEBUG] = "debug"};
    *ret_level = settings->is_verbose ? FR_LOG_DEBUG : FR_LOG_INFO;
    if (!settings->log_level)
        return 0;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(settings->log_level, names[i]) == 0) {
            *ret_level = (enum fr_log_level) i;
            return 0;
        }
    cli_args_complain("node", "--log-level '%s' is not error, warning, info or debug", settings->log_level);
    return -1;
}

static int write_port(const char *path, uint16_t port) {
    char text[16];
    int bytes = snprintf(text, sizeof text, "%u\n", port);
    if (cli_file_write(path, text, (size_t) bytes) == 0)
        return 0;
    cli_say("cannot write the port file %s: %s", path, strerror(errno));
    return -1;
}

static enum cli_exit serve(const struct settings *settings, const struct fr_keys *keys, enum fr_log_level level) {
    struct fr_failure failure = {0};
    struct fr_node_options options;
    struct fr_node *node;
    fr_node_options_init(&options);
    options.store = settings->store;
    options.keys = keys;
    options.listen = settings->listen;
    options.silence_timeout = settings->silence_timeout;
    options.keep_partial = settings->keep_partial;
    options.transfers_max = settings->transfers_max;
    options.connections_max = settings->connections_max;
    options.memory_max = settings->memory_max;
    options.up_rate_max = settings->up_rate_max;
    options.down_rate_max = settings->down_rate_max;
    options.log = (struct fr_log){.on_line = write_log, .level_max = level};
    int error = fr_node_new(&options, &node, &failure);
    if (error) {
        cli_say("%s", failure.text);
        return cli_exit_for(error);
    }
    enum cli_exit code = CLI_EXIT_LOCAL;
    if (!settings->port_file || write_port(settings->port_file, fr_node_port(node)) == 0) {
        cli_signals_aim(stop_node, node);
        error = fr_node_run(node, &failure);
        cli_signals_aim(NULL, NULL);
        if (error)
            cli_say("%s", failure.text);
        else
            code = CLI_EXIT_ALL;
    }
    fr_node_free(node);
    return code;
}

static enum cli_exit load_and_serve(const struct settings *settings) {
    struct fr_failure failure = {0};
    struct fr_keys *keys;
    enum fr_log_level level;
    if (choose_level(settings, &level) != 0)
        return CLI_EXIT_USAGE;
    int error = fr_keys_load(settings->keys, FR_KEYS_NODE, &keys, &failure);
    if (error) {
        cli_say("%s", failure.text);
        return cli_exit_for_input(error);
    }
    enum cli_exit code = serve(settings, keys, level);
    fr_keys_free(keys);
    return code;
}

static fr_time_ns default_keep_partial(void) {
    struct fr_node_options options;
    fr_node_options_init(&options);
    return options.keep_partial;
}

static int run(int argc, char **argv) {
    struct settings settings = {.keep_partial = default_keep_partial()};
    const struct cli_option own[] = {
        {"store", 's', CLI_TEXT, true, "DIR", &settings.store, "folder of the finished objects; created if missing", 0, 0},
        {"keys", 'k', CLI_TEXT, true, "DIR", &settings.keys, "folder with cluster.secret and origin.pub", 0, 0},
        {"listen", 'l', CLI_TEXT, false, "ADDR:PORT", &settings.listen,
         "where to listen; :PORT is every address, port 0 any free one (:7420)", 0, 0},
        {"port-file", 0, CLI_TEXT, false, "FILE", &settings.port_file, "write the port there once it listens", 0, 0},
        {"silence-timeout", 0, CLI_DURATION, false, "TIME", &settings.silence_timeout,
         "give a connection up that is silent for so long (15s)", 0, 0},
        {"max-transfers", 0, CLI_NUMBER, false, "N", &settings.transfers_max, "transfers at once, 1 to 1024 (16)", 1, 1024},
        {"keep-partial", 0, CLI_DURATION_OR_0, false, "TIME", &settings.keep_partial,
         "keep what a transfer that was cut short has received for so long, for the next try; 0s: not (24h)", 0, 0},
        {"max-connections", 0, CLI_NUMBER, false, "N", &settings.connections_max,
         "connections that transfers may need in all, 1 to 1000000 (4096)", 1, 1000000},
        {"max-memory", 0, CLI_BYTES, false, "SIZE", &settings.memory_max,
         "buffers of chunks that they may need in all (half of the memory)", 0, 0},
        {"rate-limit-up", 0, CLI_RATE, false, "RATE", &settings.up_rate_max, "send no more than this in all, over all transfers", 0, 0},
        {"rate-limit-down", 0, CLI_RATE, false, "RATE", &settings.down_rate_max, "receive no more than this in all", 0, 0},
        {"log-level", 0, CLI_TEXT, false, "LEVEL", &settings.log_level, "error, warning, info (the default) or debug", 0, 0},
        {"verbose", 'v', CLI_FLAG, false, NULL, &settings.is_verbose, "the same as --log-level debug", 0, 0},
        {0},
    };
    const struct cli_usage usage = {
        .command = "node", .synopsis = "--store DIR --keys DIR [options]", .about = about, .notes = notes, .tables = {own}};
    char **operands;
    int operand_count;
    enum cli_args_result parsed = cli_args_parse(&usage, argc, argv, &operands, &operand_count);
    if (parsed != CLI_ARGS_GO)
        return cli_args_exit(parsed);
    if (cli_signals_watch() != 0)
        return CLI_EXIT_LOCAL;
    return load_and_serve(&settings);
}

const struct cli_command cli_node_command = {.name = "node", .summary = "receive and relay: the daemon", .run = run};
