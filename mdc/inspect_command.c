/* SPDX-License-Identifier: Apache-2.0 */
/* fastreplica mdc inspect. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/args.h"
#include "cli/say.h"
#include "mdc/commands.h"
#include "mdc/survey.h"

enum { PATHS_MAX = 1024 };

static const char about[] = "Say what the descriptions DESC are, whether each is whole, and what they allow together.";

static int print(struct mdc_gathered *gathered, bool is_json) {
    struct mdc_survey survey;
    struct fr_failure failure = {0};
    json_t *json = NULL;
    char *text = NULL;

    if (mdc_survey_take(&survey, gathered, &failure) != 0) {
        mdc_survey_done(&survey);
        cli_say("mdc: %s", failure.text);
        return MDC_EXIT_LOCAL;
    }
    if (is_json)
        json = mdc_survey_json(&survey);
    else
        mdc_survey_print(&survey, stdout);
    mdc_survey_done(&survey);
    if (!is_json)
        return cli_finish_output(MDC_EXIT_WHOLE);
    if (json != NULL)
        text = json_dumps(json, JSON_INDENT(2));
    json_decref(json);
    if (text == NULL) {
        cli_say("mdc: no memory for the JSON, or a path in it is not UTF-8");
        return MDC_EXIT_LOCAL;
    }
    printf("%s\n", text);
    free(text); /* jansson's own allocator */
    return cli_finish_output(MDC_EXIT_WHOLE);
}

int mdc_inspect_command(int argc, char **argv) {
    struct fr_failure failure = {0};
    struct mdc_gathered gathered;
    bool is_json = false;
    char **operands;
    int operand_count, error, code;
    const struct cli_option table[] = {{"json", '\0', CLI_FLAG, false, NULL, &is_json, "as JSON", 0, 0}, {0}};
    const struct cli_usage usage = {.command = "mdc inspect",
                                    .synopsis = "[--json] DESC...",
                                    .about = about,
                                    .tables = {table},
                                    .operands_min = 1,
                                    .operands_max = PATHS_MAX,
                                    .operands = "DESC"};
    enum cli_args_result parsed = cli_args_parse(&usage, argc, argv, &operands, &operand_count);

    if (parsed != CLI_ARGS_GO)
        return cli_args_exit(parsed);
    error = mdc_gather(&gathered, operands, (unsigned) operand_count, mdc_say_note, NULL, &failure);
    if (error != 0) {
        cli_say("mdc: %s", failure.text);
        code = mdc_exit_for(error);
    } else if (gathered.header == NULL) {
        cli_say("mdc: none of these files is a description in good order");
        code = MDC_EXIT_NOTHING;
    } else {
        code = print(&gathered, is_json);
    }
    mdc_gathered_done(&gathered);
    return code;
}
