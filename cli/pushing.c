/* SPDX-License-Identifier: Apache-2.0 */
/* Running a push and telling about it: progress and messages on standard error, the outcome on standard output. */
#include "pushing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "descriptions.h"
#include "files.h"
#include "planview.h"
#include "progress.h"
#include "say.h"
#include "signals.h"
#include "verdicts.h"

void cli_pushing_describe(struct cli_pushing *p, struct cli_option *options) {
    const struct cli_option all[CLI_PUSHING_OPTIONS] = {
        {"name", 'n', CLI_TEXT, false, "NAME", &p->name, "name at the nodes; FILE's own if left out", 0, 0},
        {"mdc", 0, CLI_FLAG, false, NULL, &p->is_set,
         "FILE is a folder that `mdc encode` made: each node of a group is sent\n"
         "another description, and each description is there as soon as it is whole",
         0, 0},
        {"chunk-size", 0, CLI_BYTES, false, "SIZE", &p->chunk_bytes, "a power of two, 16K to 4M; chosen from the size if left out", 0, 0},
        {"up", 0, CLI_RATE, false, "RATE", &p->up_rate, "this machine's uplink, for the plan and its times", 0, 0},
        {"rate-limit", 0, CLI_RATE, false, "RATE", &p->rate_max, "send no more than this in all, to leave room for others", 0, 0},
        {"report", 0, CLI_TEXT, false, "FILE", &p->report, "write a report, one JSON object", 0, 0},
        {"connect-timeout", 0, CLI_DURATION, false, "TIME", &p->connect_timeout,
         "give a node of the first groups up that cannot be reached, or not any more, for so long (5s)", 0, 0},
        {"silence-timeout", 0, CLI_DURATION, false, "TIME", &p->silence_timeout,
         "give a node of the first groups up that says nothing for so long (15s)", 0, 0},
        {"deadline", 0, CLI_DURATION, false, "TIME", &p->deadline,
         "end the push after so long, whatever is missing; with --mdc a node that\nhas some descriptions by then is usable", 0, 0},
        {"dry-run", 0, CLI_FLAG, false, NULL, &p->is_dry, "show the plan, and send nothing", 0, 0},
        {"quiet", 'q', CLI_FLAG, false, NULL, &p->is_quiet, "say nothing but what failed", 0, 0},
        {"json", 0, CLI_FLAG, false, NULL, &p->is_json, "print the report instead of the table", 0, 0},
        {"verbose", 'v', CLI_REPEAT, false, NULL, &p->verbosity, "log what happens; twice: every detail", 0, 0},
        {0},
    };
    memcpy(options, all, sizeof all);
}

int cli_pushing_check(struct cli_pushing *pushing, const char *command) {
    return cli_planning_fill(&pushing->planning, command, &pushing->plan);
}

static void show_progress(void *user, const struct fr_report *report) {
    struct cli_progress *progress = user;
    struct cli_terminal terminal = cli_terminal_look(STDERR_FILENO);
    cli_progress_show(progress, report, &terminal);
}

static void write_log(void *user, enum fr_log_level level, const char *line) {
    struct cli_progress *progress = user;
    cli_progress_hide(progress);
    cli_log_write(stderr, level, line);
}

static void stop_push(void *push) { fr_push_stop(push); }

static void fill_options(struct fr_push_options *options, const struct cli_pushing *pushing, struct cli_progress *progress) {
    fr_push_options_init(options);
    options->name = pushing->name;
    /* What is above 32 bits is no chunk size; what stands in its place is none either, so the library says what is. */
    options->chunk_bytes = pushing->chunk_bytes < UINT32_MAX ? (uint32_t) pushing->chunk_bytes : UINT32_MAX;
    options->up_rate = pushing->up_rate;
    options->rate_max = pushing->rate_max;
    options->delay = pushing->plan.delay;
    options->group_size = pushing->plan.group_size;
    options->shape = pushing->plan.shape;
    options->fanout = pushing->plan.fanout;
    options->connect_timeout = pushing->connect_timeout;
    options->silence_timeout = pushing->silence_timeout;
    options->deadline = pushing->deadline;
    /* Unasked, nothing is logged: what goes wrong is told in sentences, by the table and by the message at the end. */
    if (pushing->verbosity > 0)
        options->log = (struct fr_log){
            .on_line = write_log, .user = progress, .level_max = pushing->verbosity > 1 ? FR_LOG_DEBUG : FR_LOG_INFO};
    if (!pushing->is_quiet)
        options->progress = (struct fr_progress){.on_progress = show_progress, .user = progress};
}

