/* SPDX-License-Identifier: Apache-2.0 */
/* The outermost boxes of an MP4 file, and ours among them. */
#ifndef MDC_BOXES_H
#define MDC_BOXES_H

#include "mdc/files.h"

enum { MDC_BOX_HEAD_BYTES = 8, MDC_UUID_BYTES = 16, MDC_OWN_HEAD_BYTES = MDC_BOX_HEAD_BYTES + MDC_UUID_BYTES };

enum mdc_box_kind {
    MDC_BOX_OTHER,
    MDC_BOX_FTYP,
    MDC_BOX_MOOV,
    MDC_BOX_MOOF,
    MDC_BOX_MDAT,
    MDC_BOX_HEADER, /* uuid boxes of ours */
    MDC_BOX_GOP,
    MDC_BOX_REST,
    MDC_BOX_SPARE,
};

struct mdc_box {
    enum mdc_box_kind kind;
    uint64_t at, bytes;  /* with its head */
    unsigned head_bytes; /* to its contents, behind the uuid */
};

/* The head of one box from its first bytes, 8 to 24 of them, of which the first is byte `at` of the file; `left` bytes of the file are
 * there from it on. false: this is no box, or it does not end inside the file. */
bool mdc_box_parse(const uint8_t *bytes, size_t count, uint64_t at, uint64_t left, struct mdc_box *ret_box);
/* The box that begins at byte `at`. */
bool mdc_box_at(const struct mdc_source *file, uint64_t at, struct mdc_box *ret_box);
/* Writes the head of a box of ours with so many bytes of contents. */
void mdc_box_write_own(enum mdc_box_kind kind, size_t content_bytes, uint8_t *out);

/* Where a description's header lies: at 0, or in a box of an MP4. FR_E_SYNTAX: the file is no description. */
int mdc_box_find_header(const struct mdc_source *file, uint64_t *ret_at, struct fr_failure *failure);

#endif
