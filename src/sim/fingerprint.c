/* SPDX-License-Identifier: Apache-2.0 */
/* A running hash: splitmix64's finaliser over the old value and the new number. Order matters, which is the point. */
#include "sim/fingerprint.h"

#include <string.h>

static uint64_t mix(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

void fr_sim_fingerprint_init(struct fr_sim_fingerprint *fingerprint, uint64_t seed) {
    fingerprint->value = mix(seed);
    fingerprint->count = 0;
}

void fr_sim_fingerprint_add(struct fr_sim_fingerprint *fingerprint, uint64_t number) {
    fingerprint->value = mix(fingerprint->value ^ mix(number));
    fingerprint->count++;
}

void fr_sim_fingerprint_add_bytes(struct fr_sim_fingerprint *fingerprint, const void *bytes, size_t count) {
    const uint8_t *at = bytes;

    for (; count >= 8; at += 8, count -= 8) {
        uint64_t word;

        memcpy(&word, at, 8);
        fr_sim_fingerprint_add(fingerprint, word);
    }
    for (; count > 0; at++, count--)
        fr_sim_fingerprint_add(fingerprint, *at);
}