/* Returns 0, or -1 after saying why. */
static int write_reports(const struct cli_pushing *pushing, const struct fr_report *report) {
    char *json = fr_report_json(report);
    if (!json) {
        cli_say("no memory for the report");
        return -1;
    }
    int result = 0;
    if (pushing->is_json)
        fputs(json, stdout);
    if (pushing->report && cli_file_write(pushing->report, json, strlen(json)) != 0) {
        cli_say("cannot write the report %s: %s", pushing->report, strerror(errno));
        result = -1;
    }
    free(json);
    return result;
}

/* The outcome, on every way that was asked for. */
static enum cli_exit tell_outcome(const struct cli_pushing *pushing, const struct fr_report *report, int error) {
    enum cli_exit code = cli_verdicts_exit(report, error);
    if (error)
        cli_say("%s", report->failure);
    if (pushing->is_quiet || pushing->is_json)
        cli_verdicts_say_failures(report);
    else
        cli_verdicts_write(report, stdout);
    if ((pushing->is_json || pushing->report) && write_reports(pushing, report) != 0 && code == CLI_EXIT_ALL)
        code = CLI_EXIT_LOCAL;
    return cli_finish_output(code);
}

/* Of one group whose rates nobody told there is nothing to promise. */
static void promise(const struct cli_pushing *pushing, const struct fr_plan *plan, const struct fr_nodes *nodes) {
    if (pushing->is_quiet || pushing->is_json || (plan->group_count == 1 && plan->predicted_seconds < 0))
        return;
    cli_plan_summary(plan, nodes, &pushing->plan, stderr);
}

static enum cli_exit show_plan(const struct cli_pushing *pushing, const struct fr_plan *plan, const struct fr_nodes *nodes) {
    return cli_plan_show(plan, nodes, &pushing->plan, pushing->is_json ? CLI_PLAN_JSON : CLI_PLAN_PEOPLE);
}

static enum cli_exit run_push(const struct cli_pushing *pushing, struct fr_push *push, struct cli_progress *progress) {
    struct fr_failure failure = {0};
    cli_signals_aim(stop_push, push);
    int error = fr_push_run(push, &failure);
    cli_signals_aim(NULL, NULL);
    cli_progress_hide(progress);
    struct fr_report report = *fr_push_report(push);
    if (error)
        report.failure = failure.text[0] ? failure.text : fr_error_text(error);
    return tell_outcome(pushing, &report, error);
}

static enum cli_exit push(const struct cli_pushing *pushing, const struct fr_push_options *options, struct cli_progress *progress) {
    struct fr_failure failure = {0};
    struct fr_push *push;
    enum cli_exit code;
    int error = fr_push_new(options, &push, &failure);
    if (error) {
        cli_say("%s", failure.text);
        code = cli_exit_for_input(error);
    } else {
        if (pushing->is_dry) {
            code = show_plan(pushing, fr_push_plan(push), options->nodes);
        } else {
            promise(pushing, fr_push_plan(push), options->nodes);
            code = run_push(pushing, push, progress);
        }
        fr_push_free(push);
    }
    return code;
}

enum cli_exit cli_pushing_run(const struct cli_pushing *pushing, const char *path, const struct fr_nodes *nodes,
                              const struct fr_keys *keys) {
    struct fr_push_options options;
    struct cli_progress progress;
    struct cli_descriptions descriptions = {0};
    if (pushing->report && cli_file_check(pushing->report) != 0) {
        cli_say("cannot write the report %s: %s", pushing->report, strerror(errno));
        return CLI_EXIT_USAGE;
    }
    if (pushing->is_set && cli_descriptions_find(path, &descriptions) != 0)
        return CLI_EXIT_USAGE;
    cli_progress_init(&progress, stderr);
    fill_options(&options, pushing, &progress);
    options.path = path;
    options.entries = pushing->is_set ? (const char *const *) descriptions.paths : NULL;
    options.entry_count = descriptions.count;
    options.nodes = nodes;
    options.keys = keys;
    enum cli_exit code = push(pushing, &options, &progress);
    cli_progress_done(&progress);
    cli_descriptions_done(&descriptions);
    return code;
}
