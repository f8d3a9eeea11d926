/* SPDX-License-Identifier: Apache-2.0 */
/* Demultiplexing by libavformat, and every condition on which packets can be copied: see `check_...`. */
#include "mdc/clip.h"

#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/pixdesc.h>

#include "base/failure.h"
#include "base/memory.h"
#include "mdc/limits.h"

enum { PACKETS_MAX = 1 << 22, PACKET_BYTES_MAX = 64 << 20, GOP_SECONDS_MAX = 30, NAL_IDR = 5, NAL_TYPE_MASK = 31 };

static int refuse(struct fr_failure *failure, const char *why) {
    return fr_failure_set(failure, FR_E_SYNTAX, 0, "its packets cannot be copied: %s", why);
}

/* Tracks */

static const char *check_video(const AVStream *stream) {
    const AVCodecParameters *par = stream->codecpar;

    if (par->codec_id != AV_CODEC_ID_H264)
        return "the video is not H.264";
    if (par->extradata_size < 7 || par->extradata[0] != 1)
        return "the video has no avcC record, as it has in MP4";
    if ((par->extradata[4] & 3) != 3)
        return "its NAL units have lengths of other than 4 bytes";
    if (par->format != AV_PIX_FMT_YUV420P && par->format != AV_PIX_FMT_YUVJ420P)
        return "its pixels are not 8-bit 4:2:0";
    if (par->width < 16 || par->height < 16 || par->width > 8192 || par->height > 8192)
        return "its pictures are too small or too large";
    if (par->field_order != AV_FIELD_UNKNOWN && par->field_order != AV_FIELD_PROGRESSIVE)
        return "it is interlaced";
    return NULL;
}

static const char *check_sound(const AVStream *stream) {
    const AVCodecParameters *par = stream->codecpar;

    if (par->codec_id != AV_CODEC_ID_AAC || par->profile != FF_PROFILE_AAC_LOW || par->extradata_size < 2)
        return "the sound is not AAC-LC";
    if (par->ch_layout.nb_channels < 1 || par->ch_layout.nb_channels > 2 || par->sample_rate < 8000)
        return "the sound has more than two channels or an odd rate";
    return NULL;
}

static int find_tracks(struct mdc_clip *clip, const struct mdc_source *source, struct fr_failure *failure) {
    const char *why;
    int error = mdc_reel_open(&clip->reel, source, failure);

    if (error != 0)
        return error;
    clip->video = mdc_reel_find(&clip->reel, AVMEDIA_TYPE_VIDEO);
    clip->sound = mdc_reel_find(&clip->reel, AVMEDIA_TYPE_AUDIO);
    if (clip->video == NULL)
        return fr_failure_set(failure, FR_E_SYNTAX, 0, "%s has no video track", source->path);
    why = check_video(clip->video);
    if (why == NULL && clip->sound != NULL)
        why = check_sound(clip->sound);
    return why == NULL ? 0 : refuse(failure, why);
}

/* Packets */

static bool grow(struct mdc_packet **packets, uint32_t count) {
    struct mdc_packet *more;

    if (count & (count - 1)) /* doubled at every power of two */
        return true;
    more = fr_realloc(*packets, count > 0 ? 2 * (size_t) count : 1, sizeof **packets);
    if (more != NULL)
        *packets = more;
    return more != NULL;
}

/* Is every byte of the packet in the file at its place, one after the other? */
static bool is_in_file(const struct mdc_source *source, const AVPacket *packet, uint8_t *buffer) {
    return packet->pos >= 0 && packet->size > 0 && packet->size <= PACKET_BYTES_MAX &&
        (uint64_t) packet->pos + (uint64_t) packet->size <= source->bytes &&
        mdc_source_read(source, (uint64_t) packet->pos, buffer, (size_t) packet->size, NULL) == 0 &&
        memcmp(buffer, packet->data, (size_t) packet->size) == 0;
}

