/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/reel.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <libavutil/avstring.h>

#include "base/failure.h"

enum { BUFFER_BYTES = 64 << 10 };

/* What libavformat asks for */

static int read_some(void *opaque, uint8_t *bytes, int count) {
    struct mdc_reel *reel = opaque;
    ssize_t got;

    do
        got = pread(reel->fd, bytes, (size_t) count, (off_t) reel->at);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        reel->at += (uint64_t) got;
    return got > 0 ? (int) got : got == 0 ? AVERROR_EOF : AVERROR(errno);
}

static int write_all(void *opaque, uint8_t *bytes, int count) {
    struct mdc_reel *reel = opaque;

    for (int done = 0; done < count;) {
        ssize_t put = pwrite(reel->fd, bytes + done, (size_t) (count - done), (off_t) reel->at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0) {
            reel->write_errno = errno;
            return AVERROR(errno);
        }
        done += (int) put;
        reel->at += (uint64_t) put;
    }
    if (reel->at > reel->end)
        reel->end = reel->at;
    return count;
}

static int64_t seek(void *opaque, int64_t offset, int whence) {
    struct mdc_reel *reel = opaque;

    switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE: return (int64_t) reel->end;
    case SEEK_SET: break;
    case SEEK_CUR: offset += (int64_t) reel->at; break;
    case SEEK_END: offset += (int64_t) reel->end; break;
    default: return AVERROR(EINVAL);
    }
    if (offset < 0)
        return AVERROR(EINVAL);
    reel->at = (uint64_t) offset;
    return offset;
}

static int open_nothing_else(AVFormatContext *format, AVIOContext **io, const char *url, int flags, AVDictionary **options) {
    (void) format;
    (void) io;
    (void) url;
    (void) flags;
    (void) options;
    return AVERROR(EACCES);
}

static int set_up(struct mdc_reel *reel, bool is_for_writing) {
    uint8_t *buffer = av_malloc(BUFFER_BYTES);

    av_log_set_level(AV_LOG_QUIET);
    reel->io = buffer != NULL ? avio_alloc_context(buffer, BUFFER_BYTES, is_for_writing, reel, read_some, write_all, seek) : NULL;
    if (reel->io == NULL) {
        av_free(buffer);
        return FR_E_MEMORY;
    }
    if (is_for_writing)
        avformat_alloc_output_context2(&reel->format, NULL, "mp4", NULL);
    else
        reel->format = avformat_alloc_context();
    if (reel->format == NULL)
        return FR_E_MEMORY;
    reel->format->pb = reel->io;
    reel->format->io_open = open_nothing_else;
    return 0;
}

int mdc_reel_open(struct mdc_reel *reel, const struct mdc_source *source, struct fr_failure *failure) {
    *reel = (struct mdc_reel){.fd = source->fd, .end = source->bytes};
    if (set_up(reel, false) != 0) {
        mdc_reel_done(reel);
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory to read %s", source->path);
    }
    /* A failure to open frees the format, not our side of it. */
    if (avformat_open_input(&reel->format, NULL, NULL, NULL) < 0 || avformat_find_stream_info(reel->format, NULL) < 0) {
        mdc_reel_done(reel);
        return fr_failure_set(failure, FR_E_SYNTAX, 0, "%s is not a video that can be read", source->path);
    }
    return 0;
}

int mdc_reel_create(struct mdc_reel *reel, int fd, struct fr_failure *failure) {
    *reel = (struct mdc_reel){.fd = fd};
    if (set_up(reel, true) != 0) {
        mdc_reel_done(reel);
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for an MP4");
    }
    return 0;
}

int mdc_reel_write(struct mdc_reel *reel, AVPacket *packet, struct fr_failure *failure) {
    int result = packet != NULL ? av_interleaved_write_frame(reel->format, packet) : av_write_trailer(reel->format);

    if (packet == NULL)
        avio_flush(reel->io);
    if (reel->io->error < 0 || reel->write_errno != 0)
        return fr_failure_set(failure, fr_error_from_errno(reel->write_errno), reel->write_errno, "cannot write a temporary MP4");
    return result >= 0 ? 0 : fr_failure_set(failure, FR_E_SYNTAX, 0, "it cannot be put into an MP4");
}

void mdc_reel_done(struct mdc_reel *reel) {
    if (reel->format != NULL && reel->format->iformat != NULL)
        avformat_close_input(&reel->format);
    avformat_free_context(reel->format);
    reel->format = NULL;
    if (reel->io != NULL)
        av_freep(&reel->io->buffer);
    avio_context_free(&reel->io);
}

bool mdc_reel_is_film(const struct mdc_reel *reel) {
    static const char kinds[] =
        "mov,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,flv,asf,ogg,mxf,gxf,h264,hevc,obu,ivf,vc1,rm,ivr,nut,wtv,dv,"
        "nsv,yuv4mpegpipe";

    return reel->format->iformat != NULL && av_match_list(reel->format->iformat->name, kinds, ',') != 0;
}

AVStream *mdc_reel_find(const struct mdc_reel *reel, enum AVMediaType type) {
    int index = av_find_best_stream(reel->format, type, -1, -1, NULL, 0);

    if (index < 0 || reel->format->streams[index]->disposition & AV_DISPOSITION_ATTACHED_PIC)
        return NULL;
    return reel->format->streams[index];
}
