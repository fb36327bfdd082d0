#include "coordinator/client/status_text.h"

#include <string.h>

#include "coordinator/client/client.h"
#include "protocol/wire/json_text.h"
#include "protocol/wire/text.h"

#define WORD_MAX 512

static const char *word(
    const json_t *object, const char *key, const char *none, char *out)
{
    const char *text = json_string_value(json_object_get(object, key));
    text_show(out, WORD_MAX, view_of_text(text == NULL ? none : text));
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

static int64_t number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* Where it stands, while it is not over; "" when that is not said. */
static void describe_progress(const json_t *query, char *out, size_t capacity)
{
    char step[WORD_MAX];
    *out = '\0';
    if (json_object_get(query, "waits_for") != NULL)
        snprintf(out, capacity, "waits for %.40s",
            word(query, "waits_for", "?", step));
    else if (number(query, "place") > 0)
        snprintf(out, capacity, "waits, number %lld of %lld in the queue",
            (long long)number(query, "place"),
            (long long)number(query, "waiting"));
    else if (json_object_get(query, "step") != NULL)
        snprintf(out, capacity, "round %lld: %.40s",
            (long long)number(query, "round"), word(query, "step", "?", step));
}

/* Why single centers gave nothing: "munich busy". */
static void print_notes(FILE *out, const json_t *query)
{
    static const char *const kinds[] = {"refused", "absent"};
    const json_t *centers = json_object_get(query, "centers"), *name;
    size_t at;
    for (int kind = 0; kind < 2; kind++) {
        json_array_foreach(json_object_get(centers, kinds[kind]), at, name)
        {
            char center[WORD_MAX], note[WORD_MAX];
            const char *key = json_string_value(name);
            if (key == NULL)
                continue;
            text_show(center, sizeof center, view_of_text(key));
            fprintf(out, "    %s: %s %s\n", center, kinds[kind],
                word(json_object_get(query, "notes"), key, "", note));
        }
    }
}

static void print_query(FILE *out, const json_t *query)
{
    char id[WORD_MAX], state[WORD_MAX], when[WORD_MAX], study[WORD_MAX],
        reason[WORD_MAX], progress[STATUS_PROGRESS_MAX];
    describe_progress(query, progress, sizeof progress);
    fprintf(out, "%s  %-8s  %s  %s  %s%s\n", word(query, "query_id", "?", id),
        word(query, "state", "?", state), word(query, "submitted", "?", when),
        word(query, "study", "?", study), word(query, "reason", "", reason),
        progress);
}

/* One query that was asked for says all that there is. */
static void print_whole_query(FILE *out, const json_t *query)
{
    print_query(out, query);
    print_notes(out, query);
}

/* Centers that refused lately, and how near they are to a lock. */
static void print_refusals(FILE *out, json_t *left)
{
    const char *key;
    json_t *number;
    json_object_foreach(left, key, number)
    {
        char center[WORD_MAX];
        text_show(center, sizeof center, view_of_text(key));
        if (json_integer_value(number) == 0)
            fprintf(
                out, "    %s has locked it: ask its data manager\n", center);
        else
            fprintf(out, "    %s locks it after %lld more refusals\n", center,
                (long long)json_integer_value(number));
    }
}

enum status status_find_approved(
    struct view json, const struct digest *study, bool *approved)
{
    json_t *all = NULL, *item;
    char id[DIGEST_TEXT];
    size_t at;
    digest_to_text(id, study);
    enum status status = parse(&all, json);
    *approved = false;
    if (status == STATUS_OK) {
        json_array_foreach(json_object_get(all, "studies"), at, item)
        {
            const char *name =
                json_string_value(json_object_get(item, "study_id"));
            /* an office of before says nothing of those that are not */
            if (name != NULL && strcmp(name, id) == 0)
                *approved = !json_is_false(json_object_get(item, "approved"));
        }
    }
    json_decref(all);
    return status;
}

static void print_amendments(FILE *out, const json_t *study)
{
    json_t *amendment, *cohort;
    size_t at, k;
    json_array_foreach(json_object_get(study, "amendments"), at, amendment)
    {
        fprintf(out, "    amended by");
        json_array_foreach(json_object_get(amendment, "cohorts"), k, cohort)
        {
            char name[WORD_MAX];
            const char *text = json_string_value(cohort);
            text_show(
                name, sizeof name, view_of_text(text == NULL ? "?" : text));
            fprintf(out, "%s %s", k == 0 ? "" : ",", name);
        }
        fprintf(out, "%s\n",
            json_is_true(json_object_get(amendment, "approved"))
                ? ""
                : ", which too few members approve");
    }
}

void status_print_pairs(FILE *out, const json_t *near)
{
    json_t *pair;
    size_t at;
    json_array_foreach(json_object_get(near, "pairs"), at, pair)
    {
        char query[WORD_MAX], when[WORD_MAX], cohort[WORD_MAX];
        fprintf(out, "    (%s), query %.12s of %s\n",
            word(pair, "cohort", "?", cohort),
            word(pair, "query_id", "?", query),
            word(pair, "submitted", "?", when));
        fprintf(out, "      beside (%s), query %.12s of %s\n",
            word(pair, "earlier_cohort", "?", cohort),
            word(pair, "earlier_query_id", "?", query),
            word(pair, "earlier_submitted", "?", when));
    }
}

/* For the committee alone. */
static void print_near(FILE *out, const json_t *study)
{
    const json_t *near = json_object_get(study, "near");
    if (near == NULL)
        return;
    fprintf(out,
        "    %lld cohorts within two people of an earlier one, answered "
        "otherwise; %lld seen%s\n",
        (long long)number(near, "found"), (long long)number(near, "seen"),
        json_is_true(json_object_get(near, "waits"))
            ? "; it waits for the committee: 'study continue'"
            : "");
    status_print_pairs(out, near);
}

static void print_study(FILE *out, const json_t *study)
{
    char id[WORD_MAX], name[WORD_MAX], why[WORD_MAX];
    fprintf(out, "%.12s  %-24s %zu centers opted in\n",
        word(study, "study_id", "?", id), word(study, "name", "?", name),
        json_array_size(json_object_get(study, "opted_in")));
    if (json_is_false(json_object_get(study, "approved")))
        fprintf(out, "    not approved, and answered by no center: %s\n",
            word(study, "not_approved", "?", why));
    print_amendments(out, study);
    print_near(out, study);
    print_refusals(out, json_object_get(study, "refusals_left"));
}

enum status status_find_near(
    struct view json, const struct digest *study, json_t **near)
{
    json_t *all = NULL, *item;
    char id[DIGEST_TEXT];
    size_t at;
    digest_to_text(id, study);
    *near = NULL;
    enum status status = parse(&all, json);
    if (status == STATUS_OK) {
        json_array_foreach(json_object_get(all, "studies"), at, item)
        {
            const char *name =
                json_string_value(json_object_get(item, "study_id"));
            if (name != NULL && strcmp(name, id) == 0)
                *near = json_incref(json_object_get(item, "near"));
        }
    }
    json_decref(all);
    return status;
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

static bool begins_with(const json_t *query, const char *prefix)
{
    const char *id = json_string_value(json_object_get(query, "query_id"));
    return id != NULL && strncmp(id, prefix, strlen(prefix)) == 0;
}

/* How many begin so; *one: the last of them. */
static size_t count_beginning(
    const json_t *all, const char *prefix, const json_t **one)
{
    json_t *item;
    size_t at, found = 0;
    json_array_foreach(json_object_get(all, "queries"), at, item)
    {
        if (!begins_with(item, prefix))
            continue;
        *one = item;
        found++;
    }
    return found;
}

/* STATUS_OK where one query begins so. */
static enum status check_beginning(size_t found, const char *prefix)
{
    if (found == 0)
        return program_fail(STATUS_NOT_FOUND,
            "you have no query whose id begins with %s", prefix);
    return found == 1 ? STATUS_OK
                      : program_fail(STATUS_USAGE,
                            "%zu queries begin with %s: give more of its "
                            "digits",
                            found, prefix);
}

enum status status_find_query(
    struct view json, const char *prefix, struct digest *id)
{
    json_t *all = NULL;
    const json_t *one = NULL;
    enum status status = parse(&all, json);
    if (status == STATUS_OK)
        status = check_beginning(count_beginning(all, prefix, &one), prefix);
    if (status == STATUS_OK)
        status = digest_from_text(
            id, json_string_value(json_object_get(one, "query_id")));
    json_decref(all);
    return status;
}

enum status status_print_queries(
    FILE *out, struct view json, const char *prefix)
{
    json_t *all = NULL, *item;
    const json_t *one = NULL;
    size_t at;
    enum status status = parse(&all, json);
    const size_t found = count_beginning(all, prefix, &one);
    json_array_foreach(json_object_get(all, "queries"), at, item)
    {
        if (!begins_with(item, prefix))
            continue;
        if (found == 1 && *prefix != '\0')
            print_whole_query(out, item);
        else
            print_query(out, item);
    }
    json_decref(all);
    return status == STATUS_OK && *prefix != '\0'
               ? check_beginning(found, prefix)
               : status;
}

void status_show_progress(FILE *out, struct status_progress *progress,
    struct view json, const char *query_id)
{
    json_t *all = NULL, *item;
    char line[STATUS_PROGRESS_MAX];
    size_t at;
    if (json_text_parse(&all, json, JSON_REJECT_DUPLICATES, NULL) != STATUS_OK)
        return;
    json_array_foreach(json_object_get(all, "queries"), at, item)
    {
        if (!begins_with(item, query_id))
            continue;
        describe_progress(item, line, sizeof line);
        if (progress->told++ > 0 && *line != '\0' &&
            strcmp(line, progress->line) != 0) {
            fprintf(out, "%s\n", line);
            memcpy(progress->line, line, sizeof line);
        }
    }
    json_decref(all);
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
