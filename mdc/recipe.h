/* SPDX-License-Identifier: Apache-2.0 */
/* From a photo's progressive form back to the source's very bytes. A recipe holds what the picture does not tell: the source's head with
 * its tables and extras, and its end from where an encoder with those tables makes other bytes (blocks beyond the edge, what follows the
 * picture).
 *
 *      kind (1: this) | bytes of head, 4 | bytes of the scan that can be made, 8 | head | rest */
#ifndef MDC_RECIPE_H
#define MDC_RECIPE_H

#include <stddef.h>
#include <stdint.h>

#include <fastreplica/error.h>

struct mdc_recipe {
    uint8_t *bytes; /* freed by fr_free */
    size_t count;
};

/* FR_E_SYNTAX: the source cannot be made of the picture. */
int mdc_recipe_write(const uint8_t *source, size_t source_count, const uint8_t *picture, size_t picture_count,
                     struct mdc_recipe *ret_recipe, struct fr_failure *failure);

/* Follows a recipe: the source's bytes, source_count of them, freed by fr_free. FR_E_SYNTAX: it leads nowhere. */
int mdc_recipe_follow(const uint8_t *recipe, size_t recipe_count, const uint8_t *picture, size_t picture_count, size_t source_count,
                      uint8_t **ret_source, struct fr_failure *failure);

#endif
