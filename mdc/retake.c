/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/retake.h"

#include <math.h>
#include <string.h>

#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

#include "base/failure.h"

enum { SIDE_MIN = 16, SIDE_MAX = 8192, TICKS_MAX = 100000, CRF = 18 };

/* Setting up */

static int open_decoder(struct mdc_retake *retake) {
    const AVCodec *codec = avcodec_find_decoder(retake->from->codecpar->codec_id);

    retake->decoder = codec != NULL ? avcodec_alloc_context3(codec) : NULL;
    if (retake->decoder == NULL || avcodec_parameters_to_context(retake->decoder, retake->from->codecpar) < 0)
        return FR_E_SYNTAX;
    retake->decoder->pkt_timebase = retake->from->time_base;
    retake->decoder->thread_count = 0; /* as many as suit the machine */
    return avcodec_open2(retake->decoder, codec, NULL) < 0 ? FR_E_SYNTAX : 0;
}

static bool is_full_range(const AVCodecParameters *par) {
    return par->color_range == AVCOL_RANGE_JPEG || par->format == AV_PIX_FMT_YUVJ420P || par->format == AV_PIX_FMT_YUVJ422P ||
        par->format == AV_PIX_FMT_YUVJ444P;
}

/* What the numbers of a picture mean stays as it was; where they are red, green and blue the scaler makes them what television takes. */
static void describe_colors(struct mdc_retake *retake) {
    const AVCodecParameters *par = retake->from->codecpar;
    const AVPixFmtDescriptor *format = av_pix_fmt_desc_get((enum AVPixelFormat) par->format);
    bool is_rgb = format == NULL || format->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL);

    retake->encoder->color_primaries = par->color_primaries;
    retake->encoder->color_trc = par->color_trc;
    retake->encoder->colorspace = is_rgb ? AVCOL_SPC_SMPTE170M : par->color_space;
    retake->encoder->color_range = !is_rgb && is_full_range(par) ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    retake->encoder->chroma_sample_location = par->chroma_location;
}

static int open_encoder(struct mdc_retake *retake, AVFormatContext *film, AVStream *from) {
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
    AVRational base = from->time_base;
    AVDictionary *options = NULL;
    int result;

    retake->encoder = codec != NULL ? avcodec_alloc_context3(codec) : NULL;
    if (retake->encoder == NULL)
        return FR_E_SYNTAX;
    /* Ticks so short that a second has millions would not fit where an MP4 puts durations. */
    retake->encoder->time_base = base.num > 0 && base.den > 0 && base.den / base.num <= TICKS_MAX ? base : (AVRational){1, 90000};
    retake->encoder->framerate = av_guess_frame_rate(film, from, NULL);
    retake->encoder->width = from->codecpar->width & ~1;
    retake->encoder->height = from->codecpar->height & ~1;
    retake->encoder->pix_fmt = AV_PIX_FMT_YUV420P;
    retake->encoder->sample_aspect_ratio = av_guess_sample_aspect_ratio(film, from, NULL);
    retake->encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
    describe_colors(retake);
    av_dict_set(&options, "preset", "medium", 0);
    av_dict_set_int(&options, "crf", CRF, 0);
    av_dict_set(&options, "forced-idr", "1", 0);
    av_dict_set(&options, "x264-params", "keyint=infinite:scenecut=0:open-gop=0:log=-1", 0);
    result = avcodec_open2(retake->encoder, codec, &options);
    av_dict_free(&options);
    return result < 0 ? FR_E_SYNTAX : 0;
}

