/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/redub.h"

#include <string.h>

#include <libavutil/opt.h>
#include <libswresample/swresample.h>

#include "base/failure.h"

enum {
    BITS_PER_CHANNEL = 64000,
    RATE_USUAL = 48000,
    JITTER_PARTS = 10,       /* of a second: what is off by less is how files are, not a gap */
    GAP_SECONDS_MAX = 86400, /* what is longer is a broken time, and no silence */
};

/* Setting up */

static int open_decoder(struct mdc_redub *redub) {
    const AVCodec *codec = avcodec_find_decoder(redub->from->codecpar->codec_id);

    redub->decoder = codec != NULL ? avcodec_alloc_context3(codec) : NULL;
    if (redub->decoder == NULL || avcodec_parameters_to_context(redub->decoder, redub->from->codecpar) < 0)
        return FR_E_SYNTAX;
    redub->decoder->pkt_timebase = redub->from->time_base;
    return avcodec_open2(redub->decoder, codec, NULL) < 0 ? FR_E_SYNTAX : 0;
}

/* The source's rate where AAC knows it and it is not needlessly high. */
static int choose_rate(const AVCodec *codec, int rate) {
    for (const int *known = codec->supported_samplerates; known != NULL && *known != 0; known++)
        if (*known == rate && rate >= 8000 && rate <= RATE_USUAL)
            return rate;
    return RATE_USUAL;
}

static int open_encoder(struct mdc_redub *redub) {
    const AVCodec *codec = avcodec_find_encoder_by_name("aac");
    int channels = redub->from->codecpar->ch_layout.nb_channels > 1 ? 2 : 1;

    redub->encoder = codec != NULL ? avcodec_alloc_context3(codec) : NULL;
    if (redub->encoder == NULL)
        return FR_E_SYNTAX;
    redub->encoder->sample_fmt = AV_SAMPLE_FMT_FLTP;
    redub->encoder->sample_rate = choose_rate(codec, redub->from->codecpar->sample_rate);
    redub->encoder->bit_rate = (int64_t) BITS_PER_CHANNEL * channels;
    redub->encoder->profile = FF_PROFILE_AAC_LOW;
    redub->encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
    redub->base = redub->encoder->time_base = (AVRational){1, redub->encoder->sample_rate};
    av_channel_layout_default(&redub->encoder->ch_layout, channels);
    return avcodec_open2(redub->encoder, codec, NULL) < 0 ? FR_E_SYNTAX : 0;
}

static int allocate(struct mdc_redub *redub) {
    redub->frame = av_frame_alloc();
    redub->plain = av_frame_alloc();
    redub->made = av_packet_alloc();
    redub->waiting = av_audio_fifo_alloc(AV_SAMPLE_FMT_FLTP, redub->encoder->ch_layout.nb_channels, redub->encoder->frame_size);
    return redub->frame != NULL && redub->plain != NULL && redub->made != NULL && redub->waiting != NULL ? 0 : FR_E_MEMORY;
}

int mdc_redub_open(struct mdc_redub *redub, AVStream *from, int64_t start_us, struct mdc_reel *out, struct fr_failure *failure) {
    *redub = (struct mdc_redub){.from = from, .out = out};
    if (open_decoder(redub) != 0 || open_encoder(redub) != 0)
        return fr_failure_set(failure, FR_E_SYNTAX, 0, "there is no decoder for its sound (%s)",
                              avcodec_get_name(from->codecpar->codec_id));
    redub->to = avformat_new_stream(out->format, NULL);
    if (redub->to == NULL || avcodec_parameters_from_context(redub->to->codecpar, redub->encoder) < 0 || allocate(redub) != 0)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for sound");
    redub->to->time_base = redub->base;
    redub->start = av_rescale_q(start_us, AV_TIME_BASE_Q, redub->base);
    return 0;
}

void mdc_redub_done(struct mdc_redub *redub) {
    avcodec_free_context(&redub->decoder);
    avcodec_free_context(&redub->encoder);
    swr_free(&redub->convert);
    av_frame_free(&redub->frame);
    av_frame_free(&redub->plain);
    av_packet_free(&redub->made);
    if (redub->waiting != NULL)
        av_audio_fifo_free(redub->waiting);
    redub->waiting = NULL;
}

/* Encoding */

