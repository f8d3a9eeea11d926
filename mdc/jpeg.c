/* SPDX-License-Identifier: Apache-2.0 */
/* libjpeg reports errors by a call that must not return; each function here has one place to which that jumps. */
#include "mdc/jpeg.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include "base/failure.h"
#include "base/memory.h"
#include "mdc/limits.h"
#include "mdc/orientation.h"

enum { PROFILE_BYTES_MAX = 4096, SOI_BYTES = 2 };

struct handler {
    struct jpeg_error_mgr base;
    jmp_buf escape;
    char said[JMSG_LENGTH_MAX];
};

static void escape(j_common_ptr info) {
    struct handler *handler = (struct handler *) info->err;

    info->err->format_message(info, handler->said);
    longjmp(handler->escape, 1);
}

static void say_nothing(j_common_ptr info) { (void) info; }

static struct jpeg_error_mgr *handle(struct handler *handler) {
    jpeg_std_error(&handler->base);
    handler->base.error_exit = escape;
    handler->base.output_message = say_nothing;
    return &handler->base;
}

static int complain(const struct handler *handler, struct fr_failure *failure) {
    return fr_failure_set(failure, FR_E_SYNTAX, 0, "not a photo that can be used: %s", handler->said);
}

void mdc_jpeg_bytes_done(struct mdc_jpeg_bytes *bytes) {
    free(bytes->bytes); /* libjpeg's own allocator */
    *bytes = (struct mdc_jpeg_bytes){0};
}

/* Probing */

static const char *find_fault(const struct jpeg_decompress_struct *from) {
    if (from->jpeg_color_space != JCS_GRAYSCALE && from->jpeg_color_space != JCS_YCbCr)
        return "its colours are neither grey nor YCbCr";
    if (from->data_precision != 8)
        return "it has more than 8 bits a sample";
    if (from->arith_code)
        return "its arithmetic coding is not common enough";
    if ((uint64_t) from->image_width * from->image_height > MDC_PHOTO_PIXELS_MAX)
        return "it has too many pixels";
    return NULL;
}

int mdc_jpeg_probe(const uint8_t *bytes, size_t count, struct mdc_jpeg_info *ret_info, struct fr_failure *failure) {
    struct jpeg_decompress_struct from = {0};
    struct handler handler = {0};
    const char *fault = NULL;

    from.err = handle(&handler);
    if (setjmp(handler.escape)) { /* NOLINT(cert-err52-cpp): libjpeg knows no other way */
        jpeg_destroy_decompress(&from);
        return complain(&handler, failure);
    }
    jpeg_create_decompress(&from);
    jpeg_mem_src(&from, bytes, count);
    jpeg_read_header(&from, TRUE);
    fault = find_fault(&from);
    *ret_info = (struct mdc_jpeg_info){.width = from.image_width, .height = from.image_height, .is_progressive = from.progressive_mode};
    jpeg_destroy_decompress(&from);
    return fault == NULL ? 0 : fr_failure_set(failure, FR_E_SYNTAX, 0, "not a photo that can be used: %s", fault);
}

/* Other scans */

/* Pure successive approximation: each scan of a component holds one more bit of all its coefficients, so that every scan about halves the
 * error everywhere. The usual scripts send low frequencies first and are some 7 dB worse at an eighth of the bytes. */
static const jpeg_scan_info color_script[] = {
    {3, {0, 1, 2}, 0, 0, 0, 1}, {1, {0}, 1, 63, 0, 5},      {1, {0}, 1, 63, 5, 4}, {1, {1}, 1, 63, 0, 3},
    {1, {2}, 1, 63, 0, 3},      {1, {0}, 1, 63, 4, 3},      {1, {1}, 1, 63, 3, 2}, {1, {2}, 1, 63, 3, 2},
    {1, {0}, 1, 63, 3, 2},      {3, {0, 1, 2}, 0, 0, 1, 0}, {1, {0}, 1, 63, 2, 1}, {1, {1}, 1, 63, 2, 1},
    {1, {2}, 1, 63, 2, 1},      {1, {1}, 1, 63, 1, 0},      {1, {2}, 1, 63, 1, 0}, {1, {0}, 1, 63, 1, 0},
};
static const jpeg_scan_info grey_script[] = {
    {1, {0}, 0, 0, 0, 1},  {1, {0}, 1, 63, 0, 5}, {1, {0}, 1, 63, 5, 4}, {1, {0}, 1, 63, 4, 3},
    {1, {0}, 1, 63, 3, 2}, {1, {0}, 0, 0, 1, 0},  {1, {0}, 1, 63, 2, 1}, {1, {0}, 1, 63, 1, 0},
};