static int add_track(struct mdc_retake *retake) {
    size_t bytes;
    const uint8_t *matrix = av_stream_get_side_data(retake->from, AV_PKT_DATA_DISPLAYMATRIX, &bytes);

    retake->to = avformat_new_stream(retake->out->format, NULL);
    if (retake->to == NULL || avcodec_parameters_from_context(retake->to->codecpar, retake->encoder) < 0)
        return FR_E_MEMORY;
    retake->to->time_base = retake->encoder->time_base;
    retake->to->sample_aspect_ratio = retake->encoder->sample_aspect_ratio;
    retake->to->avg_frame_rate = retake->encoder->framerate;
    if (matrix != NULL) { /* which side is up */
        uint8_t *copy = av_stream_new_side_data(retake->to, AV_PKT_DATA_DISPLAYMATRIX, bytes);
        if (copy == NULL)
            return FR_E_MEMORY;
        memcpy(copy, matrix, bytes);
    }
    return 0;
}

static int allocate(struct mdc_retake *retake) {
    retake->frame = av_frame_alloc();
    retake->plain = av_frame_alloc();
    retake->made = av_packet_alloc();
    if (retake->frame == NULL || retake->plain == NULL || retake->made == NULL)
        return FR_E_MEMORY;
    retake->plain->format = AV_PIX_FMT_YUV420P;
    retake->plain->width = retake->encoder->width;
    retake->plain->height = retake->encoder->height;
    return av_frame_get_buffer(retake->plain, 0) < 0 ? FR_E_MEMORY : 0;
}

int mdc_retake_open(struct mdc_retake *retake, AVFormatContext *film, AVStream *from, int64_t start_us, double gop_seconds,
                    struct mdc_reel *out, struct fr_failure *failure) {
    const AVCodecParameters *par = from->codecpar;
    int error;

    *retake = (struct mdc_retake){.from = from, .out = out, .gop_seconds = gop_seconds, .gop = -1};
    if (par->width < SIDE_MIN || par->height < SIDE_MIN || par->width > SIDE_MAX || par->height > SIDE_MAX)
        return fr_failure_set(failure, FR_E_SYNTAX, 0, "its pictures are too small or too large");
    if (open_decoder(retake) != 0)
        return fr_failure_set(failure, FR_E_SYNTAX, 0, "there is no decoder for its video (%s)", avcodec_get_name(par->codec_id));
    if (open_encoder(retake, film, from) != 0)
        return fr_failure_set(failure, FR_E_SYNTAX, 0, "its pictures cannot be encoded as H.264");
    error = add_track(retake);
    if (error == 0)
        error = allocate(retake);
    if (error != 0)
        return fr_failure_set(failure, error, 0, "no memory for pictures of %d x %d", par->width, par->height);
    retake->start = av_rescale_q(start_us, AV_TIME_BASE_Q, retake->encoder->time_base);
    retake->step = 1;
    if (retake->encoder->framerate.num > 0)
        retake->step = FFMAX(av_rescale_q(1, av_inv_q(retake->encoder->framerate), retake->encoder->time_base), 1);
    return 0;
}

void mdc_retake_done(struct mdc_retake *retake) {
    avcodec_free_context(&retake->decoder);
    avcodec_free_context(&retake->encoder);
    av_frame_free(&retake->frame);
    av_frame_free(&retake->plain);
    av_packet_free(&retake->made);
    sws_freeContext(retake->convert);
    retake->convert = NULL;
}

double mdc_retake_seconds(const struct mdc_retake *retake) {
    return retake->taken == 0 ? 0 : (double) (retake->last - retake->first + retake->step) * av_q2d(retake->encoder->time_base);
}

/* Pictures */

void mdc_retake_blend(uint8_t *plane, int stride, int width, int height) {
    uint8_t above[SIDE_MAX];

    memcpy(above, plane, (size_t) width);
    for (int row = 1; row + 1 < height; row++) {
        uint8_t *here = plane + (ptrdiff_t) row * stride;
        const uint8_t *below = here + stride;
        for (int i = 0; i < width; i++) {
            uint8_t was = here[i];
            here[i] = (uint8_t) ((above[i] + 2 * was + below[i] + 2) / 4);
            above[i] = was;
        }
    }
}