static int complain(struct fr_failure *failure) { return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for sound"); }

static int write_made(struct mdc_redub *redub, struct fr_failure *failure) {
    int error = 0;

    while (error == 0 && avcodec_receive_packet(redub->encoder, redub->made) >= 0) {
        av_packet_rescale_ts(redub->made, redub->base, redub->to->time_base);
        redub->made->stream_index = redub->to->index;
        error = mdc_reel_write(redub->out, redub->made, failure);
    }
    return error;
}

/* Whole frames of what is waiting; at the end what is left as well. */
static int encode_waiting(struct mdc_redub *redub, bool is_end, struct fr_failure *failure) {
    int size = redub->encoder->frame_size, error = 0;

    while (error == 0 && av_audio_fifo_size(redub->waiting) >= (is_end ? 1 : size)) {
        AVFrame *plain = redub->plain;
        av_frame_unref(plain);
        plain->nb_samples = FFMIN(size, av_audio_fifo_size(redub->waiting));
        plain->format = AV_SAMPLE_FMT_FLTP;
        plain->sample_rate = redub->encoder->sample_rate;
        plain->pts = redub->spoken;
        if (av_channel_layout_copy(&plain->ch_layout, &redub->encoder->ch_layout) < 0 || av_frame_get_buffer(plain, 0) < 0 ||
            av_audio_fifo_read(redub->waiting, (void **) plain->data, plain->nb_samples) < plain->nb_samples)
            return complain(failure);
        redub->spoken += plain->nb_samples;
        if (avcodec_send_frame(redub->encoder, plain) < 0)
            return complain(failure);
        error = write_made(redub, failure);
    }
    return error;
}

/* Converting */

static int set_converter(struct mdc_redub *redub) {
    const AVFrame *frame = redub->frame;
    AVChannelLayout layout = {0};
    int result;

    /* Files of some kinds tell how many channels there are and not which. */
    if (frame->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC)
        av_channel_layout_default(&layout, frame->ch_layout.nb_channels);
    else if (av_channel_layout_copy(&layout, &frame->ch_layout) < 0)
        return FR_E_MEMORY;
    swr_free(&redub->convert);
    result = swr_alloc_set_opts2(&redub->convert, &redub->encoder->ch_layout, AV_SAMPLE_FMT_FLTP, redub->encoder->sample_rate, &layout,
                                 (enum AVSampleFormat) frame->format, frame->sample_rate, 0, NULL);
    av_channel_layout_uninit(&layout);
    return result < 0 || swr_init(redub->convert) < 0 ? FR_E_MEMORY : 0;
}

/* frame NULL: what the converter still holds. */
static int convert(struct mdc_redub *redub, const AVFrame *frame, struct fr_failure *failure) {
    int room = swr_get_out_samples(redub->convert, frame != NULL ? frame->nb_samples : 0), got = -1;
    uint8_t *samples[2] = {NULL, NULL};

    if (room <= 0)
        return 0;
    if (av_samples_alloc(samples, NULL, redub->encoder->ch_layout.nb_channels, room, AV_SAMPLE_FMT_FLTP, 0) >= 0)
        got = swr_convert(redub->convert, samples, room, frame != NULL ? (const uint8_t **) frame->extended_data : NULL,
                          frame != NULL ? frame->nb_samples : 0);
    if (got > 0 && av_audio_fifo_write(redub->waiting, (void **) samples, got) < got)
        got = -1;
    av_freep(&samples[0]);
    if (got < 0)
        return complain(failure);
    redub->heard += got;
    return encode_waiting(redub, false, failure);
}

static int keep_silent(struct mdc_redub *redub, int64_t count, struct fr_failure *failure) {
    enum { PART = 4096 };
    float zeros[PART] = {0}, *both[2] = {zeros, zeros};
    int error = 0;

    while (error == 0 && count > 0) {
        int part = count < PART ? (int) count : PART;
        if (av_audio_fifo_write(redub->waiting, (void **) both, part) < part)
            return complain(failure);
        redub->heard += part;
        count -= part;
        error = encode_waiting(redub, false, failure);
    }
    return error;
}

static bool is_of_another_kind(const struct mdc_redub *redub) {
    const AVFrame *frame = redub->frame;
    AVChannelLayout layout = {0};
    enum AVSampleFormat format = AV_SAMPLE_FMT_NONE;
    int64_t rate = 0;

    if (redub->convert == NULL)
        return true;
    av_opt_get_int(redub->convert, "isr", 0, &rate);
    av_opt_get_sample_fmt(redub->convert, "isf", 0, &format);
    av_opt_get_chlayout(redub->convert, "ichl", 0, &layout);
    bool is_same = rate == frame->sample_rate && (int) format == frame->format && layout.nb_channels == frame->ch_layout.nb_channels;
    av_channel_layout_uninit(&layout);
    return !is_same;
}

/* A gap becomes silence, what comes again is left out: a player of AAC in MP4 plays packet after packet. */
static int take_frame(struct mdc_redub *redub, struct fr_failure *failure) {
    int64_t time = redub->frame->best_effort_timestamp, rate = redub->encoder->sample_rate, ahead = 0;
    int error = 0;

    if (redub->frame->sample_rate <= 0 || redub->frame->ch_layout.nb_channels <= 0)
        return 0;
    if (is_of_another_kind(redub) && set_converter(redub) != 0)
        return complain(failure);
    if (time != AV_NOPTS_VALUE)
        ahead = av_rescale_q(time, redub->from->time_base, redub->base) - redub->start - redub->heard - swr_get_delay(redub->convert, rate);
    if (!redub->is_begun && ahead > 0 && ahead < rate * GAP_SECONDS_MAX)
        redub->heard = redub->spoken = ahead;
    else if (ahead > rate / JITTER_PARTS && ahead < rate * GAP_SECONDS_MAX)
        error = keep_silent(redub, ahead, failure);
    else if (ahead < -rate / JITTER_PARTS)
        return 0;
    redub->is_begun = true;
    return error == 0 ? convert(redub, redub->frame, failure) : error;
}

int mdc_redub_push(struct mdc_redub *redub, const AVPacket *packet, struct fr_failure *failure) {
    int error = 0;

    avcodec_send_packet(redub->decoder, packet); /* what cannot be decoded is a gap */
    while (error == 0 && avcodec_receive_frame(redub->decoder, redub->frame) >= 0) {
        error = take_frame(redub, failure);
        av_frame_unref(redub->frame);
    }
    if (error == 0 && packet == NULL && redub->convert != NULL) {
        error = convert(redub, NULL, failure);
        if (error == 0)
            error = encode_waiting(redub, true, failure);
        avcodec_send_frame(redub->encoder, NULL);
        if (error == 0)
            error = write_made(redub, failure);
    }
    return error;
}
