#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/admission.h"
#include "policy/freeze.h"
#include "policy/reading.h"
#include "protocol/wire/json_text.h"

static const char *const header_keys[] = {"cohortium", "query", "study",
    "roster", "session", "deadline", "min_centers", "suite", "centers",
    "remembered", "freezes"};

static enum status read_centers(struct session_header *header,
    const struct field *root, struct diagnostic *diagnostic)
{
    struct field list;
    size_t count = 0;
    enum status status = field_get(&list, root, "centers", diagnostic);
    if (status == STATUS_OK)
        status = field_array(&list, &count, ROSTER_CENTERS_MAX, diagnostic);
    if (status != STATUS_OK)
        return status;
    header->centers = calloc(count + 1, sizeof *header->centers);
    if (header->centers == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        struct field item = field_item(&list, i);
        const char *name;
        status = field_text(&item, &name, NAME_MAX_BYTES, diagnostic);
        if (status == STATUS_OK && !is_plain_name(name))
            status = field_fail(&item, diagnostic, "'%s' is no center", name);
        for (size_t k = 0; status == STATUS_OK && k < i; k++) {
            if (strcmp(header->centers[k], name) == 0)
                status =
                    field_fail(&item, diagnostic, "'%s' is there twice", name);
        }
        if (status == STATUS_OK)
            snprintf(header->centers[i], sizeof header->centers[i], "%s", name);
        header->center_count = i + (status == STATUS_OK);
    }
    return status;
}

/* One a center, in their order. */
static enum status read_freezes(struct session_header *header,
    const struct field *root, struct diagnostic *diagnostic)
{
    struct field list;
    size_t count = 0;
    enum status status = field_get(&list, root, "freezes", diagnostic);
    if (status == STATUS_OK)
        status = field_array(&list, &count, ROSTER_CENTERS_MAX, diagnostic);
    if (status == STATUS_OK && count != header->center_count)
        status = field_fail(&list, diagnostic, "%zu freezes of %zu centers",
            count, header->center_count);
    if (status != STATUS_OK)
        return status;
    header->freezes = calloc(count + 1, sizeof *header->freezes);
    if (header->freezes == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        struct field item = field_item(&list, i);
        status = field_integer(
            &item, &header->freezes[i], 0, FREEZE_NUMBER_MAX, diagnostic);
    }
    return status;
}

static enum status read_header(
    void *out, const struct field *root, struct diagnostic *diagnostic)
{
    struct session_header *header = out;
    struct field field;
    int64_t suite;
    enum status status = field_expect_object(root, header_keys,
        sizeof header_keys / sizeof header_keys[0], diagnostic);
    if (status == STATUS_OK)
        status = read_kind(root, "session", diagnostic);
    if (status == STATUS_OK)
        status = read_bytes(
            root, "query", header->query_id.bytes, DIGEST_BYTES, diagnostic);
    if (status == STATUS_OK)
        status = read_bytes(
            root, "study", header->study_id.bytes, DIGEST_BYTES, diagnostic);
    if (status == STATUS_OK)
        status = read_bytes(
            root, "roster", header->roster_id.bytes, DIGEST_BYTES, diagnostic);
    if (status == STATUS_OK)
        status = read_bytes(root, "session", header->session,
            sizeof header->session, diagnostic);
    if (status == STATUS_OK)
        status = read_time(root, "deadline", &header->deadline, diagnostic);
    if (status == STATUS_OK)
        status = field_get(&field, root, "min_centers", diagnostic);
    if (status == STATUS_OK)
        status = field_integer(
            &field, &header->min_centers, 1, ROSTER_CENTERS_MAX, diagnostic);
    if (status == STATUS_OK)
        status = field_get(&field, root, "suite", diagnostic);
    if (status == STATUS_OK)
        status = field_integer(
            &field, &suite, ROSTER_SUITE, ROSTER_SUITE, diagnostic);
    header->weighed =
        status == STATUS_OK && field_find(&field, root, "remembered");
    if (header->weighed)
        status = read_bytes(root, "remembered", header->remembered.bytes,
            DIGEST_BYTES, diagnostic);
    if (status == STATUS_OK)
        status = read_centers(header, root, diagnostic);
    return status == STATUS_OK ? read_freezes(header, root, diagnostic)
                               : status;
}

enum status session_header_parse(struct session_header **out,
    struct view payload, struct diagnostic *diagnostic)
{
    *out = NULL;
    struct session_header *header = calloc(1, sizeof *header);
    if (header == NULL)
        return STATUS_NO_MEMORY;
    header->id = digest_of(payload);
    enum status status =
        read_document(header, read_header, payload, diagnostic);
    if (status != STATUS_OK) {
        session_header_destroy(header);
        return status;
    }
    *out = header;
    return STATUS_OK;
}

void session_header_destroy(struct session_header *header)
{
    if (header == NULL)
        return;
    free(header->centers);
    free(header->freezes);
    free(header);
}

struct center_list session_header_list(const struct session_header *header)
{
    return (struct center_list){header->center_count, header->centers};
}

enum status session_header_write(
    struct buffer *out, const struct session_header *header)
{
    char query[DIGEST_TEXT], study[DIGEST_TEXT], roster[DIGEST_TEXT];
    char session[2 * sizeof header->session + 1], deadline[TIME_TEXT];
    digest_to_text(query, &header->query_id);
    digest_to_text(study, &header->study_id);
    digest_to_text(roster, &header->roster_id);
    hex_encode(session, header->session, sizeof header->session);
    time_text(deadline, header->deadline);
    json_t *centers = json_array(), *freezes = json_array();
    for (size_t i = 0; i < header->center_count; i++) {
        json_array_append_new(centers, json_string(header->centers[i]));
        json_array_append_new(freezes, json_integer(header->freezes[i]));
    }
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:i, s:o, s:o}",
            "cohortium", "session", "query", query, "study", study, "roster",
            roster, "session", session, "deadline", deadline, "min_centers",
            (json_int_t)header->min_centers, "suite", ROSTER_SUITE, "centers",
            centers, "freezes", freezes);
    if (header->weighed) {
        char remembered[DIGEST_TEXT];
        digest_to_text(remembered, &header->remembered);
        json_object_set_new(json, "remembered", json_string(remembered));
    }
    enum status status = json_text_append(out, json, JSON_COMPACT);
    json_decref(json);
    return status;
}
