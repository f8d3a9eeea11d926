/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/survey.h"

#include "base/text.h"

void mdc_survey_take(struct mdc_survey *survey, struct mdc_gathered *gathered) {
    *survey = (struct mdc_survey){.gathered = gathered};
    for (unsigned i = 0; i < MDC_COUNT_MAX; i++)
        if (gathered->pieces[i] != NULL && mdc_piece_is_whole(gathered->pieces[i], &survey->problems[i]))
            survey->whole_count++;
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

static void print_allowed(const struct mdc_survey *survey, FILE *out) {
    const struct mdc_header *header = survey->gathered->header;
    unsigned quality = mdc_survey_quality(header, survey->whole_count);

    fprintf(out, "these %u whole ones allow  ", survey->whole_count);
    if (quality == MDC_QUALITY_EXACT)
        fprintf(out, header->is_exact ? "the original, byte for byte\n" : "everything that the set holds\n");
    else if (quality == MDC_QUALITY_UNKNOWN)
        fprintf(out, "nothing\n");
    else
        fprintf(out, "about %.1f dB (Y-PSNR)\n", quality / 100.0);
}

static void print_layers(const struct mdc_header *header, FILE *out) {
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
    fprintf(out, "set     %s, profile %s, %u descriptions\nsource  %s, %llu bytes, SHA-256 %s\n", id, mdc_profile_name(header->profile),
            header->count, header->name, (unsigned long long) header->source_bytes, digest);
    print_layers(header, out);
    for (unsigned i = 0; i < header->count; i++) {
        const struct mdc_piece *piece = survey->gathered->pieces[i];
        if (piece == NULL)
            fprintf(out, "%4u  missing\n", i + 1);
        else
            fprintf(out, "%4u  %-8s %12llu bytes  %s\n", i + 1, survey->problems[i] == NULL ? "whole" : survey->problems[i],
                    (unsigned long long) piece->file.bytes, piece->file.path);
    }
    print_allowed(survey, out);
}

/* For scripts */

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

static json_t *pieces_json(const struct mdc_survey *survey) {
    json_t *list = json_array();

    for (unsigned i = 0; i < survey->gathered->header->count; i++) {
        const struct mdc_piece *piece = survey->gathered->pieces[i];
        if (piece != NULL)
            json_array_append_new(list,
                                  json_pack("{s:i, s:s, s:I, s:b, s:s?}", "description", (int) i + 1, "path", piece->file.path, "bytes",
                                            (json_int_t) piece->file.bytes, "whole", survey->problems[i] == NULL, "problem",
                                            survey->problems[i]));
    }
    return list;
}

json_t *mdc_survey_json(const struct mdc_survey *survey) {
    const struct mdc_header *header = survey->gathered->header;
    char id[2 * MDC_SET_ID_BYTES + 1], digest[2 * MDC_SHA256_BYTES + 1];
    unsigned quality = mdc_survey_quality(header, survey->whole_count);

    fr_text_hex(header->set_id, MDC_SET_ID_BYTES, id);
    fr_text_hex(header->source_sha256, MDC_SHA256_BYTES, digest);
    return json_pack("{s:s, s:s, s:i, s:b, s:f, s:{s:s, s:I, s:s}, s:o, s:o, s:i, s:s, s:o}", "set", id, "profile",
                     mdc_profile_name(header->profile), "count", header->count, "exact", header->is_exact, "redundancy_percent",
                     header->redundancy / 100.0, "source", "name", header->name, "bytes", (json_int_t) header->source_bytes, "sha256",
                     digest, "layers", layers_json(header), "descriptions", pieces_json(survey), "whole_count", (int) survey->whole_count,
                     "allows",
                     quality == MDC_QUALITY_EXACT         ? "all"
                         : quality == MDC_QUALITY_UNKNOWN ? "nothing"
                                                          : "some",
                     "psnr_db", quality_json(quality));
}