/* Only an IDR picture lets a decoder begin without what was before. */
static bool is_idr(const AVPacket *packet) {
    size_t at = 0, count = (size_t) packet->size;

    while (count - at > 4) {
        size_t bytes = (size_t) packet->data[at] << 24 | (size_t) packet->data[at + 1] << 16 | (size_t) packet->data[at + 2] << 8 |
            packet->data[at + 3];
        if ((packet->data[at + 4] & NAL_TYPE_MASK) == NAL_IDR)
            return true;
        if (bytes > count - at - 4)
            return false;
        at += 4 + bytes;
    }
    return false;
}

static int add_gop(struct mdc_clip *clip, struct fr_failure *failure) {
    if (clip->gop_count == MDC_GOPS_MAX)
        return refuse(failure, "it has too many groups of pictures");
    if ((clip->gop_count & (clip->gop_count - 1)) == 0) {
        struct mdc_gop *more = fr_realloc(clip->gops, clip->gop_count > 0 ? 2 * (size_t) clip->gop_count : 1, sizeof *clip->gops);
        if (more == NULL)
            return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for the groups of pictures");
        clip->gops = more;
    }
    clip->gops[clip->gop_count++] = (struct mdc_gop){.first = clip->picture_count};
    return 0;
}

static int add_packet(struct mdc_clip *clip, const AVPacket *packet, struct fr_failure *failure) {
    bool is_video = packet->stream_index == clip->video->index;
    struct mdc_packet **list = is_video ? &clip->pictures : &clip->sounds;
    uint32_t *count = is_video ? &clip->picture_count : &clip->sound_count;
    int error = 0;

    if (packet->pts == AV_NOPTS_VALUE || packet->flags & AV_PKT_FLAG_CORRUPT)
        return refuse(failure, "a packet has no time, or is broken");
    /* A decoder's run-in: never heard, so it need not be in the descriptions; its bytes are kept with the rest. */
    if (!is_video && packet->pts < 0)
        return 0;
    if (*count == PACKETS_MAX)
        return refuse(failure, "it has too many packets");
    if (is_video && packet->flags & AV_PKT_FLAG_KEY && is_idr(packet))
        error = add_gop(clip, failure);
    if (error == 0 && is_video && clip->gop_count == 0)
        error = refuse(failure, "it does not begin with an IDR picture");
    if (error == 0 && !grow(list, *count))
        error = fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for the packets");
    if (error == 0)
        (*list)[(*count)++] = (struct mdc_packet){.at = (uint64_t) packet->pos, .pts = packet->pts, .bytes = (uint32_t) packet->size};
    if (error == 0 && is_video) {
        clip->gops[clip->gop_count - 1].count++;
        clip->hidden_count = packet->flags & AV_PKT_FLAG_DISCARD ? clip->hidden_count + 1 : 0;
    }
    return error;
}

static void leave_out_hidden(struct mdc_clip *clip) {
    for (uint32_t i = 0; i < clip->hidden_count && clip->picture_count > 1; i++) {
        clip->picture_count--;
        if (--clip->gops[clip->gop_count - 1].count == 0)
            clip->gop_count--;
    }
}

