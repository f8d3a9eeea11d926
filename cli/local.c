/* SPDX-License-Identifier: Apache-2.0 */
/* fastreplica local: a whole distribution on this machine, for a first look. Keys, nodes, one push, the verdicts, and nothing left
 * behind. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "children.h"
#include "commands.h"
#include "files.h"
#include "pushing.h"
#include "say.h"
#include "signals.h"

enum { NODES_MAX = 64, NODES_DEFAULT = 8 };

static const char about[] =
    "Start N nodes on this machine, push FILE to them, show the verdicts, stop them and remove the copies: a first look.\n"
    "It needs room for N copies of FILE. FILE may be a pipe, and - is standard input.";

static const char notes[] = "Exit codes are those of push.";

struct settings {
    struct cli_pushing pushing;
    uint32_t node_count;
    const char *directory;
    bool is_kept;
};

/* The folder */

static bool is_empty(const char *path) {
    DIR *folder = opendir(path);
    bool is_empty = folder != NULL;
    for (struct dirent *entry = folder ? readdir(folder) : NULL; entry; entry = readdir(folder))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            is_empty = false;
    if (folder)
        closedir(folder);
    return is_empty;
}

/* --dir: a new or an empty folder, because in the end it is removed with all that is in it. */
static int take_folder(const char *directory, char *out) {
    if (mkdir(directory, 0777) != 0 && errno != EEXIST) {
        cli_say("cannot create %s: %s", directory, strerror(errno));
        return -1;
    }
    if (!realpath(directory, out)) {
        cli_say("cannot use %s: %s", directory, strerror(errno));
        return -1;
    }
    if (!is_empty(out)) {
        cli_say("%s is not an empty folder, and local removes its folder in the end; name another", directory);
        return -1;
    }
    return 0;
}

/* out [PATH_MAX]: absolute. Returns 0, or -1 after a complaint. */
static int make_folder(const char *directory, char *out) {
    if (directory)
        return take_folder(directory, out);
    const char *parent = getenv("TMPDIR");
    char name[PATH_MAX];
    if (!parent || parent[0] == '\0')
        parent = "/tmp";
    if ((size_t) snprintf(name, sizeof name, "%s/fastreplica-XXXXXX", parent) >= sizeof name || !mkdtemp(name) || !realpath(name, out)) {
        cli_say("cannot create a folder in %s: %s", parent, strerror(errno));
        return -1;
    }
    return 0;
}

/* The distribution */

static enum cli_exit push_to(const struct settings *settings, const char *path, const char *list, const char *key_folder) {
    struct fr_failure failure = {0};
    struct fr_nodes *nodes = NULL;
    struct fr_keys *keys = NULL;
    enum cli_exit code = CLI_EXIT_LOCAL;
    if (fr_keys_load(key_folder, FR_KEYS_ORIGIN, &keys, &failure) != 0 || fr_nodes_parse_inline(list, &nodes, &failure) != 0)
        cli_say("%s", failure.text);
    else
        code = cli_pushing_run(&settings->pushing, path, nodes, keys);
    fr_nodes_free(nodes);
    fr_keys_free(keys);
    return code;
}

static enum cli_exit distribute(const struct settings *settings, const char *path, const char *folder) {
    struct fr_failure failure = {0};
    struct cli_children children = {0};
    char key_folder[PATH_MAX];
    if ((size_t) snprintf(key_folder, sizeof key_folder, "%s/keys", folder) >= sizeof key_folder) {
        cli_say("%s: the name of this folder is too long", folder);
        return CLI_EXIT_USAGE;
    }
    if (fr_keys_generate(key_folder, &failure) != 0) {
        cli_say("%s", failure.text);
        return CLI_EXIT_LOCAL;
    }
    enum cli_exit code = CLI_EXIT_LOCAL;
    if (cli_children_start(&children, folder, settings->node_count) == 0 && cli_children_wait(&children) == 0) {
        char *list = cli_children_list(&children);
        if (list)
            code = push_to(settings, path, list, key_folder);
        else
            cli_say("no memory");
        free(list);
    }
    /* A node that did not live through it is a defect here, even where the push got over it. */
    if (cli_children_stop(&children) != 0 && code == CLI_EXIT_ALL)
        code = CLI_EXIT_LOCAL;
    return code;
}

static enum cli_exit clean_up(const struct settings *settings, const char *folder, enum cli_exit code) {
    if (settings->is_kept) {
        cli_say("kept: %s/node01/store to %s/node%02u/store, logs beside them", folder, folder, settings->node_count);
        return code;
    }
    if (cli_folder_remove(folder) == 0)
        return code;
    cli_say("cannot remove %s: %s", folder, strerror(errno));
    return code == CLI_EXIT_ALL ? CLI_EXIT_LOCAL : code;
}

/* What push would find out only after the nodes were started. */
static int check_source(const char *path) {
    if (strcmp(path, "-") == 0 || access(path, R_OK) == 0)
        return 0;
    cli_say("cannot open %s: %s", path, strerror(errno));
    return -1;
}

static int run(int argc, char **argv) {
    struct settings settings = {.node_count = NODES_DEFAULT};
    const struct cli_option own[] = {
        {"nodes", 0, CLI_NUMBER, false, "N", &settings.node_count, "how many nodes, 1 to 64 (8)", 1, NODES_MAX},
        {"dir", 0, CLI_TEXT, false, "DIR", &settings.directory,
         "a new or empty folder for keys, stores and logs; one below\n$TMPDIR if left out", 0, 0},
        {"keep", 0, CLI_FLAG, false, NULL, &settings.is_kept, "leave that folder, with the copies, and say where it is", 0, 0},
        {0},
    };
    struct cli_option common[CLI_PUSHING_OPTIONS], shaping[CLI_PLANNING_OPTIONS];
    cli_pushing_describe(&settings.pushing, common);
    cli_planning_describe(&settings.pushing.planning, shaping);
    const struct cli_usage usage = {.command = "local",
                                    .synopsis = "[--nodes N] FILE [options]",
                                    .about = about,
                                    .notes = notes,
                                    .tables = {own, common, shaping},
                                    .operands_min = 1,
                                    .operands_max = 1,
                                    .operands = "FILE"};
    char **operands, folder[PATH_MAX];
    int operand_count;
    enum cli_args_result parsed = cli_args_parse(&usage, argc, argv, &operands, &operand_count);
    if (parsed != CLI_ARGS_GO)
        return cli_args_exit(parsed);
    if (strcmp(operands[0], "-") == 0 && !settings.pushing.name)
        return cli_args_complain("local", "standard input has no name: --name NAME is missing");
    int wrong = cli_pushing_check(&settings.pushing, "local");
    if (wrong != 0)
        return wrong;
    if (cli_signals_watch() != 0)
        return CLI_EXIT_LOCAL;
    if (check_source(operands[0]) != 0 || make_folder(settings.directory, folder) != 0)
        return CLI_EXIT_USAGE;
    return clean_up(&settings, folder, distribute(&settings, operands[0], folder));
}

const struct cli_command cli_local_command = {
    .name = "local", .summary = "nodes, a push and the verdicts on this machine: a first look", .run = run};
