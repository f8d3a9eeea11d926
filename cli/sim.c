/* SPDX-License-Identifier: Apache-2.0 */
/* fastreplica sim: a whole push in a virtual world, with the code that real nodes run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <fastreplica/fastreplica.h>

#include "args.h"
#include "commands.h"
#include "exits.h"
#include "figures.h"
#include "planning.h"
#include "rehearsal.h"
#include "say.h"

static const char about[] =
    "Rehearse a push to many nodes on this machine alone: virtual links of the rates and delays that are told, a virtual clock, and the "
    "very\n"
    "code that nodes run. Shows how long it would take, what would cross which links, and how many connections a node would have.";

static const char notes[] =
    "NODES is as for push; rates that it does not tell are --rate. Times of a real push are longer by what disks and processors need.\n"
    "Exit codes: 0 every node completed, 1 failed here, 2 wrong usage or input, 3 some nodes failed.";

struct settings {
    const char *to;
    uint32_t node_count, seed;
    uint64_t size, chunk_bytes, rate, up_rate;
    bool is_json, is_warm;
    struct cli_planning planning;
};

static int load_nodes(const struct settings *settings, struct fr_nodes **ret_nodes, struct fr_failure *failure) {
    char list[32];
    if (settings->to)
        return fr_nodes_load(settings->to, ret_nodes, failure);
    snprintf(list, sizeof list, "n[1-%u]", settings->node_count);
    return fr_nodes_parse_inline(list, ret_nodes, failure);
}

static void fill_rates(struct fr_nodes *nodes, uint64_t rate) {
    for (uint32_t i = 0; i < nodes->count; i++) {
        struct fr_node_spec *spec = &nodes->specs[i];
        if (spec->up_rate == FR_RATE_UNKNOWN)
            spec->up_rate = rate;
        if (spec->down_rate == FR_RATE_UNKNOWN)
            spec->down_rate = rate;
    }
}

static double kilobytes_a_node(const struct fr_plan *plan) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (double) usage.ru_maxrss / plan->member_count : -1;
}

static double passed_since(const struct timespec *began) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) (now.tv_sec - began->tv_sec) + (double) (now.tv_nsec - began->tv_nsec) / 1e9;
}

static double over(double value, double base) { return base > 0 ? value / base : -1; }

static void write_ratio(const char *what, double seconds, double base) {
    char figure[CLI_FIGURE_BYTES];
    if (base > 0)
        printf("  %-22s %10s   %.3f x\n", what, cli_figure_seconds(base, figure), over(seconds, base));
}

static void write_bytes(const char *what, uint64_t bytes, uint64_t object_bytes) {
    char figure[CLI_FIGURE_BYTES];
    printf("  %-22s %10s   %.3f x the object\n", what, cli_figure_bytes(bytes, figure), over((double) bytes, (double) object_bytes));
}

static void write_for_people(const struct fr_plan *plan, const struct cli_rehearsal *rehearsal) {
    char figure[CLI_FIGURE_BYTES];
    printf("time\n  %-22s %10s\n", "last node complete", cli_figure_seconds(rehearsal->last_seconds, figure));
    printf("  %-22s %10s\n", "half of the nodes", cli_figure_seconds(rehearsal->p50_seconds, figure));
    printf("  %-22s %10s\n", "99 of 100", cli_figure_seconds(rehearsal->p99_seconds, figure));
    printf("  %-22s %10s\n", "999 of 1000", cli_figure_seconds(rehearsal->p999_seconds, figure));
    write_ratio("least possible", rehearsal->last_seconds, plan->bound_seconds);
    write_ratio("predicted", rehearsal->last_seconds, plan->predicted_seconds);
    printf("bytes of chunks\n");
    write_bytes("from the origin", rehearsal->origin_bytes, plan->object_bytes);
    write_bytes("from group to group", rehearsal->down_bytes, plan->object_bytes);
    write_bytes("among peers", rehearsal->peer_bytes, plan->object_bytes);
    write_bytes("between zones", rehearsal->zone_bytes, plan->object_bytes);
    printf("at most\n  %-22s %10u\n  %-22s %10u\n", "connections of a node", rehearsal->connections_max, "of the origin",
           rehearsal->origin_connections_max);
    printf("  %-22s %7.0f KiB   core and simulator together\n", "memory for a node", kilobytes_a_node(plan));
    printf("%u of %u nodes complete; %llu events\n", rehearsal->complete_count, plan->member_count,
           (unsigned long long) rehearsal->event_count);
}

static void write_json(const struct fr_plan *plan, const struct cli_rehearsal *rehearsal, double wall_seconds) {
    printf("{\n  \"nodes\": %u, \"groups\": %u, \"levels\": %u, \"fanout\": %u, \"bytes\": %llu, \"chunk_bytes\": %u,\n",
           plan->member_count, plan->group_count, plan->level_count, plan->fanout, (unsigned long long) plan->object_bytes,
           plan->chunk_bytes);
    printf("  \"complete\": %u, \"seconds\": %.6f, \"p50_seconds\": %.6f, \"p99_seconds\": %.6f, \"p999_seconds\": %.6f,\n",
           rehearsal->complete_count, rehearsal->last_seconds, rehearsal->p50_seconds, rehearsal->p99_seconds, rehearsal->p999_seconds);
    printf("  \"first_chunk_seconds\": %.6f, \"bound_seconds\": %.6f, \"predicted_seconds\": %.6f, \"ratio\": %.4f,\n",
           rehearsal->first_chunk_seconds, plan->bound_seconds, plan->predicted_seconds,
           over(rehearsal->last_seconds, plan->bound_seconds));
    printf("  \"bytes_from_origin\": %llu, \"bytes_between_groups\": %llu, \"bytes_among_peers\": %llu, \"bytes_between_zones\": %llu,\n",
           (unsigned long long) rehearsal->origin_bytes, (unsigned long long) rehearsal->down_bytes,
           (unsigned long long) rehearsal->peer_bytes, (unsigned long long) rehearsal->zone_bytes);
    printf("  \"connections_max\": %u, \"origin_connections_max\": %u, \"memory_kib_per_node\": %.0f,\n", rehearsal->connections_max,
           rehearsal->origin_connections_max, kilobytes_a_node(plan));
    printf("  \"events\": %llu, \"wall_seconds\": %.1f, \"fingerprint\": \"%016llx\"\n}\n", (unsigned long long) rehearsal->event_count,
           wall_seconds, (unsigned long long) rehearsal->fingerprint);
}

static enum cli_exit rehearse(const struct settings *settings, const struct fr_plan *plan, const struct fr_nodes *nodes,
                              const struct fr_plan_options *options) {
    const struct cli_rehearsal_options how = {
        .up_rate = options->up_rate, .delay = options->delay, .seed = settings->seed, .is_warm = settings->is_warm};
    struct cli_rehearsal rehearsal;
    struct timespec began;
    clock_gettime(CLOCK_MONOTONIC, &began);
    if (!settings->is_json)
        cli_plan_summary(plan, nodes, options, stdout);
    fflush(stdout);
    if (cli_rehearse(plan, nodes, &how, &rehearsal) != 0)
        return CLI_EXIT_LOCAL;
    if (settings->is_json)
        write_json(plan, &rehearsal, passed_since(&began));
    else
        write_for_people(plan, &rehearsal);
    return cli_finish_output(rehearsal.complete_count == plan->member_count ? CLI_EXIT_ALL : CLI_EXIT_SOME);
}

static enum cli_exit plan_and_rehearse(const struct settings *settings, const struct fr_plan_options *options) {
    struct fr_failure failure = {0};
    struct fr_nodes *nodes = NULL;
    struct fr_plan *plan = NULL;
    enum cli_exit code;
    int error = load_nodes(settings, &nodes, &failure);
    if (!error) {
        fill_rates(nodes, settings->rate);
        error = fr_plan_new(nodes, options, &plan, &failure);
    }
    if (error) {
        cli_say("%s", failure.text);
        code = cli_exit_for_input(error);
    } else {
        code = rehearse(settings, plan, nodes, options);
    }
    fr_plan_free(plan);
    fr_nodes_free(nodes);
    return code;
}

static int run(int argc, char **argv) {
    struct settings settings = {.size = 256u << 20, .rate = 125000000, .seed = 1};
    struct cli_option own[] = {
        {"nodes", 0, CLI_NUMBER, false, "N", &settings.node_count, "so many equal nodes", 1, FR_NODES_MAX},
        {"to", 't', CLI_TEXT, false, "NODES", &settings.to, "these nodes instead", 0, 0},
        {"size", 's', CLI_BYTES, false, "SIZE", &settings.size, "of the object (256M)", 0, 0},
        {"chunk-size", 0, CLI_BYTES, false, "SIZE", &settings.chunk_bytes, "a power of two, 16K to 4M; chosen from the size if left out", 0,
         0},
        {"rate", 0, CLI_RATE, false, "RATE", &settings.rate, "each way, of nodes whose rates are not told (1G)", 0, 0},
        {"up", 0, CLI_RATE, false, "RATE", &settings.up_rate, "the origin's uplink (--rate)", 0, 0},
        {"seed", 0, CLI_NUMBER, false, "N", &settings.seed, "of what is drawn at random: the same seed, the same run (1)", 0, UINT32_MAX},
        {"warm", 0, CLI_FLAG, false, NULL, &settings.is_warm, "begin when all links are open, and count from there", 0, 0},
        {"json", 0, CLI_FLAG, false, NULL, &settings.is_json, "one JSON object", 0, 0},
        {0},
    };
    struct cli_option shaping[CLI_PLANNING_OPTIONS];
    cli_planning_describe(&settings.planning, shaping);
    const struct cli_usage usage = {
        .command = "sim", .synopsis = "--nodes N | --to NODES [options]", .about = about, .notes = notes, .tables = {own, shaping}};
    char **operands;
    int operand_count;
    enum cli_args_result parsed = cli_args_parse(&usage, argc, argv, &operands, &operand_count);
    if (parsed != CLI_ARGS_GO)
        return cli_args_exit(parsed);
    if (!settings.to == !settings.node_count)
        return cli_args_complain("sim", "either --nodes or --to is needed, and not both");
    struct fr_plan_options options;
    fr_plan_options_init(&options);
    options.object_bytes = settings.size;
    options.chunk_bytes = settings.chunk_bytes < UINT32_MAX ? (uint32_t) settings.chunk_bytes : UINT32_MAX;
    options.up_rate = settings.up_rate ? settings.up_rate : settings.rate;
    int wrong = cli_planning_fill(&settings.planning, "sim", &options);
    return wrong != 0 ? wrong : (int) plan_and_rehearse(&settings, &options);
}

const struct cli_command cli_sim_command = {.name = "sim", .summary = "rehearse a push in a virtual world", .run = run};
