/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of descriptions: see descriptions.h. */
#include "descriptions.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"

/* What a name says. */
struct label {
    uint32_t index, count; /* from 1 */
    size_t stem_bytes;     /* NAME */
    const char *extension;
};

static const char *take_number(const char *text, uint32_t *ret_number) {
    uint32_t number = 0;
    const char *at = text;
    while (*at >= '0' && *at <= '9' && at - text < 3)
        number = number * 10 + (uint32_t) (*at++ - '0');
    *ret_number = number;
    return at == text || text[0] == '0' ? NULL : at;
}

/* The last ".IofN." of the name. */
static bool read_label(const char *name, struct label *ret_label) {
    for (size_t i = strlen(name); i-- > 1;) {
        struct label label = {.stem_bytes = i};
        if (name[i] != '.')
            continue;
        const char *at = take_number(name + i + 1, &label.index);
        if (!at || strncmp(at, "of", 2) != 0)
            continue;
        at = take_number(at + 2, &label.count);
        if (!at || *at != '.' || at[1] == '\0')
            continue;
        label.extension = at + 1;
        *ret_label = label;
        return label.count >= 2 && label.count <= CLI_DESCRIPTIONS_MAX && label.index <= label.count;
    }
    return false;
}

/* Does it belong to the set of the one that was found before? */
static bool is_akin(const char *first, const char *name) {
    struct label a, b;
    return read_label(first, &a) && read_label(name, &b) && a.count == b.count && a.stem_bytes == b.stem_bytes &&
        strncmp(first, name, a.stem_bytes) == 0 && strcmp(a.extension, b.extension) == 0;
}

static const char *name_of(const char *path) { return strrchr(path, '/') + 1; }

static const char *first_of(const struct cli_descriptions *descriptions) {
    for (uint32_t i = 0; i < CLI_DESCRIPTIONS_MAX; i++) {
        if (descriptions->paths[i])
            return name_of(descriptions->paths[i]);
    }
    return NULL;
}

/* One name of the folder. */
static int take(const char *folder, const char *name, struct cli_descriptions *descriptions) {
    const char *first = first_of(descriptions);
    struct label label;
    if (name[0] == '.')
        return 0;
    if (!read_label(name, &label)) {
        cli_say("%s: %s is no description (NAME.1of4.EXT and the like): a folder of descriptions must hold nothing else", folder, name);
        return -1;
    }
    if (first && !is_akin(first, name)) {
        cli_say("%s: %s and %s belong to different sets: push one folder for each", folder, first, name);
        return -1;
    }
    descriptions->count = label.count;
    char *path;
    if (asprintf(&path, "%s/%s", folder, name) < 0) {
        cli_say("%s: no memory for %s", folder, name);
        return -1;
    }
    free(descriptions->paths[label.index - 1]); /* no two names of one folder have one index and are akin */
    descriptions->paths[label.index - 1] = path;
    return 0;
}

static int check_all_there(const char *folder, const struct cli_descriptions *descriptions) {
    if (descriptions->count == 0) {
        cli_say("%s: there are no descriptions in this folder: `fastreplica mdc encode -o %s FILE` makes them", folder, folder);
        return -1;
    }
    for (uint32_t i = 0; i < descriptions->count; i++) {
        if (descriptions->paths[i])
            continue;
        cli_say("%s: description %u of %u is missing", folder, i + 1, descriptions->count);
        return -1;
    }
    return 0;
}

int cli_descriptions_find(const char *folder, struct cli_descriptions *ret_descriptions) {
    *ret_descriptions = (struct cli_descriptions){0};
    DIR *list = opendir(folder);
    if (!list) {
        cli_say("cannot look into %s: %s: --mdc takes the folder that `fastreplica mdc encode` wrote", folder, strerror(errno));
        return -1;
    }
    int result = 0;
    struct dirent *entry;
    errno = 0;
    while (result == 0 && (entry = readdir(list)))
        result = take(folder, entry->d_name, ret_descriptions);
    if (result == 0 && errno != 0) {
        cli_say("cannot look into %s: %s", folder, strerror(errno));
        result = -1;
    }
    closedir(list);
    if (result == 0)
        result = check_all_there(folder, ret_descriptions);
    if (result != 0)
        cli_descriptions_done(ret_descriptions);
    return result;
}

void cli_descriptions_done(struct cli_descriptions *descriptions) {
    for (uint32_t i = 0; i < CLI_DESCRIPTIONS_MAX; i++)
        free(descriptions->paths[i]);
    *descriptions = (struct cli_descriptions){0};
}
