/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/pictures.h"

#include <libavcodec/avcodec.h>

#include "base/failure.h"

struct decoding {
    const struct mdc_clip *clip;
    const struct mdc_source *source;
    AVCodecContext *decoder;
    AVPacket *packet;
    AVFrame *frame;
    mdc_picture_take *take;
    void *context;
    uint32_t gop, shown; /* of which group; how many of its pictures came out */
};

static int complain(struct fr_failure *failure) {
    return fr_failure_set(failure, FR_E_SYNTAX, 0, "its packets cannot be copied: a group of pictures cannot be decoded by itself");
}

static int drain(struct decoding *decoding, struct fr_failure *failure) {
    const struct mdc_gop *gop = &decoding->clip->gops[decoding->gop];
    int got, error = 0;

    while (error == 0 && (got = avcodec_receive_frame(decoding->decoder, decoding->frame)) >= 0) {
        const AVCodecParameters *par = decoding->clip->video->codecpar;
        const AVFrame *frame = decoding->frame;
        if (decoding->shown == gop->count || frame->width != par->width || frame->height != par->height ||
            (frame->format != AV_PIX_FMT_YUV420P && frame->format != AV_PIX_FMT_YUVJ420P) || frame->decode_error_flags != 0)
            error = complain(failure);
        else
            error = decoding->take(decoding->context, frame, gop->first + decoding->shown, decoding->shown == 0, failure);
        decoding->shown++;
        av_frame_unref(decoding->frame);
    }
    return error != 0 || got == AVERROR(EAGAIN) || got == AVERROR_EOF ? error : complain(failure);
}

static int decode_gop(struct decoding *decoding, struct fr_failure *failure) {
    const struct mdc_gop *gop = &decoding->clip->gops[decoding->gop];
    int error = 0;

    decoding->shown = 0;
    for (uint32_t i = 0; i < gop->count && error == 0; i++) {
        const struct mdc_packet *packet = &decoding->clip->pictures[gop->first + i];
        if (av_new_packet(decoding->packet, (int) packet->bytes) < 0)
            return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for a packet");
        error = mdc_source_read(decoding->source, packet->at, decoding->packet->data, packet->bytes, failure);
        decoding->packet->pts = packet->pts;
        if (error == 0 && avcodec_send_packet(decoding->decoder, decoding->packet) < 0)
            error = complain(failure);
        av_packet_unref(decoding->packet);
        if (error == 0)
            error = drain(decoding, failure);
    }
    if (error == 0) {
        avcodec_send_packet(decoding->decoder, NULL);
        error = drain(decoding, failure);
        avcodec_flush_buffers(decoding->decoder);
    }
    return error == 0 && decoding->shown != gop->count ? complain(failure) : error;
}

static int open_decoder(struct decoding *decoding) {
    const AVCodec *codec = avcodec_find_decoder(decoding->clip->video->codecpar->codec_id);

    decoding->packet = av_packet_alloc();
    decoding->frame = av_frame_alloc();
    decoding->decoder = codec != NULL ? avcodec_alloc_context3(codec) : NULL;
    if (decoding->packet == NULL || decoding->frame == NULL || decoding->decoder == NULL ||
        avcodec_parameters_to_context(decoding->decoder, decoding->clip->video->codecpar) < 0)
        return FR_E_MEMORY;
    decoding->decoder->thread_count = 2;
    decoding->decoder->thread_type = FF_THREAD_SLICE; /* threads by frame would be started and stopped at every group */
    decoding->decoder->pkt_timebase = decoding->clip->video->time_base;
    return avcodec_open2(decoding->decoder, codec, NULL) < 0 ? FR_E_MEMORY : 0;
}

int mdc_pictures_decode(const struct mdc_clip *clip, const struct mdc_source *source, uint32_t first, uint32_t stride,
                        mdc_picture_take *take, void *context, struct fr_failure *failure) {
    struct decoding decoding = {.clip = clip, .source = source, .take = take, .context = context};
    int error = open_decoder(&decoding);

    if (error != 0)
        fr_failure_set(failure, error, 0, "the decoder cannot be set up");
    for (decoding.gop = first; decoding.gop < clip->gop_count && error == 0; decoding.gop += stride)
        error = decode_gop(&decoding, failure);
    avcodec_free_context(&decoding.decoder);
    av_packet_free(&decoding.packet);
    av_frame_free(&decoding.frame);
    return error;
}
