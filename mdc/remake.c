/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/remake.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/failure.h"
#include "mdc/redub.h"
#include "mdc/retake.h"

static const double GOP_SECONDS = 2, GOP_SECONDS_MIN = 0.5;
static const double WHOLE_ENOUGH = 0.9; /* of what a file promises: its own words are not exact */
enum { BROKEN_PARTS = 20 };             /* one picture in so many may be broken, as where a recording begins in the middle */

struct remaking {
    struct mdc_reel in, out;
    AVStream *video, *sound; /* sound: NULL when there is none that can be decoded */
    struct mdc_retake retake;
    struct mdc_redub redub;
};

static void remaking_done(struct remaking *remaking) {
    mdc_retake_done(&remaking->retake);
    mdc_redub_done(&remaking->redub);
    mdc_reel_done(&remaking->out);
    mdc_reel_done(&remaking->in);
}

double mdc_remake_gop_seconds(double seconds, unsigned count) {
    return seconds > 0 ? fmax(fmin(GOP_SECONDS, seconds / count), GOP_SECONDS_MIN) : GOP_SECONDS;
}

/* What the file promises to show; 0: it does not say. */
static double announced(AVFormatContext *film, const AVStream *video) {
    if (video->duration > 0)
        return (double) video->duration * av_q2d(video->time_base);
    return film->duration > 0 ? (double) film->duration / AV_TIME_BASE : 0;
}

