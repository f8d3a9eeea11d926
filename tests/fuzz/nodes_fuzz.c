/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a node file and as an inline list: an error with a reason, or a list that says the same when it is written down again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <fastreplica/plan.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void require(bool fact) {
    if (!fact)
        abort();
}

/* nodes: what the parser made, still NULL after an error. */
static void check_list(int error, const struct fr_nodes *nodes, const struct fr_failure *failure) {
    if (error) {
        require(error == failure->error && failure->text[0] != '\0' && nodes == NULL);
        return;
    }
    require(nodes->count >= 1 && nodes->count <= FR_NODES_MAX);
    /* The first and the last speak for all: the fuzzer finds ranges of 100,000 soon. */
    const char *const addresses[] = {nodes->specs[0].address, nodes->specs[nodes->count - 1].address};
    for (size_t i = 0; i < 2; i++) {
        struct fr_nodes *again = NULL;
        require(fr_nodes_parse_inline(addresses[i], &again, NULL) == 0);
        require(again->count == 1 && strcmp(again->specs[0].address, addresses[i]) == 0);
        fr_nodes_free(again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    char *text = malloc(count + 1);
    require(text != NULL);
    memcpy(text, bytes, count);
    text[count] = '\0';
    struct fr_nodes *nodes = NULL;
    struct fr_failure failure = {0};
    int error = fr_nodes_parse_file(text, "f", &nodes, &failure);
    check_list(error, nodes, &failure);
    fr_nodes_free(nodes);
    nodes = NULL;
    failure = (struct fr_failure){0};
    error = fr_nodes_parse_inline(text, &nodes, &failure);
    check_list(error, nodes, &failure);
    fr_nodes_free(nodes);
    free(text);
    return 0;
}
