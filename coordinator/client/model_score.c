#include "coordinator/client/model_score.h"

#include <string.h>

#include "coordinator/client/client.h"
#include "coordinator/client/result_rows.h"
#include "policy/result_file.h"

static json_t *model_of(const json_t *analysis)
{
    return json_object_get(json_object_get(analysis, "roc"), "model");
}

/* ---- the result ---- */

static enum status load_result(
    json_t **out, const char *path, const struct roster *roster)
{
    struct buffer text;
    struct envelope *envelope = NULL;
    if (path == NULL)
        return program_fail(STATUS_USAGE,
            "the query names a model: --model FILE gives its result");
    enum status status = client_read_file(&text, path);
    if (status != STATUS_OK)
        return status;
    status = result_file_read(&envelope, buffer_view(&text));
    if (status == STATUS_OK && roster != NULL)
        status =
            envelope_verify(envelope, TYPE_RESULT, &roster->coordinator.sign);
    if (status == STATUS_OK) {
        *out = result_file_json(envelope);
        status = *out == NULL ? STATUS_MALFORMED : STATUS_OK;
    }
    if (status != STATUS_OK)
        program_fail(status, "%s is no result of this federation", path);
    envelope_destroy(envelope);
    buffer_fini(&text);
    return status;
}

static bool is_model(const json_t *entry)
{
    const char *analysis = result_string(entry, "analysis");
    return (strcmp(analysis, "glm") == 0 || strcmp(analysis, "cox") == 0) &&
           json_is_array(json_object_get(entry, "table")) &&
           !json_is_false(json_object_get(entry, "converged"));
}

/* The entry that a model names, of the result of that query and that study. */
static enum status find_entry(const json_t **out, const json_t *model,
    const json_t *result, const char *study)
{
    const json_int_t entry =
        json_integer_value(json_object_get(model, "entry"));
    const json_t *results = json_object_get(result, "results");
    if (strcmp(result_string(model, "query_id"),
            result_string(result, "query_id")) != 0) {
        return program_fail(STATUS_WRONG_QUERY,
            "the model is of query '%s', the result of query '%s'",
            result_string(model, "query_id"),
            result_string(result, "query_id"));
    }
    if (study[0] != '\0' &&
        strcmp(study, result_string(result, "study")) != 0) {
        return program_fail(STATUS_WRONG_STUDY,
            "the model is of study '%s', the query of study '%s'",
            result_string(result, "study"), study);
    }
    *out = entry < 1 ? NULL : json_array_get(results, (size_t)entry - 1);
    return is_model(*out)
               ? STATUS_OK
               : program_fail(STATUS_NOT_FOUND,
                     "entry %lld of the result is no fitted glm or cox",
                     (long long)entry);
}

/* ---- the score ---- */

/* Of "y ~ terms": the outcome that is asked for, or y, and the terms. */
static json_t *formula_of(const json_t *roc, const json_t *entry)
{
    const char *formula =
        result_string(json_object_get(entry, "parameters"), "formula");
    const char *tilde = strchr(formula, '~');
    const char *outcome = result_string(roc, "outcome");
    if (tilde == NULL)
        return NULL;
    return outcome[0] == '\0' ? json_string(formula)
                              : json_sprintf("%s %s", outcome, tilde);
}

static json_t *coefficients_of(const json_t *entry)
{
    size_t at;
    json_t *row, *coefficients = json_object();
    json_array_foreach(json_object_get(entry, "table"), at, row)
        json_object_set(coefficients, result_string(row, "term"),
            json_object_get(row, "estimate"));
    return coefficients;
}

static void write_score(json_t *roc, const json_t *entry)
{
    const bool logit =
        strcmp(result_string(entry, "family"), "binomial") == 0 &&
        strcmp(result_string(entry, "link"), "logit") == 0;
    json_object_set_new(roc, "formula", formula_of(roc, entry));
    json_object_set_new(
        roc, "score", json_string(logit ? "probability" : "linear"));
    json_object_set_new(roc, "coefficients", coefficients_of(entry));
    json_object_set(roc, "of", json_object_get(roc, "model"));
    json_object_del(roc, "model");
    json_object_del(roc, "outcome");
}

static enum status resolve_all(json_t *query, const struct model_source *source)
{
    size_t at;
    json_t *analysis, *result = NULL;
    const char *study =
        source->study != NULL ? source->study : result_string(query, "study");
    enum status status = load_result(&result, source->path, source->roster);
    json_array_foreach(json_object_get(query, "analyses"), at, analysis)
    {
        const json_t *model = model_of(analysis), *entry = NULL;
        if (status != STATUS_OK || model == NULL)
            continue;
        status = find_entry(&entry, model, result, study);
        if (status == STATUS_OK)
            write_score(json_object_get(analysis, "roc"), entry);
    }
    json_decref(result);
    return status;
}

static bool names_model(const json_t *query)
{
    size_t at;
    json_t *analysis;
    json_array_foreach(json_object_get(query, "analyses"), at, analysis)
    {
        if (model_of(analysis) != NULL)
            return true;
    }
    return false;
}

static int append_piece(const char *piece, size_t size, void *out)
{
    return buffer_append(out, piece, size) == STATUS_OK ? 0 : -1;
}

enum status model_score_resolve(
    struct buffer *text, const struct model_source *source)
{
    /* What is no JSON is for the query's own reader to explain. */
    json_t *query = json_loadb(
        (const char *)text->data, text->size, JSON_REJECT_DUPLICATES, NULL);
    enum status status = STATUS_OK;
    if (query != NULL && names_model(query)) {
        status = resolve_all(query, source);
        buffer_clear(text);
        if (status == STATUS_OK &&
            json_dump_callback(query, append_piece, text,
                JSON_COMPACT | JSON_REAL_PRECISION(17)) != 0)
            status = STATUS_NO_MEMORY;
    }
    json_decref(query);
    return status;
}
