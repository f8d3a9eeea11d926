/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/survey.h"

#include <math.h>

#include "base/failure.h"
#include "base/memory.h"
#include "base/text.h"

/* The groups of pictures of one description. */
static int survey_fragments(struct mdc_survey *survey, unsigned index, struct fr_failure *failure) {
    const struct mdc_description *description = survey->gathered->descriptions[index];
    struct mdc_fragments fragments;
    int error = mdc_fragments_list(&fragments, description, failure);

    for (uint32_t i = 0; error == 0 && i < fragments.count; i++) {
        const struct mdc_found *found = &fragments.found[i];
        struct mdc_survey_gop *gop = &survey->gops[found->gop_index];
        uint8_t *bytes = fr_alloc(found->fragment_bytes + 1);
        if (bytes != NULL && mdc_fragments_read(description, found, bytes)) {
            *(found->is_full ? &gop->full : &gop->low) |= 1U << index;
            gop->frame_count = found->frame_count;
        }
        fr_free(bytes);
    }
    if (error == 0)
        mdc_fragments_done(&fragments);
    return error;
}

static int survey_film(struct mdc_survey *survey, struct fr_failure *failure) {
    const struct mdc_film *film = &survey->gathered->header->film;
    uint32_t full_frames = 0;
    int error = 0;

    survey->gops = fr_alloc_zeroed(film->gop_count, sizeof *survey->gops);
    if (survey->gops == NULL)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for the groups of pictures");
    for (unsigned i = 0; i < MDC_COUNT_MAX && error == 0; i++)
        if (survey->gathered->descriptions[i] != NULL)
            error = survey_fragments(survey, i, failure);
    for (uint32_t g = 0; g < film->gop_count; g++) {
        survey->full_count += survey->gops[g].full != 0;
        survey->low_count += survey->gops[g].full == 0 && survey->gops[g].low != 0;
        if (survey->gops[g].full != 0)
            full_frames += survey->gops[g].frame_count;
    }
    survey->low_frame_count = film->frame_count > full_frames ? film->frame_count - full_frames : 0;
    return error;
}

int mdc_survey_take(struct mdc_survey *survey, struct mdc_gathered *gathered, struct fr_failure *failure) {
    *survey = (struct mdc_survey){.gathered = gathered};
    for (unsigned i = 0; i < MDC_COUNT_MAX; i++)
        if (gathered->descriptions[i] != NULL && mdc_description_is_whole(gathered->descriptions[i], &survey->problems[i]))
            survey->whole_count++;
    return gathered->header->profile == MDC_VIDEO ? survey_film(survey, failure) : 0;
}

void mdc_survey_done(struct mdc_survey *survey) { fr_free(survey->gops); }

/* Are there as many whole descriptions as the source takes? */
static bool is_restored(const struct mdc_survey *survey) {
    const struct mdc_header *header = survey->gathered->header;

    return survey->whole_count + (header->profile == MDC_VIDEO ? header->film.parity : 0) >= header->count;
}

static unsigned film_quality(const struct mdc_survey *survey) {
    const struct mdc_film *film = &survey->gathered->header->film;
    double share = film->frame_count > 0 ? (double) survey->low_frame_count / film->frame_count : 0;

    if (survey->full_count + survey->low_count == 0)
        return MDC_QUALITY_UNKNOWN;
    if (is_restored(survey) || survey->full_count == film->gop_count || share <= 0)
        return MDC_QUALITY_EXACT;
    return (unsigned) lround(film->low_quality - 1000 * log10(share));
}

unsigned mdc_survey_allowed(const struct mdc_survey *survey) {
    const struct mdc_header *header = survey->gathered->header;

    return header->profile == MDC_VIDEO ? film_quality(survey) : mdc_survey_quality(header, survey->whole_count);
}

unsigned mdc_survey_quality(const struct mdc_header *header, unsigned count) {
    unsigned quality = MDC_QUALITY_UNKNOWN;

    if (count == header->count)
        return MDC_QUALITY_EXACT;
    for (unsigned i = 0; i < header->layer_count && header->layers[i].needed <= count; i++)
        quality = header->layers[i].quality;
    return quality;
}

/* For people */

/* What all descriptions are together. */
static const char *restored(const struct mdc_header *header) {
    if (header->is_exact)
        return "the original, byte for byte";
    return header->profile == MDC_VIDEO ? "the film as it was encoded again, not the source's bytes" : "everything that the set holds";
}

static void print_allowed(const struct mdc_survey *survey, FILE *out) {
    const struct mdc_header *header = survey->gathered->header;
    unsigned quality = mdc_survey_allowed(survey);

    fprintf(out, "together  ");
    if (header->profile == MDC_VIDEO)
        fprintf(out, "%u of %u groups of pictures in full quality, %u in low: ", survey->full_count, header->film.gop_count,
                survey->low_count);
    if (quality == MDC_QUALITY_EXACT && !is_restored(survey) && header->profile == MDC_VIDEO)
        fprintf(out, "the whole video in full quality\n");
    else if (quality == MDC_QUALITY_EXACT)
        fprintf(out, "%s\n", restored(header));
    else if (quality == MDC_QUALITY_UNKNOWN)
        fprintf(out, "nothing\n");
    else
        fprintf(out, "about %.1f dB (Y-PSNR)\n", quality / 100.0);
}

