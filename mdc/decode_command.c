/* SPDX-License-Identifier: Apache-2.0 */
/* fastreplica mdc decode. */
#include <signal.h>
#include <stdio.h>

#include <fastreplica/fastreplica.h>

#include "cli/args.h"
#include "cli/say.h"
#include "mdc/commands.h"
#include "mdc/decode.h"
#include "mdc/follow.h"
#include "mdc/progress.h"

enum { PATHS_MAX = 1024 };

static const char about[] =
    "Make of the descriptions DESC the best that they allow, and write it to OUT: the original where they suffice for that.";

static const char notes[] =
    "Damaged parts of descriptions count as missing. OUT appears when it is whole, and replaces nothing but what --follow wrote.\n"
    "Exit codes: 0 the original, or all that the set holds; 3 something of use, and not all; 4 too few descriptions, nothing was written.";

static int exit_for_outcome(const struct mdc_gathered *gathered, const struct mdc_result *result) {
    switch (result->outcome) {
    case MDC_OUTCOME_WHOLE: printf("%s\n", result->sentence); return cli_finish_output(MDC_EXIT_WHOLE);
    case MDC_OUTCOME_USABLE:
        printf("%u of %u: %s\n", gathered->count, gathered->header->count, result->sentence);
        return cli_finish_output(MDC_EXIT_USABLE);
    case MDC_OUTCOME_NOTHING: break;
    }
    cli_say("mdc: nothing can be restored: %s", result->sentence);
    return MDC_EXIT_NOTHING;
}

static int decode(const struct mdc_decode_options *options, char **paths, unsigned path_count) {
    struct fr_failure failure = {0};
    struct mdc_gathered gathered;
    struct mdc_result result = {.outcome = MDC_OUTCOME_NOTHING, .sentence = "none of these files is a description in good order"};
    int error = mdc_gather(&gathered, paths, path_count, mdc_say_note, NULL, &failure), code;

    if (error == 0 && gathered.header != NULL)
        error = mdc_decode(&gathered, options, &result, &failure);
    if (error != 0) {
        cli_say("mdc: %s", failure.text);
        code = mdc_exit_for(error);
    } else {
        code = exit_for_outcome(&gathered, &result);
    }
    mdc_gathered_done(&gathered);
    return code;
}

/* Following */

static atomic_bool is_stopped;

static void stop(int signal_number) {
    (void) signal_number;
    atomic_store(&is_stopped, true);
}

static void say_better(void *context, const struct mdc_result *result, unsigned count, unsigned of) {
    (void) context;
    printf("%u of %u: %s\n", count, of, result->sentence);
    fflush(stdout);
}

static int follow(const struct mdc_decode_options *decode_options, const char *folder, fr_time_ns most) {
    struct mdc_follow_options options = {.folder = folder,
                                         .decode = *decode_options,
                                         .seconds_max = (double) most / 1e9,
                                         .is_stopped = &is_stopped,
                                         .on_better = say_better};
    struct fr_failure failure = {0};
    struct mdc_result result;
    struct sigaction action = {.sa_handler = stop};
    int error;

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    error = mdc_follow(&options, &result, &failure);
    if (error != 0) {
        cli_say("mdc: %s", failure.text);
        return mdc_exit_for(error);
    }
    switch (result.outcome) {
    case MDC_OUTCOME_WHOLE: return cli_finish_output(MDC_EXIT_WHOLE);
    case MDC_OUTCOME_USABLE: return cli_finish_output(MDC_EXIT_USABLE);
    case MDC_OUTCOME_NOTHING: break;
    }
    cli_say("mdc: too few descriptions came into %s", folder);
    return MDC_EXIT_NOTHING;
}

int mdc_decode_command(int argc, char **argv) {
    struct mdc_decode_options options = {0};
    struct mdc_progress progress;
    const char *folder = NULL;
    fr_time_ns most = 0;
    bool is_quiet = false;
    char **operands;
    int operand_count, code;
    const struct cli_option table[] = {
        {"output", 'o', CLI_TEXT, true, "OUT", &options.path, "the file to write", 0, 0},
        {"preview", '\0', CLI_FLAG, false, NULL, &options.is_preview,
         "the form that can be shown, also where the original could be restored", 0, 0},
        {"follow", 'f', CLI_TEXT, false, "DIR", &folder,
         "in the place of DESC: the folder where descriptions arrive, such as STORE/SET;\n"
         "OUT is written as soon as it can be, and replaced whenever it gets better",
         0, 0},
        {"for", '\0', CLI_DURATION, false, "TIME", &most, "with --follow: end after that time also when it is not whole", 0, 0},
        {"quiet", 'q', CLI_FLAG, false, NULL, &is_quiet, "no progress", 0, 0},
        {0}};
    const struct cli_usage usage = {.command = "mdc decode",
                                    .synopsis = "-o OUT DESC... | -o OUT --follow DIR",
                                    .about = about,
                                    .notes = notes,
                                    .tables = {table},
                                    .operands_min = 0,
                                    .operands_max = PATHS_MAX,
                                    .operands = "DESC"};
    enum cli_args_result parsed = cli_args_parse(&usage, argc, argv, &operands, &operand_count);

    if (parsed != CLI_ARGS_GO)
        return cli_args_exit(parsed);
    if (folder != NULL && operand_count > 0)
        return cli_args_complain(usage.command, "--follow takes the place of DESC");
    if (folder == NULL && most > 0)
        return cli_args_complain(usage.command, "--for goes with --follow");
    if (folder == NULL && operand_count == 0)
        return cli_args_complain(usage.command, "DESC is missing");
    if (folder != NULL)
        return follow(&options, folder, most);
    mdc_progress_init(&progress, "decoding", is_quiet);
    options.watch = &progress.watch;
    code = decode(&options, operands, (unsigned) operand_count);
    mdc_progress_done(&progress);
    return code;
}
