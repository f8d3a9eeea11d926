/* SPDX-License-Identifier: Apache-2.0 */
/* An AAC packet of time T decodes, with the one before it, to the samples of time T, whoever encoded it. So a packet of few bits can
 * stand for the source's packet of the same time; where the two meet the error is that of the worse one for 20 ms. Noise substitution is
 * off: it would make every decoding different. */
#include "mdc/sound.h"

#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>

#include "base/failure.h"

enum { FRAME_SAMPLES = 1024, BITS_STEREO = 32000, BITS_MONO = 20000 };

struct sounding {
    const struct mdc_clip *clip;
    struct mdc_shelf *shelf;
    const char *folder;
    AVCodecContext *decoder, *encoder;
    AVPacket *packet, *made;
    AVFrame *frame;
    int64_t frame_count; /* that the encoder got */
};

static int complain(struct fr_failure *failure) {
    return fr_failure_set(failure, FR_E_SYNTAX, 0, "its packets cannot be copied: the sound has gaps or cannot be decoded");
}

static int open_codecs(struct sounding *sounding) {
    const AVCodecParameters *par = sounding->clip->sound->codecpar;
    const AVCodec *decoder = avcodec_find_decoder(AV_CODEC_ID_AAC), *encoder = avcodec_find_encoder_by_name("aac");
    int bits = par->ch_layout.nb_channels == 1 ? BITS_MONO : BITS_STEREO;

    sounding->decoder = decoder != NULL ? avcodec_alloc_context3(decoder) : NULL;
    sounding->encoder = encoder != NULL ? avcodec_alloc_context3(encoder) : NULL;
    sounding->packet = av_packet_alloc();
    sounding->made = av_packet_alloc();
    sounding->frame = av_frame_alloc();
    if (sounding->decoder == NULL || sounding->encoder == NULL || sounding->packet == NULL || sounding->made == NULL ||
        sounding->frame == NULL || avcodec_parameters_to_context(sounding->decoder, par) < 0)
        return FR_E_MEMORY;
    if (par->bit_rate > 0 && par->bit_rate / 2 < bits)
        bits = (int) (par->bit_rate / 2);
    sounding->encoder->sample_fmt = AV_SAMPLE_FMT_FLTP;
    sounding->encoder->sample_rate = par->sample_rate;
    sounding->encoder->bit_rate = bits;
    sounding->encoder->profile = FF_PROFILE_AAC_LOW;
    sounding->encoder->time_base = (AVRational){1, par->sample_rate};
    if (av_channel_layout_copy(&sounding->encoder->ch_layout, &par->ch_layout) < 0)
        return FR_E_MEMORY;
    if (av_opt_set_int(sounding->encoder->priv_data, "aac_pns", 0, 0) < 0)
        return FR_E_ARGUMENT;
    return avcodec_open2(sounding->decoder, decoder, NULL) < 0 || avcodec_open2(sounding->encoder, encoder, NULL) < 0 ? FR_E_ARGUMENT : 0;
}

/* Puts away what the encoder has, each packet in its place. */
static int take_made(struct sounding *sounding, struct fr_failure *failure) {
    int error = 0;

    while (error == 0 && avcodec_receive_packet(sounding->encoder, sounding->made) >= 0) {
        uint32_t next = sounding->shelf->count;
        if (next < sounding->clip->sound_count) {
            int64_t wanted = (int64_t) next * FRAME_SAMPLES;
            if (sounding->made->pts == wanted)
                error = mdc_shelf_put(sounding->shelf, sounding->folder, sounding->clip->sounds[next].pts, sounding->made->data,
                                      (uint32_t) sounding->made->size, failure);
            else if (sounding->made->pts > wanted)
                error = complain(failure);
            /* else it is the encoder's run-in */
        }
        av_packet_unref(sounding->made);
    }
    return error;
}

static int pass_on(struct sounding *sounding, struct fr_failure *failure) {
    int error = 0;

    while (error == 0 && avcodec_receive_frame(sounding->decoder, sounding->frame) >= 0) {
        if (sounding->frame->nb_samples != FRAME_SAMPLES || sounding->frame->format != AV_SAMPLE_FMT_FLTP)
            error = complain(failure);
        /* Counted, not timed: a file's times may jitter, and the packets that are made take the places of the source's one by one. */
        sounding->frame->pts = FRAME_SAMPLES * sounding->frame_count++;
        if (error == 0 && avcodec_send_frame(sounding->encoder, sounding->frame) < 0)
            error = complain(failure);
        if (error == 0)
            error = take_made(sounding, failure);
        av_frame_unref(sounding->frame);
    }
    return error;
}

static int encode_all(struct sounding *sounding, const struct mdc_source *source, struct fr_failure *failure) {
    const struct mdc_clip *clip = sounding->clip;
    int error = 0;

    for (uint32_t i = 0; i < clip->sound_count && error == 0; i++) {
        const struct mdc_packet *sound = &clip->sounds[i];
        if (av_new_packet(sounding->packet, (int) sound->bytes) < 0)
            return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for a packet");
        error = mdc_source_read(source, sound->at, sounding->packet->data, sound->bytes, failure);
        if (error == 0 && avcodec_send_packet(sounding->decoder, sounding->packet) < 0)
            error = complain(failure);
        av_packet_unref(sounding->packet);
        if (error == 0)
            error = pass_on(sounding, failure);
    }
    if (error == 0) {
        avcodec_send_frame(sounding->encoder, NULL);
        error = take_made(sounding, failure);
    }
    return error == 0 && sounding->shelf->count != clip->sound_count ? complain(failure) : error;
}

int mdc_sound_encode(const struct mdc_clip *clip, const struct mdc_source *source, const char *folder, struct mdc_shelf *shelf,
                     struct fr_failure *failure) {
    struct sounding sounding = {.clip = clip, .shelf = shelf, .folder = folder};
    int error = open_codecs(&sounding);

    if (error != 0)
        fr_failure_set(failure, error, 0, "the encoder for low-quality sound cannot be set up");
    else
        error = encode_all(&sounding, source, failure);
    avcodec_free_context(&sounding.decoder);
    avcodec_free_context(&sounding.encoder);
    av_packet_free(&sounding.packet);
    av_packet_free(&sounding.made);
    av_frame_free(&sounding.frame);
    return error;
}
