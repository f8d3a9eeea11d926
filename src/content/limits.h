/* SPDX-License-Identifier: Apache-2.0 */
/* Every cap of the format and of a transfer, in one place, tied together at compile time. */
#ifndef FR_CONTENT_LIMITS_H
#define FR_CONTENT_LIMITS_H

#include <assert.h>

enum {
    FR_CHUNK_BYTES_MIN = 16 << 10,     /* smallest chunk, a power of two */
    FR_CHUNK_BYTES_MAX = 4 << 20,      /* largest chunk, a power of two */
    FR_CHUNK_BYTES_STREAM = 256 << 10, /* chunk of an object whose size is not known beforehand */
    FR_CHUNK_BYTES_AUTO_MAX = 1 << 20, /* largest chunk chosen without being asked, while FR_CHUNKS_MAX / 8 chunks do */
    FR_CHUNKS_AUTO = 2048,             /* chunks that the automatic size aims at */
    FR_CHUNKS_MAX = 1 << 20,           /* chunks of one object */
    FR_PAGE_CHUNKS_MAX = 32,           /* chunks that one page of the manifest covers */
    FR_PAGE_SPAN_BYTES_MAX = 8 << 20,  /* bytes that one page covers, so that reading ahead stays small */
    FR_NAME_BYTES_MAX = 255,           /* an object's name, without NUL */
    FR_ENTRIES_MAX = 32,               /* files of one object that is a set */
    FR_ENTRY_NAME_BYTES_MAX = 119,     /* the name of one of them, without NUL */
    FR_ADDRESS_BYTES_MAX = 261,        /* "host:port": a DNS name of 253, a colon and a port, or [IPv6]:port */
    FR_GROUP_NODES_MAX = 64,           /* members of one group */
    FR_NODES_PUSHED_MAX = 100000,      /* recipients of one push */
    FR_GROUPS_MAX = 100000,            /* groups of one push: at worst one node each */
    FR_FEEDS_MAX = 16,                 /* groups that one group, or the origin, feeds */
    FR_REASON_BYTES_MAX = 300,         /* a sentence for people inside a frame */
    FR_RANGES_MAX = 512,               /* ranges of chunk numbers in one frame */
    FR_TRANSFER_ID_BYTES = 16,
    FR_KEY_BYTES = 32, /* Ed25519 keys, cluster secret */
    FR_SIGNATURE_BYTES = 64,
    FR_FRAME_HEAD_BYTES = 4,      /* type and length */
    FR_FRAME_BODY_MAX = 64 << 10, /* body of any frame but CHUNK */
    FR_CHUNK_HEAD_BYTES = 4,      /* chunk number before a CHUNK frame's bytes */
    FR_LINK_QUEUE_MAX = 256,      /* chunk numbers waiting for one link; more, and the member is left to pull */
    FR_CREDIT_WINDOW_MAX = 128,   /* chunks that one owner may hold unreported */
    FR_PULL_OUTSTANDING_MAX = 16, /* chunks asked of one neighbour and not yet here */
};

static_assert((FR_CHUNK_BYTES_MIN & (FR_CHUNK_BYTES_MIN - 1)) == 0, "chunks are powers of two");
static_assert((FR_CHUNK_BYTES_MAX & (FR_CHUNK_BYTES_MAX - 1)) == 0, "chunks are powers of two");
static_assert(FR_PAGE_SPAN_BYTES_MAX >= 2 * FR_CHUNK_BYTES_MAX, "a page covers at least two of the largest chunks");
static_assert(FR_CHUNK_BYTES_MAX + FR_CHUNK_HEAD_BYTES < (1 << 24), "a CHUNK frame's length fits its 24 bits");
static_assert(FR_PAGE_CHUNKS_MAX * 32 + 256 < FR_FRAME_BODY_MAX, "a page fits a frame");
static_assert(FR_GROUP_NODES_MAX * (FR_ADDRESS_BYTES_MAX + 8) + 256 < FR_FRAME_BODY_MAX / 2, "a roster fits half a frame");
static_assert(FR_RANGES_MAX * 10 + 64 < FR_FRAME_BODY_MAX, "a list of ranges fits a frame");
static_assert(FR_CREDIT_WINDOW_MAX <= FR_LINK_QUEUE_MAX, "what an owner may hold fits the queue of every link");

#endif
