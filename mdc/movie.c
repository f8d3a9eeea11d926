/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/movie.h"

#include <string.h>

#include <libavutil/opt.h>

#include "base/failure.h"
#include "mdc/bytes.h"

enum { SETS_MAX = 31, SET_IDS = 32, AVCC_BYTES_MAX = 64 << 10, SPS_HEAD_BYTES = 4, PPS_HEAD_BYTES = 1 };

/* The avcC record: ISO/IEC 14496-15, 5.3.3.1. */
struct record {
    const uint8_t *sps[SETS_MAX], *pps[256];
    size_t sps_bytes[SETS_MAX], pps_bytes[256];
    unsigned sps_count, pps_count;
    const uint8_t *head, *extension; /* 5 bytes; what follows the sets */
    size_t extension_bytes;
};

static bool read_record(const AVCodecParameters *par, struct record *record) {
    struct mdc_reader in = mdc_reader_over(par->extradata, (size_t) par->extradata_size);

    *record = (struct record){.head = mdc_read_bytes(&in, 5)};
    record->sps_count = (unsigned) mdc_read_number(&in, 1) & 31;
    for (unsigned i = 0; i < record->sps_count; i++) {
        record->sps_bytes[i] = mdc_read_number(&in, 2);
        record->sps[i] = mdc_read_bytes(&in, record->sps_bytes[i]);
    }
    record->pps_count = (unsigned) mdc_read_number(&in, 1);
    for (unsigned i = 0; i < record->pps_count; i++) {
        record->pps_bytes[i] = mdc_read_number(&in, 2);
        record->pps[i] = mdc_read_bytes(&in, record->pps_bytes[i]);
    }
    record->extension = in.at;
    record->extension_bytes = mdc_reader_left(&in);
    return !in.is_short;
}

/* The first Exp-Golomb number behind so many bytes; -1 when there is none. */
static int read_golomb(const uint8_t *bytes, size_t count, size_t skip) {
    unsigned zeros = 0, number = 0;
    size_t bit = 8 * skip;

    while (bit < 8 * count && !(bytes[bit / 8] >> (7 - bit % 8) & 1) && zeros < 16) {
        zeros++;
        bit++;
    }
    if (zeros == 16 || bit + zeros >= 8 * count)
        return -1;
    for (unsigned i = 0; i <= zeros; i++, bit++)
        number = number << 1 | (bytes[bit / 8] >> (7 - bit % 8) & 1U);
    return (int) number - 1;
}

int mdc_movie_free_set_id(const AVCodecParameters *source) {
    bool is_used[SET_IDS] = {false};
    struct record record;

    if (!read_record(source, &record) || record.sps_count == 0 || record.sps_count >= SETS_MAX || record.pps_count >= 255)
        return -1;
    for (unsigned i = 0; i < record.sps_count + record.pps_count; i++) {
        bool is_sps = i < record.sps_count;
        unsigned at = is_sps ? i : i - record.sps_count;
        int id = is_sps ? read_golomb(record.sps[at], record.sps_bytes[at], SPS_HEAD_BYTES)
                        : read_golomb(record.pps[at], record.pps_bytes[at], PPS_HEAD_BYTES);
        if (id < 0)
            return -1;
        if (id < SET_IDS)
            is_used[id] = true;
    }
    for (int id = 0; id < SET_IDS; id++)
        if (!is_used[id])
            return id;
    return -1;
}

static void write_sets(struct mdc_writer *out, const uint8_t *const *sets, const size_t *bytes, unsigned count, const uint8_t *added,
                       int added_bytes) {
    for (unsigned i = 0; i < count; i++) {
        mdc_write_number(out, bytes[i], 2);
        mdc_write_bytes(out, sets[i], bytes[i]);
    }
    mdc_write_number(out, (uint64_t) added_bytes, 2);
    mdc_write_bytes(out, added, (size_t) added_bytes);
}

