#include <string.h>

#include "coordinator/catalog_internal.h"
#include "policy/amendment.h"
#include "protocol/wire/log.h"

/* ---- envelopes ---- */

enum status catalog_documents_add(
    struct catalog_documents *documents, const struct view *bytes, size_t count)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        if (documents->count ==
            sizeof documents->items / sizeof documents->items[0])
            return STATUS_LIMIT_REACHED;
        status = envelope_decode(&documents->items[documents->count], bytes[i]);
        documents->count += status == STATUS_OK;
    }
    return status;
}

void catalog_documents_fini(struct catalog_documents *documents)
{
    for (size_t i = 0; i < documents->count; i++)
        envelope_destroy(documents->items[i]);
    documents->count = 0;
}

struct envelope_list catalog_documents_list(
    const struct catalog_documents *documents)
{
    return (struct envelope_list){
        (const struct envelope *const *)documents->items, documents->count};
}

static enum status add_own(
    struct catalog_documents *documents, const struct catalog_study *entry)
{
    struct view views[MESSAGE_DOCUMENTS_MAX];
    for (size_t i = 0; i < entry->approval_count; i++)
        views[i] = buffer_view(&entry->approvals[i]);
    return catalog_documents_add(documents, views, entry->approval_count);
}

/* ---- what stands ---- */

/* Its place, or the number of all. */
static size_t find_amended(
    const struct catalog_study *entry, const struct digest *id)
{
    size_t at = 0;
    while (
        at < entry->amended_count && !digest_equal(&entry->amended[at].id, id))
        at++;
    return at;
}

/* The study as that amendment leaves it. */
static enum status make_text(struct study **out, const struct catalog *catalog,
    const struct catalog_study *entry, const struct digest *id,
    const struct envelope_list *documents, struct diagnostic *diagnostic)
{
    enum status status =
        study_copy(out, entry->study, catalog->dictionary, diagnostic);
    if (status == STATUS_OK)
        status = study_amend(*out, id, documents, diagnostic);
    if (status == STATUS_OK)
        return status;
    study_destroy(*out);
    *out = NULL;
    return status;
}

/* One that is new here is added. */
static bool know(const struct catalog *catalog, struct catalog_study *entry,
    const struct envelope_list *documents, const struct digest *id)
{
    struct study *text = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "amendment");
    if (find_amended(entry, id) < entry->amended_count)
        return true;
    if (entry->amended_count == CATALOG_AMENDMENTS_MAX)
        return false;
    const enum status status =
        make_text(&text, catalog, entry, id, documents, &diagnostic);
    if (status != STATUS_OK) {
        log_event(LOG_ERROR, "catalog", "bad_amendment",
            "status=%s text=\"%s\"", status_name(status), diagnostic.message);
        return false;
    }
    entry->amended[entry->amended_count++] =
        (struct catalog_amended){.id = *id, .study = text};
    return true;
}

static const struct digest *after(const struct catalog_amended *amended)
{
    const struct study *text = amended->study;
    return &text->amendments[text->amendment_count - 1]->after;
}

/* Each follows the last that stands: one that was taken back, and is approved
 * again after another took its place, pushes that one out. */
static void judge_one(const struct catalog *catalog,
    struct catalog_amended *amended, const struct envelope_list *documents,
    struct digest *last, int64_t now)
{
    const struct wall_clock clock = {now, "the coordinator's clock"};
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "amendment");
    amended->standing = study_check_amendments(
        amended->study, catalog->roster, documents, &clock, &diagnostic);
    if (amended->standing == STATUS_OK && !digest_equal(after(amended), last))
        amended->standing = STATUS_TOO_FEW_SIGNATURES;
    if (amended->standing == STATUS_OK)
        *last = amended->id;
}