/* frame -> plain: 8 bits, 4:2:0, of the encoder's size. An odd last row or column is left out. */
static int make_plain(struct mdc_retake *retake, struct fr_failure *failure) {
    const AVFrame *frame = retake->frame;
    AVFrame *plain = retake->plain;
    bool is_j = frame->format == AV_PIX_FMT_YUVJ420P || frame->format == AV_PIX_FMT_YUVJ422P || frame->format == AV_PIX_FMT_YUVJ444P;

    if (av_frame_make_writable(plain) < 0)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for a picture");
    retake->convert = sws_getCachedContext(retake->convert, frame->width & ~1, frame->height & ~1, (enum AVPixelFormat) frame->format,
                                           plain->width, plain->height, is_j ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P, SWS_BICUBIC, NULL,
                                           NULL, NULL);
    if (retake->convert == NULL)
        return fr_failure_set(failure, FR_E_SYNTAX, 0, "its pictures are of a kind that cannot be converted");
    sws_scale(retake->convert, (const uint8_t *const *) frame->data, frame->linesize, 0, frame->height & ~1, plain->data, plain->linesize);
    if (frame->interlaced_frame)
        for (int i = 0; i < 3; i++)
            mdc_retake_blend(plain->data[i], plain->linesize[i], i > 0 ? plain->width / 2 : plain->width,
                             i > 0 ? plain->height / 2 : plain->height);
    return 0;
}

static int write_made(struct mdc_retake *retake, struct fr_failure *failure) {
    int error = 0;

    while (error == 0 && avcodec_receive_packet(retake->encoder, retake->made) >= 0) {
        av_packet_rescale_ts(retake->made, retake->encoder->time_base, retake->to->time_base);
        retake->made->stream_index = retake->to->index;
        error = mdc_reel_write(retake->out, retake->made, failure);
    }
    return error;
}

/* When the picture is shown, from the film's start. */
static int64_t time_of(const struct mdc_retake *retake) {
    int64_t time = retake->frame->best_effort_timestamp;

    if (time == AV_NOPTS_VALUE)
        return retake->taken > 0 ? retake->last + retake->step : 0;
    return av_rescale_q(time, retake->from->time_base, retake->encoder->time_base) - retake->start;
}

static int encode_picture(struct mdc_retake *retake, struct fr_failure *failure) {
    int64_t time = time_of(retake), gop;
    int error;

    retake->broken += retake->frame->decode_error_flags != 0 || retake->frame->flags & AV_FRAME_FLAG_CORRUPT;
    if (time < 0 || (retake->taken > 0 && time <= retake->last)) /* before the beginning, or two at once */
        return 0;
    error = make_plain(retake, failure);
    if (error != 0)
        return error;
    gop = (int64_t) floor((double) time * av_q2d(retake->encoder->time_base) / retake->gop_seconds);
    retake->plain->pts = time;
    retake->plain->pict_type = gop != retake->gop ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    retake->gop = gop;
    if (retake->taken == 0)
        retake->first = time;
    retake->last = time;
    retake->taken++;
    if (avcodec_send_frame(retake->encoder, retake->plain) < 0)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "a picture cannot be encoded as H.264");
    return write_made(retake, failure);
}

int mdc_retake_push(struct mdc_retake *retake, const AVPacket *packet, struct fr_failure *failure) {
    int sent = avcodec_send_packet(retake->decoder, packet), error = 0;

    retake->broken += packet != NULL && sent < 0; /* a film that is broken in places goes on behind them */
    while (error == 0 && avcodec_receive_frame(retake->decoder, retake->frame) >= 0) {
        error = encode_picture(retake, failure);
        av_frame_unref(retake->frame);
    }
    if (error == 0 && packet == NULL && retake->taken > 0) {
        avcodec_send_frame(retake->encoder, NULL);
        error = write_made(retake, failure);
    }
    return error;
}
