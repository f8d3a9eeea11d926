/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over files instead of a fuzzer: every file named, and every file of every folder named, one level deep.
 * A build without libFuzzer links this, so that the corpus is a regression test with any compiler and under any sanitizer.
 * A run over no file at all fails: it would prove nothing. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static unsigned long replayed_count;

static _Noreturn void give_up(const char *path) {
    fprintf(stderr, "fuzz_replay: %s: %s\n", path, strerror(errno));
    exit(1);
}

static void replay_file(const char *path, size_t bytes) {
    FILE *file = fopen(path, "rb");
    if (!file)
        give_up(path);
    /* Exactly as large as the input, so that a sanitizer sees the first byte read past its end. */
    uint8_t *input = malloc(bytes ? bytes : 1);
    if (!input)
        give_up(path);
    if (fread(input, 1, bytes, file) != bytes)
        give_up(path);
    fclose(file);
    fprintf(stderr, "replay %s\n", path);
    LLVMFuzzerTestOneInput(input, bytes);
    free(input);
    replayed_count++;
}

static void replay_path(const char *path, int is_inside_folder) {
    struct stat stat_of;
    if (stat(path, &stat_of))
        give_up(path);
    if (S_ISREG(stat_of.st_mode)) {
        replay_file(path, (size_t) stat_of.st_size);
        return;
    }
    if (is_inside_folder || !S_ISDIR(stat_of.st_mode))
        return;
    struct dirent **entries;
    int entry_count = scandir(path, &entries, NULL, alphasort);
    if (entry_count < 0)
        give_up(path);
    for (int i = 0; i < entry_count; i++) {
        char child[4096];
        int length = snprintf(child, sizeof child, "%s/%s", path, entries[i]->d_name);
        if (length > 0 && (size_t) length < sizeof child)
            replay_path(child, 1);
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv) {
    if (LLVMFuzzerInitialize && LLVMFuzzerInitialize(&argc, &argv))
        return 1;
    for (int i = 1; i < argc; i++)
        replay_path(argv[i], 0);
    printf("%lu inputs replayed\n", replayed_count);
    if (replayed_count == 0) {
        fprintf(stderr, "fuzz_replay: nothing to replay; name files or folders of inputs\n");
        return 1;
    }
    return 0;
}
