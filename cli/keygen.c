/* SPDX-License-Identifier: Apache-2.0 */
/* fastreplica keygen: the keys of a cluster. */
#include <stdio.h>

#include <fastreplica/fastreplica.h>

#include "args.h"
#include "commands.h"
#include "exits.h"
#include "say.h"

static const char about[] = "Make cluster.secret, origin.key and origin.pub in DIR, which is created if missing. Nothing is overwritten.";

static const char notes[] =
    "Each node needs cluster.secret and origin.pub; origin.key stays at the machine that pushes: who holds it can push.";

static int run(int argc, char **argv) {
    static const struct cli_option none[] = {{0}};
    const struct cli_usage usage = {.command = "keygen",
                                    .synopsis = "DIR",
                                    .about = about,
                                    .notes = notes,
                                    .tables = {none},
                                    .operands_min = 1,
                                    .operands_max = 1,
                                    .operands = "DIR"};
    char **operands;
    int operand_count;
    enum cli_args_result parsed = cli_args_parse(&usage, argc, argv, &operands, &operand_count);
    if (parsed != CLI_ARGS_GO)
        return cli_args_exit(parsed);
    struct fr_failure failure = {0};
    int error = fr_keys_generate(operands[0], &failure);
    if (error) {
        cli_say("%s", failure.text);
        return cli_exit_for_input(error);
    }
    printf("%s/cluster.secret  every node and the origin: without it nobody can connect\n"
           "%s/origin.pub      every node: which origin it obeys\n"
           "%s/origin.key      the origin alone: whoever holds it can push\n",
           operands[0], operands[0], operands[0]);
    return cli_finish_output(CLI_EXIT_ALL);
}

const struct cli_command cli_keygen_command = {.name = "keygen", .summary = "make the keys of a cluster", .run = run};
