/* SPDX-License-Identifier: Apache-2.0 */
/* Node lists against a slow, obvious model: what was written down at random is what is read, and random damage never does worse than an
 * error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <fastreplica/plan.h>

#include "base/prng.h"

enum { ROUNDS = 3000, NODES_MAX = 400, TEXT_BYTES = 64 << 10 };

/* What was written, by the writer's own account. */
struct model {
    char text[TEXT_BYTES];
    size_t bytes;
    uint32_t count;
    struct fr_node_spec specs[NODES_MAX];
    char addresses[NODES_MAX][80];
    char zones[NODES_MAX][16];
};

static struct model model;

__attribute__((format(printf, 1, 2))) static void write_text(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    model.bytes += (size_t) vsnprintf(model.text + model.bytes, sizeof model.text - model.bytes, format, arguments);
    va_end(arguments);
    assert_true(model.bytes < sizeof model.text);
}

static uint32_t below(struct fr_prng *prng, uint32_t bound) { return (uint32_t) fr_prng_below(prng, bound); }

static void write_blanks(struct fr_prng *prng, uint32_t at_least) {
    for (uint32_t i = at_least + below(prng, 3); i > 0; i--)
        write_text("%c", " \t"[below(prng, 2)]);
}

static void begin_model(void) {
    model.bytes = 0;
    model.text[0] = '\0';
    model.count = 0;
}

/* A node whose host is made distinct by `number`. */
static struct fr_node_spec *note_node(struct fr_prng *prng, uint32_t number, char *written) {
    static const char *const forms[] = {"host%u", "a-%u.example.net", "10.1.%u.7", "[2001:db8::%x]"};
    uint32_t form = below(prng, 4);
    char host[40];
    /* Every conversion is of one unsigned number below 256. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(host, sizeof host, forms[form], number);
#pragma GCC diagnostic pop
    struct fr_node_spec *spec = &model.specs[model.count];
    *spec = (struct fr_node_spec){.address = model.addresses[model.count], .zone = model.zones[model.count]};
    spec->zone[0] = '\0';
    uint32_t port = below(prng, 2) ? 1 + below(prng, 65535) : 0;
    snprintf(spec->address, sizeof *model.addresses, "%s:%u", host, port ? port : FR_DEFAULT_PORT);
    snprintf(written, 80, port ? "%s:%u" : "%s", host, port);
    model.count++;
    return spec;
}

static void write_attributes(struct fr_prng *prng, struct fr_node_spec *spec) {
    if (below(prng, 2)) {
        snprintf(spec->zone, sizeof *model.zones, "z%u", below(prng, 9));
        write_blanks(prng, 1);
        write_text("zone=%s", spec->zone);
    }
    if (below(prng, 2)) {
        spec->up_rate = 1000000 * (1 + (uint64_t) below(prng, 500));
        write_blanks(prng, 1);
        write_text("up=%lluMB/s", (unsigned long long) spec->up_rate / 1000000);
    }
    if (below(prng, 2)) {
        spec->down_rate = 1000000 * (1 + (uint64_t) below(prng, 500));
        write_blanks(prng, 1);
        write_text("down=%lluM", (unsigned long long) spec->down_rate * 8 / 1000000);
    }
    if (below(prng, 2)) {
        spec->is_secondary = below(prng, 2);
        write_blanks(prng, 1);
        write_text("tier=%s", spec->is_secondary ? "secondary" : "primary");
    }
}

static void write_file(struct fr_prng *prng) {
    begin_model();
    uint32_t line = 1, node_count = 1 + below(prng, 40);
    for (uint32_t i = 0; i < node_count; i++) {
        while (below(prng, 3) == 0) {
            write_blanks(prng, 0);
            write_text("%s\n", below(prng, 2) ? "# a note, with host:99" : "");
            line++;
        }
        char written[80];
        struct fr_node_spec *spec = note_node(prng, i, written);
        spec->line = line++;
        write_blanks(prng, 0);
        write_text("%s", written);
        write_attributes(prng, spec);
        write_text("%s%s", below(prng, 4) ? "" : " # note", below(prng, 4) ? "\n" : "\r\n");
    }
}

/* base[first-last]suffix, spelled out by snprintf. */
static void write_range(struct fr_prng *prng, uint32_t item) {
    uint32_t first = below(prng, 120), last = first + below(prng, 10);
    int width = below(prng, 2) ? 3 : 0;
    uint32_t port = below(prng, 2) ? 1 + below(prng, 65535) : 0;
    write_text("r%u-[%0*u-%0*u].net", item, width, first, width, last);
    if (port)
        write_text(":%u", port);
    for (uint32_t number = first; number <= last; number++) {
        struct fr_node_spec *spec = &model.specs[model.count];
        *spec = (struct fr_node_spec){.address = model.addresses[model.count], .zone = model.zones[model.count], .line = item};
        spec->zone[0] = '\0';
        snprintf(spec->address, sizeof *model.addresses, "r%u-%0*u.net:%u", item, width, number, port ? port : FR_DEFAULT_PORT);
        model.count++;
    }
}

static void write_inline(struct fr_prng *prng) {
    begin_model();
    uint32_t item_count = 1 + below(prng, 30);
    for (uint32_t item = 1; item <= item_count; item++) {
        write_text(item > 1 ? "," : "");
        write_blanks(prng, 0);
        if (below(prng, 2)) {
            write_range(prng, item);
        } else {
            char written[80];
            note_node(prng, item, written)->line = item;
            write_text("%s", written);
        }
        write_blanks(prng, 0);
    }
}

static void assert_is_model(const struct fr_nodes *nodes) {
    assert_int_equal(nodes->count, model.count);
    for (uint32_t i = 0; i < model.count; i++) {
        const struct fr_node_spec *read = &nodes->specs[i], *written = &model.specs[i];
        assert_string_equal(read->address, written->address);
        assert_string_equal(read->zone, written->zone);
        assert_int_equal(read->up_rate, written->up_rate);
        assert_int_equal(read->down_rate, written->down_rate);
        assert_int_equal(read->is_secondary, written->is_secondary);
        assert_int_equal(read->line, written->line);
    }
}

static void what_is_written_is_read(void **state) {
    (void) state;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        struct fr_prng prng;
        struct fr_nodes *nodes = NULL;
        struct fr_failure failure = {0};
        fr_prng_init(&prng, seed);
        write_file(&prng);
        if (fr_nodes_parse_file(model.text, "f", &nodes, &failure) != 0)
            fail_msg("seed %llu: %s", (unsigned long long) seed, failure.text);
        assert_is_model(nodes);
        fr_nodes_free(nodes);
        write_inline(&prng);
        if (fr_nodes_parse_inline(model.text, &nodes, &failure) != 0)
            fail_msg("seed %llu: %s\n%s", (unsigned long long) seed, failure.text, model.text);
        assert_is_model(nodes);
        fr_nodes_free(nodes);
    }
}