static void choose_script(j_compress_ptr to) {
    if (to->num_components == 3) {
        to->scan_info = color_script;
        to->num_scans = sizeof color_script / sizeof *color_script;
    } else {
        to->scan_info = grey_script;
        to->num_scans = sizeof grey_script / sizeof *grey_script;
    }
}

/* What a viewer needs to show the picture as it was meant, and no more: this is in every description. */
static void write_extras(j_decompress_ptr from, j_compress_ptr to) {
    uint8_t segment[MDC_ORIENTATION_BYTES];
    unsigned orientation = 1, profile_bytes = 0;

    for (jpeg_saved_marker_ptr marker = from->marker_list; marker != NULL; marker = marker->next) {
        if (marker->marker == JPEG_APP0 + 1 && orientation == 1)
            orientation = mdc_orientation_read(marker->data, marker->data_length);
        if (marker->marker == JPEG_APP0 + 2)
            profile_bytes += marker->data_length;
    }
    if (orientation != 1)
        jpeg_write_marker(to, JPEG_APP0 + 1, segment, (unsigned) mdc_orientation_write(orientation, segment));
    for (jpeg_saved_marker_ptr marker = from->marker_list; marker != NULL && profile_bytes <= PROFILE_BYTES_MAX; marker = marker->next)
        if (marker->marker == JPEG_APP0 + 2 && marker->data_length > 12 && memcmp(marker->data, "ICC_PROFILE", 12) == 0)
            jpeg_write_marker(to, JPEG_APP0 + 2, marker->data, marker->data_length);
}

/* The Huffman tables, their use and the restarts of `like`, as coding parameters of `to`. */
static void take_tables(j_decompress_ptr like, j_compress_ptr to) {
    for (unsigned i = 0; i < NUM_HUFF_TBLS; i++) {
        if (like->dc_huff_tbl_ptrs[i] != NULL) {
            if (to->dc_huff_tbl_ptrs[i] == NULL)
                to->dc_huff_tbl_ptrs[i] = jpeg_alloc_huff_table((j_common_ptr) to);
            *to->dc_huff_tbl_ptrs[i] = *like->dc_huff_tbl_ptrs[i];
            to->dc_huff_tbl_ptrs[i]->sent_table = FALSE;
        }
        if (like->ac_huff_tbl_ptrs[i] != NULL) {
            if (to->ac_huff_tbl_ptrs[i] == NULL)
                to->ac_huff_tbl_ptrs[i] = jpeg_alloc_huff_table((j_common_ptr) to);
            *to->ac_huff_tbl_ptrs[i] = *like->ac_huff_tbl_ptrs[i];
            to->ac_huff_tbl_ptrs[i]->sent_table = FALSE;
        }
    }
    for (int i = 0; i < to->num_components && i < like->num_components; i++) {
        to->comp_info[i].dc_tbl_no = like->comp_info[i].dc_tbl_no;
        to->comp_info[i].ac_tbl_no = like->comp_info[i].ac_tbl_no;
    }
    to->restart_interval = like->restart_interval;
    to->optimize_coding = FALSE;
}

/* head NULL: progressive. */
static int transcode(const uint8_t *bytes, size_t count, const uint8_t *head, size_t head_count, struct mdc_jpeg_bytes *ret_made,
                     struct fr_failure *failure) {
    struct jpeg_decompress_struct from = {0}, like = {0};
    struct jpeg_compress_struct to = {0};
    struct handler handler = {0};
    unsigned char *made = NULL;
    unsigned long made_count = 0;
    jvirt_barray_ptr *coefficients;
    /* What the jump may find changed. */
    unsigned char *volatile *made_seen = (unsigned char *volatile *) &made;

    from.err = like.err = to.err = handle(&handler);
    if (setjmp(handler.escape)) { /* NOLINT(cert-err52-cpp): libjpeg knows no other way */
        jpeg_destroy_compress(&to);
        jpeg_destroy_decompress(&from);
        jpeg_destroy_decompress(&like);
        free(*made_seen);
        return complain(&handler, failure);
    }
    jpeg_create_decompress(&from);
    jpeg_create_decompress(&like);
    jpeg_create_compress(&to);
    jpeg_mem_src(&from, bytes, count);
    jpeg_save_markers(&from, JPEG_APP0 + 1, 0xffff);
    jpeg_save_markers(&from, JPEG_APP0 + 2, 0xffff);
    jpeg_read_header(&from, TRUE);
    if (find_fault(&from) != NULL)
        from.err->error_exit((j_common_ptr) &from);
    coefficients = jpeg_read_coefficients(&from);
    jpeg_copy_critical_parameters(&from, &to);
    jpeg_mem_dest(&to, &made, &made_count);
    if (head != NULL) {
        jpeg_mem_src(&like, head, head_count);
        jpeg_read_header(&like, TRUE);
        take_tables(&like, &to);
    } else {
        choose_script(&to);
    }
    jpeg_write_coefficients(&to, coefficients);
    if (head == NULL)
        write_extras(&from, &to);
    jpeg_finish_compress(&to);
    jpeg_finish_decompress(&from);
    jpeg_destroy_compress(&to);
    jpeg_destroy_decompress(&from);
    jpeg_destroy_decompress(&like);
    *ret_made = (struct mdc_jpeg_bytes){.bytes = made, .count = made_count};
    return 0;
}

