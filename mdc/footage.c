/* SPDX-License-Identifier: Apache-2.0 */
/* Where a video's full quality comes from: its own packets where they can be copied, else a film that is encoded of it first. */
#include <string.h>

#include "base/failure.h"
#include "base/text.h"
#include "mdc/encode.h"
#include "mdc/remake.h"

/* One half of a long work that somebody watches. */
struct half {
    struct mdc_watch watch;
    const struct mdc_watch *whole;
    unsigned index;
};

static void tell_half(void *context, uint64_t done, uint64_t total) {
    const struct half *half = context;

    if (half->whole != NULL)
        half->whole->on_progress(half->whole->context, half->index * total + done, 2 * total);
}

/* "clip.avi" becomes "clip.mp4". */
static void rename_film(char *name) {
    static const char extension[] = ".mp4";
    char *dot = strrchr(name, '.');
    size_t length = dot != NULL && dot > name ? (size_t) (dot - name) : strlen(name);

    if (length > MDC_NAME_BYTES_MAX - strlen(extension))
        length = MDC_NAME_BYTES_MAX - strlen(extension);
    snprintf(name + length, sizeof extension, "%s", extension);
    fr_text_clean(name);
}

/* The film takes the source's place while it is encoded. */
static int encode_film(struct mdc_job *job, struct mdc_remade *remade, const struct mdc_watch *watch, struct fr_failure *failure) {
    struct mdc_source source = job->source;
    const struct mdc_watch *watch_before = job->watch;
    int error;

    job->source = remade->film;
    job->watch = watch;
    job->is_remade = true;
    job->header.source_bytes = remade->film.bytes;
    rename_film(job->header.name);
    error = mdc_source_hash(&job->source, job->header.source_sha256, failure);
    if (error == 0)
        error = mdc_video_copy(job, failure);
    job->source = source;
    job->watch = watch_before;
    return error;
}

/* What of a damaged film there is. */
static void describe_damage(const struct mdc_remade *remade, char *out, size_t room) {
    snprintf(out, room, "it is damaged: of %.1f s %.1f s can be decoded, %u of %u pictures badly", remade->announced_seconds,
             remade->seconds, remade->broken_count, remade->picture_count);
}

/* why: for which reason it is not copied; empty: nobody wanted it to be. */
static void remark(struct mdc_job *job, const struct mdc_remade *remade, const char *why) {
    char damage[120] = "", before[FR_FAILURE_TEXT_MAX];

    snprintf(before, sizeof before, "%s", job->remark);
    if (remade->is_damaged)
        describe_damage(remade, damage, sizeof damage);
    snprintf(job->remark, sizeof job->remark,
             "%.90s%sit is encoded again: all descriptions are that film, not the file's bytes%s%s%.40s%s%.50s", why,
             why[0] != '\0' ? "; " : "", damage[0] != '\0' ? "; " : "", damage, remade->remark, before[0] != '\0' ? "; " : "", before);
}

static int encode_again(struct mdc_job *job, const char *why, struct fr_failure *failure) {
    struct half halves[2] = {{.index = 0}, {.index = 1}};
    struct mdc_remade remade;
    char damage[120];
    struct mdc_remake_options options = {.count = job->header.count, .folder = job->options->folder, .watch = &halves[0].watch};
    int error = mdc_job_make_folder(job, failure);

    for (unsigned i = 0; i < 2; i++) {
        halves[i].watch = (struct mdc_watch){.on_progress = tell_half, .context = &halves[i]};
        halves[i].whole = job->watch;
    }
    if (error == 0)
        error = mdc_remake(&job->source, &options, &remade, failure);
    if (error != 0)
        return error;
    /* Nobody asked for it to be encoded again: then what cannot be decoded must not be lost. */
    if (remade.is_damaged && job->options->hq == MDC_HQ_AUTO) {
        describe_damage(&remade, damage, sizeof damage);
        error = fr_failure_set(failure, FR_E_SYNTAX, 0, "%s", damage);
    }
    if (error == 0)
        error = encode_film(job, &remade, &halves[1].watch, failure);
    if (error == 0)
        remark(job, &remade, why);
    mdc_source_close(&remade.film);
    return error;
}

int mdc_video_encode(struct mdc_job *job, struct fr_failure *failure) {
    enum mdc_hq hq = job->options->hq;
    struct mdc_header plain = job->header;
    struct fr_failure why = {0}, why_not = {0};
    int error = FR_E_SYNTAX;

    if (hq != MDC_HQ_ENCODE)
        error = mdc_video_copy(job, &why);
    if (error != FR_E_SYNTAX || hq == MDC_HQ_COPY)
        return error == 0 ? 0 : fr_failure_set(failure, error, 0, "%s", why.text);
    if (!mdc_remake_is_film(&job->source, hq == MDC_HQ_ENCODE))
        return fr_failure_set(failure, FR_E_SYNTAX, 0, "%s", why.text[0] != '\0' ? why.text : "it is no video that can be read");
    mdc_job_forget_outputs(job);
    job->header = plain;
    error = encode_again(job, why.text, &why_not);
    if (error == FR_E_SYNTAX && why.text[0] != '\0')
        return fr_failure_set(failure, error, 0, "%.180s; nor can it be encoded again: %.150s", why.text, why_not.text);
    return error == 0 ? 0 : fr_failure_set(failure, error, 0, "%s", why_not.text);
}
