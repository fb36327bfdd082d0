#include "coordinator/client/status_text.h"

#include "coordinator/client/client.h"
#include "protocol/wire/json_text.h"

#define WORD_MAX 512

static const char *word(
    const json_t *object, const char *key, const char *none, char *out)
{
    const char *text = json_string_value(json_object_get(object, key));
    snprintf(out, WORD_MAX, "%s", text == NULL ? none : text);
    client_clean_text(out);
    return out;
}

/* A new reference. Says so when there is none. */
static enum status parse(json_t **out, struct view json)
{
    enum status status =
        json_text_parse(out, json, JSON_REJECT_DUPLICATES, NULL);
    if (status == STATUS_OK && !json_is_object(*out))
        status = STATUS_MALFORMED;
    return status == STATUS_OK
               ? status
               : program_fail(status, "the coordinator's reply is %s",
                     status_text(status));
}

static void print_query(FILE *out, const json_t *query)
{
    char id[WORD_MAX], state[WORD_MAX], when[WORD_MAX], study[WORD_MAX],
        reason[WORD_MAX];
    fprintf(out, "%.16s  %-8s  %s  %s  %s\n", word(query, "query_id", "?", id),
        word(query, "state", "?", state), word(query, "submitted", "?", when),
        word(query, "study", "?", study), word(query, "reason", "", reason));
}

static void print_study(FILE *out, const json_t *study)
{
    char id[WORD_MAX], name[WORD_MAX];
    fprintf(out, "%.12s  %-24s %zu centers opted in\n",
        word(study, "study_id", "?", id), word(study, "name", "?", name),
        json_array_size(json_object_get(study, "opted_in")));
}

static enum status print_all(FILE *out, struct view json, const char *key,
    void (*print)(FILE *out, const json_t *item))
{
    json_t *all = NULL, *item;
    size_t at;
    enum status status = parse(&all, json);
    if (status == STATUS_OK)
        json_array_foreach(json_object_get(all, key), at, item)
            print(out, item);
    json_decref(all);
    return status;
}

enum status status_print_queries(FILE *out, struct view json)
{
    return print_all(out, json, "queries", print_query);
}

enum status status_print_studies(FILE *out, struct view json)
{
    return print_all(out, json, "studies", print_study);
}

enum status status_print_json(FILE *out, struct view json)
{
    json_t *all = NULL;
    enum status status = parse(&all, json);
    if (status == STATUS_OK) {
        fwrite(json.data, 1, json.size, out);
        fputc('\n', out);
    }
    json_decref(all);
    return status;
}
