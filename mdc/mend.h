/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptions of a video that are missing or damaged, made again from the parity in the others: as much of them as only they hold. */
#ifndef MDC_MEND_H
#define MDC_MEND_H

#include "mdc/fragments.h"
#include "mdc/gather.h"
#include "mdc/striped.h"

/* Are the description's blocks of parity as they were written? */
bool mdc_spare_check(const struct mdc_description *description, const struct mdc_fragments *fragments);

/* Fills ret_mended[i] for each description i of the set of which the own part is not whole: a description whose only contents are that
 * part, in a file without a name in `folder`, freed by mdc_description_free. lists[i]: what descriptions[i] holds. *ret_is_done false: too
 * little is there; then there are none. */
int mdc_mend(struct mdc_description *const *descriptions, const struct mdc_fragments *lists, const struct mdc_header *header,
             const char *folder, const struct mdc_watch *watch, struct mdc_description **ret_mended, bool *ret_is_done,
             struct fr_failure *failure);

#endif
