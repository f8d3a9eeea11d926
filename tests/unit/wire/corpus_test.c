/* SPDX-License-Identifier: Apache-2.0 */
/* A second opinion: the corpus of the fuzz targets was written by tests/fuzz/make-corpus, from docs/protocol.md and without a line
 * of src/. What it calls good must be decoded, and encode to the same bytes; what it calls bad must be refused. */
#include <dirent.h>
#include <stdio.h>

#include "support/test.h"
#include "support/wire_again.h"

struct tally {
    uint32_t good_count, bad_count;
};

static size_t read_file(const char *path, uint8_t *out, size_t capacity) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t count = fread(out, 1, capacity, file);
    assert_true(count < capacity);
    fclose(file);
    return count;
}

/* kind: of every file in the folder; negative: each file's first byte tells its own. */
static void check_file(const char *folder, const char *name, int kind, struct tally *tally) {
    static uint8_t bytes[FR_FRAME_BODY_MAX + 2];
    char path[600];
    bool is_good = strncmp(name, "good-", 5) == 0;
    if (!is_good && strncmp(name, "bad-", 4) != 0)
        return; /* found by a fuzzer: it has no opinion */
    snprintf(path, sizeof path, "%s/%s", folder, name);
    size_t count = read_file(path, bytes, sizeof bytes), skip = kind < 0;
    assert_true(count >= skip);
    int result = wire_again_check(kind < 0 ? bytes[0] : kind, bytes + skip, count - skip);
    if ((result == 0) != is_good)
        fail_msg("%s: the decoder says %d", path, result);
    *(is_good ? &tally->good_count : &tally->bad_count) += 1;
}

static void check_folder(const char *target, int kind, uint32_t good_min, uint32_t bad_min) {
    char folder[300];
    struct tally tally = {0};
    snprintf(folder, sizeof folder, FR_TESTS_DIR "/fuzz/corpus/%s", target);
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries))
        check_file(folder, entry->d_name, kind, &tally);
    closedir(entries);
    assert_in_range(tally.good_count, good_min, UINT32_MAX); /* an empty folder proves nothing */
    assert_in_range(tally.bad_count, bad_min, UINT32_MAX);
}

static void messages(void **state) {
    (void) state;
    check_folder("message", -1, 54, 57);
}

static void openings(void **state) {
    (void) state;
    check_folder("opening", WIRE_OPENING, 6, 16);
}

static void rosters(void **state) {
    (void) state;
    check_folder("roster", WIRE_ROSTER, 13, 28);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages),
        cmocka_unit_test(openings),
        cmocka_unit_test(rosters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