void catalog_judge_amendments(
    const struct catalog *catalog, struct catalog_study *entry, int64_t now)
{
    struct catalog_documents documents = {.count = 0};
    struct digest last = {{0}};
    const enum status status = add_own(&documents, entry);
    const struct envelope_list list = catalog_documents_list(&documents);
    for (size_t i = 0; status == STATUS_OK && i < list.count; i++) {
        if (strcmp(list.items[i]->type, TYPE_AMENDMENT) != 0)
            continue;
        const struct digest id = envelope_id(list.items[i]);
        if (know(catalog, entry, &list, &id))
            judge_one(catalog, &entry->amended[find_amended(entry, &id)], &list,
                &last, now);
    }
    catalog_documents_fini(&documents);
}

enum status catalog_find_text(struct study **out,
    const struct catalog_study *entry, const struct digest *amendment)
{
    static const struct digest none;
    const size_t at = find_amended(entry, amendment);
    *out = entry->study;
    if (digest_equal(amendment, &none))
        return STATUS_OK;
    if (at == entry->amended_count)
        return STATUS_AMENDMENT_UNKNOWN;
    *out = entry->amended[at].study;
    return entry->amended[at].standing;
}

/* ---- what comes ---- */

/* Zeros: the study as it was approved. */
static struct digest last_standing(const struct catalog_study *entry)
{
    struct digest last = {{0}};
    for (size_t i = 0; i < entry->amended_count; i++) {
        if (entry->amended[i].standing == STATUS_OK)
            last = entry->amended[i].id;
    }
    return last;
}

/* Of those that come after the last that stands: two that followed the same one
 * would be more cohorts than a study may be amended by. */
static enum status check_after(const struct study *text,
    const struct digest *last, struct diagnostic *diagnostic)
{
    const struct amendment *amendment =
        text->amendments[text->amendment_count - 1];
    char id[DIGEST_TEXT];
    if (digest_equal(&amendment->after, last))
        return STATUS_OK;
    digest_to_text(id, last);
    diagnostic_set(diagnostic, 0, 0,
        "the last amendment of study '%s' that stands is %.12s, which this one "
        "does not follow: make it again after that one ('cohortium study "
        "amend' takes all that there are)",
        text->name, id);
    return STATUS_AMENDMENT_UNKNOWN;
}

static enum status check_one(const struct catalog *catalog,
    const struct catalog_study *entry, const struct envelope_list *documents,
    struct digest *last, const struct digest *id, int64_t now,
    struct diagnostic *diagnostic)
{
    const struct wall_clock clock = {now, "the coordinator's clock"};
    struct study *text = NULL;
    enum status status =
        make_text(&text, catalog, entry, id, documents, diagnostic);
    if (status == STATUS_OK)
        status = check_after(text, last, diagnostic);
    if (status == STATUS_OK)
        status = study_check_amendments(
            text, catalog->roster, documents, &clock, diagnostic);
    study_destroy(text);
    *last = *id;
    return status;
}

enum status catalog_check_amendments(const struct catalog *catalog,
    const struct catalog_study *entry,
    const struct catalog_submission *submission, int64_t now,
    struct diagnostic *diagnostic)
{
    struct catalog_documents documents = {.count = 0};
    struct digest last = last_standing(entry);
    size_t count = entry->amended_count;
    enum status status = add_own(&documents, entry);
    const size_t own = documents.count;
    if (status == STATUS_OK)
        status = catalog_documents_add(
            &documents, submission->approvals, submission->approval_count);
    const struct envelope_list list = catalog_documents_list(&documents);
    for (size_t i = own; status == STATUS_OK && i < list.count; i++) {
        if (strcmp(list.items[i]->type, TYPE_AMENDMENT) != 0)
            continue;
        const struct digest id = envelope_id(list.items[i]);
        if (find_amended(entry, &id) < entry->amended_count)
            continue; /* it is known */
        if (count++ == CATALOG_AMENDMENTS_MAX)
            status = STATUS_LIMIT_REACHED;
        else
            status =
                check_one(catalog, entry, &list, &last, &id, now, diagnostic);
    }
    catalog_documents_fini(&documents);
    return status;
}
