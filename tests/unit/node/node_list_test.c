/* SPDX-License-Identifier: Apache-2.0 */
/* What --to takes: a file, standard input, or the list itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fastreplica/plan.h>

static char *folder;

static int make_folder(void **state) {
    (void) state;
    static char name[] = "/tmp/fr-node-list-XXXXXX";
    folder = mkdtemp(name);
    return folder && chdir(folder) == 0 ? 0 : -1;
}

static int remove_folder(void **state) {
    (void) state;
    unlink("nodes");
    unlink("edge");
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static void write_file(const char *name, const char *bytes, size_t count) {
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

static int load(const char *argument, struct fr_nodes **nodes, struct fr_failure *failure) {
    *nodes = NULL;
    *failure = (struct fr_failure){0};
    return fr_nodes_load(argument, nodes, failure);
}

static void a_file_is_read(void **state) {
    (void) state;
    struct fr_nodes *nodes;
    struct fr_failure failure;
    write_file("nodes", "a\nb zone=x\n", 11);
    char path[100];
    snprintf(path, sizeof path, "%s/nodes", folder);
    const char *const ways[] = {"nodes", "./nodes", path};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(load(ways[i], &nodes, &failure), 0);
        assert_int_equal(nodes->count, 2);
        fr_nodes_free(nodes);
    }
}

static void what_is_no_file_is_a_list(void **state) {
    (void) state;
    struct fr_nodes *nodes;
    struct fr_failure failure;
    assert_int_equal(load("edge,edge2", &nodes, &failure), 0);
    assert_int_equal(nodes->count, 2);
    fr_nodes_free(nodes);
    /* A file wins over a host of the same name. */
    write_file("edge", "x\ny\nz\n", 6);
    assert_int_equal(load("edge", &nodes, &failure), 0);
    assert_int_equal(nodes->count, 3);
    fr_nodes_free(nodes);
    /* A list longer than any path. */
    char *list = malloc(100000);
    size_t at = 0;
    for (int i = 0; i < 5000; i++)
        at += (size_t) sprintf(list + at, "%sedge%d", i ? "," : "", i);
    assert_int_equal(load(list, &nodes, &failure), 0);
    assert_int_equal(nodes->count, 5000);
    fr_nodes_free(nodes);
    free(list);
}

static void a_path_that_is_no_file_is_an_error(void **state) {
    (void) state;
    struct fr_nodes *nodes;
    struct fr_failure failure;
    assert_int_equal(load("./missing", &nodes, &failure), FR_E_IO);
    assert_int_equal(failure.sys_errno, ENOENT);
    assert_non_null(strstr(failure.text, "./missing"));
    assert_int_equal(load("/", &nodes, &failure), FR_E_IO);
    assert_int_equal(failure.sys_errno, EISDIR);
    assert_int_equal(load(".", &nodes, &failure), FR_E_IO);
}

static void bytes_that_are_no_text_are_refused(void **state) {
    (void) state;
    struct fr_nodes *nodes;
    struct fr_failure failure;
    write_file("nodes", "a\n\0b\n", 5);
    assert_int_equal(load("nodes", &nodes, &failure), FR_E_SYNTAX);
    assert_non_null(strstr(failure.text, "NUL"));
    write_file("nodes", "", 0);
    assert_int_equal(load("nodes", &nodes, &failure), FR_E_SYNTAX);
}

static void standard_input_is_read_to_its_end(void **state) {
    (void) state;
    int pipe_ends[2], saved = dup(STDIN_FILENO);
    assert_int_equal(pipe(pipe_ends), 0);
    dup2(pipe_ends[0], STDIN_FILENO);
    assert_int_equal(write(pipe_ends[1], "a\nb:x\n", 6), 6);
    close(pipe_ends[1]);
    struct fr_nodes *nodes;
    struct fr_failure failure;
    assert_int_equal(load("-", &nodes, &failure), FR_E_SYNTAX);
    assert_non_null(strstr(failure.text, "standard input:2:"));
    dup2(saved, STDIN_FILENO);
    close(pipe_ends[0]);
    close(saved);
}