/* The source's record with the low quality's sets added, into par. */
static bool merge_sets(AVCodecParameters *par, const struct mdc_thin *thin) {
    uint8_t *merged = av_mallocz(AVCC_BYTES_MAX + AV_INPUT_BUFFER_PADDING_SIZE);
    struct mdc_writer out = mdc_writer_over(merged, AVCC_BYTES_MAX);
    struct record record;

    if (merged == NULL || !read_record(par, &record)) {
        av_free(merged);
        return false;
    }
    mdc_write_bytes(&out, record.head, 5);
    mdc_write_number(&out, 0xe0 | (record.sps_count + 1), 1);
    write_sets(&out, record.sps, record.sps_bytes, record.sps_count, thin->sps, thin->sps_bytes);
    mdc_write_number(&out, record.pps_count + 1, 1);
    write_sets(&out, record.pps, record.pps_bytes, record.pps_count, thin->pps, thin->pps_bytes);
    mdc_write_bytes(&out, record.extension, record.extension_bytes);
    av_freep(&par->extradata);
    par->extradata = merged;
    par->extradata_size = (int) (out.at - merged);
    return !out.is_full;
}

static AVStream *add_track(AVFormatContext *out, const AVStream *like) {
    AVStream *track = avformat_new_stream(out, NULL);
    size_t bytes;
    const uint8_t *matrix = av_stream_get_side_data(like, AV_PKT_DATA_DISPLAYMATRIX, &bytes);

    if (track == NULL || avcodec_parameters_copy(track->codecpar, like->codecpar) < 0)
        return NULL;
    track->codecpar->codec_tag = 0;
    track->time_base = like->time_base;
    track->sample_aspect_ratio = like->sample_aspect_ratio;
    if (matrix != NULL) {
        uint8_t *copy = av_stream_new_side_data(track, AV_PKT_DATA_DISPLAYMATRIX, bytes);
        if (copy == NULL)
            return NULL;
        memcpy(copy, matrix, bytes);
    }
    return track;
}

/* libavformat writes exactly ftyp and moov when it is told that fragments will follow; ours do, and it is asked for no more. */
static int write_beginning(AVFormatContext *out, struct mdc_movie *movie) {
    AVDictionary *options = NULL;
    int result, count;

    if (avio_open_dyn_buf(&out->pb) < 0)
        return FR_E_MEMORY;
    av_dict_set(&options, "movflags", "frag_custom+empty_moov+default_base_moof+skip_trailer", 0);
    out->flags |= AVFMT_FLAG_BITEXACT; /* the same bytes for the same source */
    result = avformat_write_header(out, &options);
    av_dict_free(&options);
    count = avio_close_dyn_buf(out->pb, &movie->bytes);
    movie->count = count > 0 ? (size_t) count : 0;
    out->pb = NULL;
    return result < 0 || movie->count == 0 ? FR_E_ARGUMENT : 0;
}

int mdc_movie_make(struct mdc_movie *movie, const struct mdc_clip *clip, const struct mdc_thin *thin, struct fr_failure *failure) {
    AVFormatContext *out = NULL;
    AVStream *pictures = NULL, *sound = NULL;
    int error = avformat_alloc_output_context2(&out, NULL, "mp4", NULL) < 0 ? FR_E_MEMORY : 0;

    *movie = (struct mdc_movie){0};
    if (error == 0) {
        pictures = add_track(out, clip->video);
        sound = clip->sound != NULL ? add_track(out, clip->sound) : NULL;
        if (pictures == NULL || (clip->sound != NULL && sound == NULL) || !merge_sets(pictures->codecpar, thin))
            error = FR_E_MEMORY;
    }
    if (error == 0)
        error = write_beginning(out, movie);
    if (error == 0) {
        movie->picture_base = pictures->time_base;
        movie->sound_base = sound != NULL ? sound->time_base : pictures->time_base;
    }
    avformat_free_context(out);
    if (error != 0) {
        mdc_movie_done(movie);
        return fr_failure_set(failure, error, 0, "the beginning of an MP4 cannot be made");
    }
    return 0;
}

void mdc_movie_done(struct mdc_movie *movie) {
    av_freep(&movie->bytes);
    movie->count = 0;
}