/* What must hold of anything that was taken: complete addresses, all different, each parsed again to itself. */
static void assert_is_sound(const struct fr_nodes *nodes) {
    assert_in_range(nodes->count, 1, FR_NODES_MAX);
    for (uint32_t i = 0; i < nodes->count; i++) {
        struct fr_nodes *again = NULL;
        assert_int_equal(fr_nodes_parse_inline(nodes->specs[i].address, &again, NULL), 0);
        assert_int_equal(again->count, 1);
        assert_string_equal(again->specs[0].address, nodes->specs[i].address);
        fr_nodes_free(again);
        for (uint32_t j = 0; j < i; j++)
            assert_int_not_equal(strcasecmp(nodes->specs[i].address, nodes->specs[j].address), 0);
    }
}

static void damage(struct fr_prng *prng) {
    static const char likely[] = "[]-,:.#= \n\t%0199azup";
    for (uint32_t i = 1 + below(prng, 4); i > 0 && model.bytes > 0; i--) {
        size_t at = below(prng, (uint32_t) model.bytes);
        if (below(prng, 3) == 0)
            memmove(model.text + at, model.text + at + 1, model.bytes-- - at);
        else
            model.text[at] = likely[below(prng, sizeof likely - 1)];
    }
}

static void damaged_text_is_an_error_or_sound(void **state) {
    (void) state;
    uint32_t taken = 0, refused = 0;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        struct fr_prng prng;
        fr_prng_init(&prng, seed);
        bool is_file = below(&prng, 2);
        if (is_file)
            write_file(&prng);
        else
            write_inline(&prng);
        damage(&prng);
        struct fr_nodes *nodes = NULL;
        struct fr_failure failure = {0};
        int error = is_file ? fr_nodes_parse_file(model.text, "f", &nodes, &failure) : fr_nodes_parse_inline(model.text, &nodes, &failure);
        if (error) {
            refused++;
            assert_true(error == FR_E_SYNTAX || error == FR_E_LIMIT);
            assert_int_equal(failure.error, error);
            assert_null(nodes);
        } else if (nodes->count <= NODES_MAX) {
            taken++;
            assert_is_sound(nodes);
        }
        fr_nodes_free(nodes);
    }
    assert_true(taken > ROUNDS / 20 && refused > ROUNDS / 20); /* else the damage says nothing */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(damaged_text_is_an_error_or_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