int mdc_jpeg_make_progressive(const uint8_t *bytes, size_t count, struct mdc_jpeg_bytes *ret_made, struct fr_failure *failure) {
    return transcode(bytes, count, NULL, 0, ret_made, failure);
}

int mdc_jpeg_make_sequential(const uint8_t *bytes, size_t count, const uint8_t *head, size_t head_count, struct mdc_jpeg_bytes *ret_made,
                             struct fr_failure *failure) {
    return transcode(bytes, count, head, head_count, ret_made, failure);
}

/* Brightness */

int mdc_jpeg_luma(const uint8_t *bytes, size_t count, uint8_t **ret_luma, struct fr_failure *failure) {
    struct jpeg_decompress_struct from = {0};
    struct handler handler = {0};
    uint8_t *volatile luma = NULL;

    from.err = handle(&handler);
    if (setjmp(handler.escape)) { /* NOLINT(cert-err52-cpp): libjpeg knows no other way */
        jpeg_destroy_decompress(&from);
        fr_free(luma);
        return complain(&handler, failure);
    }
    jpeg_create_decompress(&from);
    jpeg_mem_src(&from, bytes, count);
    jpeg_read_header(&from, TRUE);
    from.out_color_space = JCS_GRAYSCALE;
    if (find_fault(&from) == NULL)
        luma = fr_alloc((size_t) from.image_width * from.image_height);
    if (luma == NULL) {
        jpeg_destroy_decompress(&from);
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for the pixels of a photo");
    }
    jpeg_start_decompress(&from);
    while (from.output_scanline < from.output_height) {
        JSAMPROW row = luma + (size_t) from.output_scanline * from.output_width;
        jpeg_read_scanlines(&from, &row, 1);
    }
    jpeg_finish_decompress(&from);
    jpeg_destroy_decompress(&from);
    *ret_luma = luma;
    return 0;
}

/* Scans */

/* Behind the data of a scan: at the next marker that is neither a stuffed zero nor a restart. */
static size_t skip_data(const uint8_t *bytes, size_t count, size_t at) {
    while (at + 1 < count) {
        const uint8_t *next = memchr(bytes + at, 0xff, count - at - 1);
        if (next == NULL)
            return count;
        at = (size_t) (next - bytes);
        if (bytes[at + 1] != 0 && bytes[at + 1] != 0xff && (bytes[at + 1] < 0xd0 || bytes[at + 1] > 0xd7))
            return at;
        at += bytes[at + 1] == 0xff ? 1 : 2;
    }
    return count;
}

bool mdc_jpeg_find_scans(const uint8_t *bytes, size_t count, struct mdc_jpeg_scans *ret_scans) {
    struct mdc_jpeg_scans scans = {0};
    size_t at = SOI_BYTES;

    if (count < SOI_BYTES || bytes[0] != 0xff || bytes[1] != 0xd8)
        return false;
    while (at + 1 < count && bytes[at] == 0xff) {
        unsigned marker = bytes[at + 1];
        size_t length;
        if (marker == 0xff) { /* filling */
            at++;
            continue;
        }
        if (marker == 0xd9) {
            scans.end = at + 2;
            *ret_scans = scans;
            return scans.count > 0;
        }
        if (at + 3 >= count)
            return false;
        length = (size_t) bytes[at + 2] << 8 | bytes[at + 3];
        if (length < 2 || length > count - at - 2)
            return false;
        at += 2 + length;
        if (marker != 0xda)
            continue;
        if (scans.count == MDC_SCANS_MAX)
            return false;
        if (scans.count == 0)
            scans.first_data = at;
        at = skip_data(bytes, count, at);
        scans.ends[scans.count++] = at;
    }
    return false;
}