static int read_packets(struct mdc_clip *clip, const struct mdc_source *source, struct fr_failure *failure) {
    AVPacket *packet = av_packet_alloc();
    uint8_t *buffer = fr_alloc(PACKET_BYTES_MAX);
    int error = 0;

    if (packet == NULL || buffer == NULL) {
        av_packet_free(&packet);
        fr_free(buffer);
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory to read packets");
    }
    while (error == 0 && av_read_frame(clip->reel.format, packet) >= 0) {
        if (packet->stream_index == clip->video->index || (clip->sound != NULL && packet->stream_index == clip->sound->index)) {
            if (!is_in_file(source, packet, buffer))
                error = refuse(failure, "the file does not hold them in one stretch");
            else
                error = add_packet(clip, packet, failure);
        }
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
    fr_free(buffer);
    if (error == 0)
        leave_out_hidden(clip);
    if (error == 0 && clip->picture_count == 0)
        error = refuse(failure, "it has no pictures");
    return error;
}

/* Groups of pictures */

static int compare_times(const void *a, const void *b) {
    int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;

    return (x > y) - (x < y);
}

static int order_times(struct mdc_clip *clip, struct fr_failure *failure) {
    int error = 0;

    clip->times = fr_alloc_zeroed(clip->picture_count, sizeof *clip->times);
    if (clip->times == NULL)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for the pictures' times");
    for (uint32_t i = 0; i < clip->picture_count; i++)
        clip->times[i] = clip->pictures[i].pts;
    for (uint32_t g = 0; error == 0 && g < clip->gop_count; g++) {
        const struct mdc_gop *gop = &clip->gops[g];
        qsort(clip->times + gop->first, gop->count, sizeof *clip->times, compare_times);
        if (clip->times[gop->first] != clip->pictures[gop->first].pts)
            error = refuse(failure, "a group of pictures is open: it begins with pictures that need the one before");
    }
    for (uint32_t i = 1; error == 0 && i < clip->picture_count; i++)
        if (clip->times[i] <= clip->times[i - 1])
            error = refuse(failure, "groups of pictures overlap, or two pictures have one time");
    if (error == 0 && clip->times[0] < 0)
        error = refuse(failure, "it begins before its beginning");
    return error;
}

static int check_gops(const struct mdc_clip *clip, struct fr_failure *failure) {
    int64_t most = av_rescale_q(GOP_SECONDS_MAX, (AVRational){1, 1}, clip->video->time_base);

    for (uint32_t g = 0; g + 1 < clip->gop_count; g++)
        if (clip->times[clip->gops[g + 1].first] - clip->times[clip->gops[g].first] > most)
            return refuse(failure, "its groups of pictures are too long");
    for (uint32_t i = 1; i < clip->sound_count; i++)
        if (clip->sounds[i].pts <= clip->sounds[i - 1].pts)
            return refuse(failure, "its sound goes back in time");
    return 0;
}

/* Sound goes with the pictures during which it begins; what is before the first or behind the last goes with that one. */
static void share_sound(struct mdc_clip *clip) {
    uint32_t at = 0;

    for (uint32_t g = 0; g < clip->gop_count; g++) {
        struct mdc_gop *gop = &clip->gops[g];
        gop->sound_first = at;
        while (
            at < clip->sound_count &&
            (g + 1 == clip->gop_count ||
             av_compare_ts(clip->sounds[at].pts, clip->sound->time_base, clip->times[clip->gops[g + 1].first], clip->video->time_base) < 0))
            at++;
        gop->sound_count = at - gop->sound_first;
        for (uint32_t i = 0; i < gop->count; i++)
            gop->bytes += clip->pictures[gop->first + i].bytes;
        for (uint32_t i = 0; i < gop->sound_count; i++)
            gop->bytes += clip->sounds[gop->sound_first + i].bytes;
    }
}

int mdc_clip_open(struct mdc_clip *clip, const struct mdc_source *source, struct fr_failure *failure) {
    int error;

    *clip = (struct mdc_clip){0};
    error = find_tracks(clip, source, failure);
    if (error == 0)
        error = read_packets(clip, source, failure);
    if (error == 0 && clip->sound_count == 0)
        clip->sound = NULL;
    if (error == 0)
        error = order_times(clip, failure);
    if (error == 0)
        error = check_gops(clip, failure);
    if (error == 0)
        share_sound(clip);
    return error;
}

AVRational mdc_clip_rate(const struct mdc_clip *clip) {
    AVRational rate = clip->video->avg_frame_rate;

    return rate.num > 0 && rate.den > 0 ? rate : (AVRational){25, 1};
}

void mdc_clip_done(struct mdc_clip *clip) {
    mdc_reel_done(&clip->reel);
    fr_free(clip->pictures);
    fr_free(clip->sounds);
    fr_free(clip->times);
    fr_free(clip->gops);
    *clip = (struct mdc_clip){0};
}