static bool has_address(const struct fr_nodes *nodes, const char *address) {
    for (uint32_t i = 0; i < nodes->count; i++)
        if (strcmp(nodes->specs[i].address, address) == 0)
            return true;
    return false;
}

static void a_name_becomes_all_its_addresses(void **state) {
    (void) state;
    struct fr_nodes *nodes;
    struct fr_failure failure;
    assert_int_equal(load("dns:localhost:7421", &nodes, &failure), 0);
    assert_true(has_address(nodes, "127.0.0.1:7421") || has_address(nodes, "[::1]:7421"));
    uint32_t count = nodes->count;
    fr_nodes_free(nodes);
    /* What the line tells is told of each. */
    static const char text[] = "a\ndns:localhost zone=x up=8M tier=secondary\nb\n";
    write_file("nodes", text, sizeof text - 1);
    assert_int_equal(load("nodes", &nodes, &failure), 0);
    assert_int_equal(nodes->count, count + 2);
    assert_string_equal(nodes->specs[0].address, "a:7420");
    assert_string_equal(nodes->specs[count + 1].address, "b:7420");
    for (uint32_t i = 1; i <= count; i++) {
        assert_string_equal(nodes->specs[i].zone, "x");
        assert_int_equal(nodes->specs[i].up_rate, 1000000);
        assert_true(nodes->specs[i].is_secondary);
        assert_int_equal(nodes->specs[i].line, 2);
    }
    assert_string_equal(nodes->specs[0].zone, "");
    fr_nodes_free(nodes);
    assert_int_equal(load("dns:7420", &nodes, &failure), 0); /* a host of that name */
    assert_string_equal(nodes->specs[0].address, "dns:7420");
    fr_nodes_free(nodes);
}

static void a_name_that_cannot_be_used_is_named_with_its_line(void **state) {
    (void) state;
    struct fr_nodes *nodes;
    struct fr_failure failure;
    static const char text[] = "a\n\ndns:nowhere.invalid\n";
    write_file("nodes", text, sizeof text - 1);
    assert_int_equal(load("nodes", &nodes, &failure), FR_E_RESOLVE);
    assert_non_null(strstr(failure.text, "nodes:3: 'dns:nowhere.invalid:7420': "));
    assert_null(nodes);
    assert_int_equal(load("a,dns:nowhere.invalid:1", &nodes, &failure), FR_E_RESOLVE);
    assert_non_null(strstr(failure.text, "item 2 'dns:nowhere.invalid:1': "));
    /* localhost has one of these at least. */
    assert_int_equal(load("127.0.0.1,[::1],dns:localhost", &nodes, &failure), FR_E_SYNTAX);
    assert_non_null(strstr(failure.text, "was named before, by item "));
    assert_int_equal(load("dns:localhost,dns:localhost", &nodes, &failure), FR_E_SYNTAX);
    assert_int_equal(load("dns:localhost,dns:LOCALHOST", &nodes, &failure), FR_E_SYNTAX);
    assert_int_equal(load("dns:[::1]:7420", &nodes, &failure), FR_E_SYNTAX);
    assert_int_equal(load("dns:a:b", &nodes, &failure), FR_E_SYNTAX);
    assert_int_equal(load("dns::7420", &nodes, &failure), FR_E_SYNTAX);
    assert_int_equal(load("dns:", &nodes, &failure), FR_E_SYNTAX);
    assert_null(nodes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read),
        cmocka_unit_test(what_is_no_file_is_a_list),
        cmocka_unit_test(a_path_that_is_no_file_is_an_error),
        cmocka_unit_test(bytes_that_are_no_text_are_refused),
        cmocka_unit_test(standard_input_is_read_to_its_end),
        cmocka_unit_test(a_name_becomes_all_its_addresses),
        cmocka_unit_test(a_name_that_cannot_be_used_is_named_with_its_line),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