static void print_layers(const struct mdc_header *header, FILE *out) {
    if (header->profile == MDC_VIDEO && header->film.parity > 0)
        fprintf(out, "  any %-2u of %u  %s\n", mdc_header_needed(header), header->count, restored(header));
    for (unsigned i = 0; i < header->layer_count; i++) {
        const struct mdc_layer *layer = &header->layers[i];
        fprintf(out, "  any %-2u of %u  ", layer->needed, header->count);
        if (layer->quality == MDC_QUALITY_EXACT)
            fprintf(out, "%s\n", header->is_exact ? "the original, byte for byte" : "every pixel of the original");
        else
            fprintf(out, "about %.1f dB (Y-PSNR)\n", layer->quality / 100.0);
    }
}

void mdc_survey_print(const struct mdc_survey *survey, FILE *out) {
    const struct mdc_header *header = survey->gathered->header;
    char id[2 * MDC_SET_ID_BYTES + 1], digest[2 * MDC_SHA256_BYTES + 1];

    fr_text_hex(header->set_id, MDC_SET_ID_BYTES, id);
    fr_text_hex(header->source_sha256, MDC_SHA256_BYTES, digest);
    fprintf(out, "set     %s, profile %s, %u descriptions\n%s  %s, %llu bytes, SHA-256 %s\n", id, mdc_profile_name(header->profile),
            header->count, header->profile == MDC_VIDEO && !header->is_exact ? "remade" : "source", header->name,
            (unsigned long long) header->source_bytes, digest);
    print_layers(header, out);
    for (unsigned i = 0; i < header->count; i++) {
        const struct mdc_description *description = survey->gathered->descriptions[i];
        if (description == NULL)
            fprintf(out, "%4u  missing\n", i + 1);
        else
            fprintf(out, "%4u  %-8s %12llu bytes  %s\n", i + 1, survey->problems[i] == NULL ? "whole" : survey->problems[i],
                    (unsigned long long) description->file.bytes, description->file.path);
    }
    print_allowed(survey, out);
}

/* For scripts */

static json_t *bits_json(uint32_t bits) {
    json_t *list = json_array();

    for (unsigned i = 0; i < MDC_COUNT_MAX; i++)
        if (bits >> i & 1)
            json_array_append_new(list, json_integer((int) i + 1));
    return list;
}

/* Videos: which descriptions have each group of pictures, and how well. null for others. */
static json_t *gops_json(const struct mdc_survey *survey) {
    json_t *list = survey->gops != NULL ? json_array() : json_null();

    for (uint32_t g = 0; survey->gops != NULL && g < survey->gathered->header->film.gop_count; g++)
        json_array_append_new(list,
                              json_pack("{s:i, s:i, s:o, s:o}", "gop", (int) g, "frames", (int) survey->gops[g].frame_count, "full_in",
                                        bits_json(survey->gops[g].full), "low_in", bits_json(survey->gops[g].low)));
    return list;
}

static json_t *quality_json(unsigned quality) {
    return quality == MDC_QUALITY_UNKNOWN || quality == MDC_QUALITY_EXACT ? json_null() : json_real(quality / 100.0);
}

static json_t *layers_json(const struct mdc_header *header) {
    json_t *layers = json_array();

    for (unsigned i = 0; i < header->layer_count; i++)
        json_array_append_new(layers,
                              json_pack("{s:i, s:I, s:o, s:b}", "needed", header->layers[i].needed, "bytes",
                                        (json_int_t) header->layers[i].bytes, "psnr_db", quality_json(header->layers[i].quality), "full",
                                        header->layers[i].quality == MDC_QUALITY_EXACT));
    return layers;
}

static json_t *descriptions_json(const struct mdc_survey *survey) {
    json_t *list = json_array();

    for (unsigned i = 0; i < survey->gathered->header->count; i++) {
        const struct mdc_description *description = survey->gathered->descriptions[i];
        if (description != NULL)
            json_array_append_new(list,
                                  json_pack("{s:i, s:s, s:I, s:b, s:s?}", "description", (int) i + 1, "path", description->file.path,
                                            "bytes", (json_int_t) description->file.bytes, "whole", survey->problems[i] == NULL, "problem",
                                            survey->problems[i]));
    }
    return list;
}

json_t *mdc_survey_json(const struct mdc_survey *survey) {
    const struct mdc_header *header = survey->gathered->header;
    char id[2 * MDC_SET_ID_BYTES + 1], digest[2 * MDC_SHA256_BYTES + 1];
    unsigned quality = mdc_survey_allowed(survey);

    fr_text_hex(header->set_id, MDC_SET_ID_BYTES, id);
    fr_text_hex(header->source_sha256, MDC_SHA256_BYTES, digest);
    return json_pack("{s:s, s:s, s:i, s:i, s:b, s:f, s:{s:s, s:I, s:s}, s:o, s:o, s:o, s:i, s:s, s:o}", "set", id, "profile",
                     mdc_profile_name(header->profile), "count", header->count, "needed", (int) mdc_header_needed(header), "exact",
                     header->is_exact, "redundancy_percent", header->redundancy / 100.0, "source", "name", header->name, "bytes",
                     (json_int_t) header->source_bytes, "sha256", digest, "layers", layers_json(header), "gops", gops_json(survey),
                     "descriptions", descriptions_json(survey), "whole_count", (int) survey->whole_count, "allows",
                     quality == MDC_QUALITY_EXACT         ? "all"
                         : quality == MDC_QUALITY_UNKNOWN ? "nothing"
                                                          : "some",
                     "psnr_db", quality_json(quality));
}