/* A bare stream of pictures says nothing of its length before all of it has been read. */
static double count_seconds(const struct mdc_source *source) {
    struct mdc_reel reel;
    AVPacket *packet = av_packet_alloc();
    AVStream *video = mdc_reel_open(&reel, source, NULL) == 0 ? mdc_reel_find(&reel, AVMEDIA_TYPE_VIDEO) : NULL;
    AVRational rate = video != NULL ? av_guess_frame_rate(reel.format, video, NULL) : (AVRational){0, 1};
    double count = 0;

    while (packet != NULL && rate.num > 0 && av_read_frame(reel.format, packet) >= 0) {
        count += packet->stream_index == video->index;
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
    mdc_reel_done(&reel);
    return rate.num > 0 ? count / av_q2d(rate) : 0;
}

/* How long will a group of pictures be? */
static double choose_gop_seconds(const struct remaking *remaking, const struct mdc_source *source, unsigned count) {
    double seconds = announced(remaking->in.format, remaking->video);

    return mdc_remake_gop_seconds(seconds > 0 ? seconds : count_seconds(source), count);
}

static int find_tracks(struct remaking *remaking, const struct mdc_source *source, struct fr_failure *failure) {
    int error = mdc_reel_open(&remaking->in, source, failure);

    if (error != 0)
        return error;
    remaking->video = mdc_reel_find(&remaking->in, AVMEDIA_TYPE_VIDEO);
    remaking->sound = mdc_reel_find(&remaking->in, AVMEDIA_TYPE_AUDIO);
    if (remaking->video == NULL)
        return fr_failure_set(failure, FR_E_SYNTAX, 0, "%s has no video track", source->path);
    return 0;
}

bool mdc_remake_is_film(const struct mdc_source *source, bool also_odd) {
    struct mdc_reel reel;
    bool is_film = mdc_reel_open(&reel, source, NULL) == 0 && (also_odd || mdc_reel_is_film(&reel)) &&
        mdc_reel_find(&reel, AVMEDIA_TYPE_VIDEO) != NULL;

    mdc_reel_done(&reel);
    return is_film;
}

/* Only what is shown and heard is read; a film whose sound has no decoder is a silent one. */
static int open_tracks(struct remaking *remaking, double gop_seconds, struct mdc_remade *remade, struct fr_failure *failure) {
    AVFormatContext *film = remaking->in.format;
    int64_t start = film->start_time != AV_NOPTS_VALUE ? film->start_time : 0;
    struct fr_failure why = {0};
    int error = mdc_retake_open(&remaking->retake, film, remaking->video, start, gop_seconds, &remaking->out, failure);

    if (error == 0 && remaking->sound != NULL) {
        error = mdc_redub_open(&remaking->redub, remaking->sound, start, &remaking->out, &why);
        if (error == FR_E_SYNTAX) {
            snprintf(remade->remark, sizeof remade->remark, "; %.100s: it is left out", why.text);
            remaking->sound = NULL;
            error = 0;
        } else if (error != 0) {
            fr_failure_set(failure, error, 0, "%s", why.text);
        }
    }
    for (unsigned i = 0; i < film->nb_streams; i++)
        if (film->streams[i] != remaking->video && film->streams[i] != remaking->sound)
            film->streams[i]->discard = AVDISCARD_ALL;
    return error;
}

static int write_head(struct remaking *remaking, struct fr_failure *failure) {
    remaking->out.format->flags |= AVFMT_FLAG_BITEXACT; /* the same bytes for the same source */
    if (avformat_write_header(remaking->out.format, NULL) >= 0)
        return 0;
    return fr_failure_set(failure, FR_E_SYNTAX, 0, "it cannot be put into an MP4");
}

static int pass_on(struct remaking *remaking, const AVPacket *packet, struct fr_failure *failure) {
    if (packet->stream_index == remaking->video->index)
        return mdc_retake_push(&remaking->retake, packet, failure);
    if (remaking->sound != NULL && packet->stream_index == remaking->sound->index)
        return mdc_redub_push(&remaking->redub, packet, failure);
    return 0;
}

static int run_through(struct remaking *remaking, const struct mdc_watch *watch, struct fr_failure *failure) {
    AVPacket *packet = av_packet_alloc();
    int error = 0;

    if (packet == NULL)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for a packet");
    while (error == 0 && av_read_frame(remaking->in.format, packet) >= 0) {
        error = pass_on(remaking, packet, failure);
        av_packet_unref(packet);
        if (watch != NULL)
            watch->on_progress(watch->context, remaking->in.at, remaking->in.end);
    }
    av_packet_free(&packet);
    if (error == 0)
        error = mdc_retake_push(&remaking->retake, NULL, failure);
    if (error == 0 && remaking->sound != NULL)
        error = mdc_redub_push(&remaking->redub, NULL, failure);
    if (error == 0 && remaking->retake.taken < 2)
        error = fr_failure_set(failure, FR_E_SYNTAX, 0,
                               remaking->retake.taken == 0 ? "none of its pictures can be decoded" : "it is a single picture");
    return error != 0 ? error : mdc_reel_write(&remaking->out, NULL, failure);
}

static void judge(const struct remaking *remaking, struct mdc_remade *remade) {
    const struct mdc_retake *retake = &remaking->retake;

    remade->seconds = mdc_retake_seconds(retake);
    remade->announced_seconds = announced(remaking->in.format, remaking->video);
    remade->picture_count = retake->taken;
    remade->broken_count = retake->broken;
    remade->is_damaged = remade->seconds + 1 < WHOLE_ENOUGH * remade->announced_seconds ||
        retake->broken > 1 + retake->taken / BROKEN_PARTS;
}

int mdc_remake(const struct mdc_source *source, const struct mdc_remake_options *options, struct mdc_remade *ret_remade,
               struct fr_failure *failure) {
    struct remaking remaking = {0};
    struct mdc_remade remade = {.film = {.fd = -1, .path = source->path}};
    int error = find_tracks(&remaking, source, failure);

    if (error == 0)
        error = mdc_open_nameless(options->folder, &remade.film.fd, failure);
    if (error == 0)
        error = mdc_reel_create(&remaking.out, remade.film.fd, failure);
    if (error == 0)
        error = open_tracks(&remaking, choose_gop_seconds(&remaking, source, options->count), &remade, failure);
    if (error == 0)
        error = write_head(&remaking, failure);
    if (error == 0)
        error = run_through(&remaking, options->watch, failure);
    if (error == 0)
        judge(&remaking, &remade);
    remaking_done(&remaking);
    if (error == 0) {
        remade.film.bytes = remaking.out.end;
        *ret_remade = remade;
    } else {
        mdc_source_close(&remade.film);
    }
    return error;
}
