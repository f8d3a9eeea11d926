/* SPDX-License-Identifier: Apache-2.0 */
/* A film as libavformat sees it, over a file that is open already: nothing that the file names is opened beside it, be it a playlist, a
 * reference to another file or an address. */
#ifndef MDC_REEL_H
#define MDC_REEL_H

#include <libavformat/avformat.h>

#include "mdc/files.h"

struct mdc_reel {
    AVFormatContext *format;
    AVIOContext *io;
    int fd;
    uint64_t at, end;
    int write_errno; /* why a write failed; 0: none did */
};

/* For reading. FR_E_SYNTAX: it is nothing that libavformat knows. The reel may not be moved while it is open. */
int mdc_reel_open(struct mdc_reel *reel, const struct mdc_source *source, struct fr_failure *failure);

/* An MP4 to be written to fd, from its beginning. */
int mdc_reel_create(struct mdc_reel *reel, int fd, struct fr_failure *failure);

/* Writes a packet, whose contents are given up; NULL: the end. */
int mdc_reel_write(struct mdc_reel *reel, AVPacket *packet, struct fr_failure *failure);

void mdc_reel_done(struct mdc_reel *reel); /* accepts a zeroed one; the file stays open */

/* Is it of a kind that holds films, told by its content? Not one picture, nor text that some drawing could be made of. */
bool mdc_reel_is_film(const struct mdc_reel *reel);

/* The track of that kind that a player would choose, or NULL; the picture on a record's cover is none. */
AVStream *mdc_reel_find(const struct mdc_reel *reel, enum AVMediaType type);

#endif
