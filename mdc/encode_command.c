/* SPDX-License-Identifier: Apache-2.0 */
/* fastreplica mdc encode. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/say.h"
#include "mdc/commands.h"
#include "mdc/encode.h"
#include "mdc/progress.h"

static const char about[] = "Encode FILE as descriptions, in DIR: NAME.1ofN.mdc and so on. They appear together, when all are whole.";

static const char notes[] =
    "Without --redundancy: 25 % for up to 5 descriptions, 50 % for more. DIR is created if missing; nothing is overwritten.";

/* "25%", "25", "12.5%". */
static bool parse_percent(const char *text, uint32_t *ret_hundredths) {
    char *end;
    double percent = strtod(text, &end);

    if (end == text || !isfinite(percent) || percent < 0 || percent * 100 > MDC_REDUNDANCY_MAX || (*end == '%' ? end[1] : *end) != '\0')
        return false;
    *ret_hundredths = (uint32_t) lround(percent * 100);
    return true;
}

static bool parse_profile(const char *text, unsigned *ret_profile) {
    static const enum mdc_profile profiles[] = {MDC_DATA, MDC_PHOTO, MDC_VIDEO};

    *ret_profile = 0;
    for (unsigned i = 0; i < sizeof profiles / sizeof *profiles; i++)
        if (strcmp(text, mdc_profile_name(profiles[i])) == 0)
            *ret_profile = profiles[i];
    return *ret_profile != 0 || strcmp(text, "auto") == 0;
}

static bool parse_hq(const char *text, enum mdc_hq *ret_hq) {
    static const char *const names[] = {[MDC_HQ_AUTO] = "auto", [MDC_HQ_COPY] = "copy", [MDC_HQ_ENCODE] = "encode"};

    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i]) == 0) {
            *ret_hq = (enum mdc_hq) i;
            return true;
        }
    return false;
}

static int print_result(const struct mdc_encode_options *options, const struct mdc_header *header, const uint64_t *bytes) {
    uint64_t sum = 0;
    double more = 0;

    for (unsigned i = 0; i < header->count; i++)
        sum += bytes[i];
    if (header->source_bytes > 0)
        more = 100.0 * ((double) sum / (double) header->source_bytes - 1);
    printf("%s: %u descriptions in %s, profile %s, %llu bytes in all, %+.1f %%\n", header->name, header->count, options->folder,
           mdc_profile_name(header->profile), (unsigned long long) sum, more);
    if (header->profile == MDC_VIDEO && !header->is_exact)
        printf("what they restore is the film as it was encoded again, of %llu bytes\n", (unsigned long long) header->source_bytes);
    if (header->profile == MDC_DATA || (header->profile == MDC_VIDEO && header->film.parity > 0))
        printf("any %u of %u restore the %s\n", mdc_header_needed(header), header->count, header->is_exact ? "file" : "film");
    return cli_finish_output(MDC_EXIT_WHOLE);
}

static int encode(const struct mdc_encode_options *options, bool is_quiet) {
    struct fr_failure failure = {0};
    struct mdc_header header;
    struct mdc_progress progress;
    uint64_t bytes[MDC_COUNT_MAX];
    char remark[FR_FAILURE_TEXT_MAX];
    int error;

    mdc_progress_init(&progress, "encoding", is_quiet);
    error = mdc_encode(options, &progress.watch, &header, bytes, remark, &failure);
    mdc_progress_done(&progress);
    if (error != 0) {
        cli_say("mdc: %s", failure.text);
        return mdc_exit_for(error);
    }
    if (remark[0] != '\0')
        cli_say("mdc: %s", remark);
    return is_quiet ? MDC_EXIT_WHOLE : print_result(options, &header, bytes);
}

int mdc_encode_command(int argc, char **argv) {
    struct mdc_encode_options options = {.count = 4, .redundancy = MDC_UNSET, .parity = MDC_UNSET};
    const char *redundancy = NULL, *profile = "auto", *hq = "auto";
    bool is_quiet = false;
    char **operands;
    int operand_count;
    const struct cli_option table[] = {
        {"number", 'n', CLI_NUMBER, false, "N", &options.count, "how many descriptions, 2 to 32 (default 4)", MDC_COUNT_MIN, MDC_COUNT_MAX},
        {"redundancy", 'r', CLI_TEXT, false, "P", &redundancy, "how many more bytes than FILE all of them may be, such as 25%", 0, 0},
        {"parity", '\0', CLI_NUMBER, false, "P", &options.parity, "so many may be missing, and the others still restore FILE byte for byte",
         0, MDC_COUNT_MAX - 1},
        {"profile", '\0', CLI_TEXT, false, "NAME", &profile,
         "what FILE is taken for: auto, video, photo, data (default auto: by its content)", 0, 0},
        {"hq", '\0', CLI_TEXT, false, "HOW", &hq,
         "where a video's full quality comes from: copy (FILE's own packets; all descriptions\n"
         "are FILE), encode (encoded again, whatever it is; all descriptions are that film),\n"
         "auto (default: copy where it can, else encode)",
         0, 0},
        {"output", 'o', CLI_TEXT, true, "DIR", &options.folder, "the folder for the descriptions", 0, 0},
        {"quiet", 'q', CLI_FLAG, false, NULL, &is_quiet, "only say what goes wrong", 0, 0},
        {0}};
    const struct cli_usage usage = {.command = "mdc encode",
                                    .synopsis = "-n N -o DIR FILE [options]",
                                    .about = about,
                                    .notes = notes,
                                    .tables = {table},
                                    .operands_min = 1,
                                    .operands_max = 1,
                                    .operands = "FILE"};
    enum cli_args_result parsed = cli_args_parse(&usage, argc, argv, &operands, &operand_count);

    if (parsed != CLI_ARGS_GO)
        return cli_args_exit(parsed);
    options.path = operands[0];
    if (redundancy != NULL && !parse_percent(redundancy, &options.redundancy))
        return cli_args_complain(usage.command, "--redundancy '%s' is not a percentage from 0 to %u", redundancy, MDC_REDUNDANCY_MAX / 100);
    if (!parse_profile(profile, &options.profile))
        return cli_args_complain(usage.command, "there is no profile '%s'", profile);
    if (!parse_hq(hq, &options.hq))
        return cli_args_complain(usage.command, "--hq '%s' is none of auto, copy, encode", hq);
    if (options.hq != MDC_HQ_AUTO && options.profile != 0 && options.profile != MDC_VIDEO)
        return cli_args_complain(usage.command, "--hq %s is for videos, and --profile says %s", hq, profile);
    if (options.parity != MDC_UNSET && options.parity >= options.count)
        return cli_args_complain(usage.command, "of %u descriptions at most %u can be to spare", options.count, options.count - 1);
    return encode(&options, is_quiet);
}
