/*
 * check_document: reads one document of a kind and says what is wrong with it,
 * for the corpus of broken input.
 *
 *   check_document KIND FILE [DICTIONARY [STUDY]]
 *
 * KIND: dictionary, query, study, roster, approval, session, limits, csv,
 * settings; scope is a query within the study. Exit code 0 when nothing is
 * wrong, 1 with one line when something is. csv, query and scope need a
 * dictionary.
 */
#include <stdio.h>
#include <string.h>

#include "node/config.h"
#include "node/import.h"
#include "policy/admission.h"

struct checking {
    struct view text;
    const char *file, *study_file;
    struct dictionary *dictionary;
    struct diagnostic diagnostic;
};

static enum status check_dictionary(struct checking *c)
{
    struct dictionary *dictionary = NULL;
    enum status status = dictionary_parse(&dictionary, c->text, &c->diagnostic);
    dictionary_destroy(dictionary);
    return status;
}

/* study NULL: by itself. */
static enum status check_query_in(struct checking *c, const struct study *study)
{
    struct query *query = NULL;
    struct plan *plan = NULL;
    enum status status =
        query_parse(&query, c->text, c->dictionary, &c->diagnostic);
    if (status == STATUS_OK)
        status = plan_create(&plan, query, c->dictionary, &c->diagnostic);
    if (status == STATUS_OK && study != NULL)
        status = admission_check_scope(
            study, query, plan, c->dictionary, &c->diagnostic);
    plan_destroy(plan);
    query_destroy(query);
    return status;
}

static enum status check_query(struct checking *c)
{
    return check_query_in(c, NULL);
}

static enum status check_scope(struct checking *c)
{
    struct study *study = NULL;
    struct buffer text;
    buffer_init(&text, DOCUMENT_BYTES_MAX);
    enum status status = c->study_file == NULL
                             ? STATUS_USAGE
                             : buffer_read_file(&text, c->study_file);
    if (status == STATUS_OK)
        status = study_parse(&study, buffer_view(&text), &c->diagnostic);
    if (status == STATUS_OK)
        status = check_query_in(c, study);
    study_destroy(study);
    buffer_fini(&text);
    return status;
}

static enum status check_study(struct checking *c)
{
    struct study *study = NULL;
    enum status status = study_parse(&study, c->text, &c->diagnostic);
    if (status == STATUS_OK && c->dictionary != NULL)
        status = study_check(study, c->dictionary, &c->diagnostic);
    study_destroy(study);
    return status;
}

static enum status check_roster(struct checking *c)
{
    struct roster *roster = NULL;
    enum status status = roster_parse(&roster, c->text, &c->diagnostic);
    roster_destroy(roster);
    return status;
}

static enum status check_approval(struct checking *c)
{
    struct approval approval;
    return approval_parse(&approval, c->text, &c->diagnostic);
}

static enum status check_session(struct checking *c)
{
    struct session_header *header = NULL;
    enum status status = session_header_parse(&header, c->text, &c->diagnostic);
    session_header_destroy(header);
    return status;
}

static enum status check_limits(struct checking *c)
{
    struct document *document = NULL;
    struct limits limits;
    enum status status = document_parse(&document, c->text, &c->diagnostic);
    if (status == STATUS_OK) {
        struct field root = document_root(document);
        status = limits_parse(&limits, &root, &c->diagnostic);
    }
    document_destroy(document);
    return status;
}

static enum status check_csv(struct checking *c)
{
    struct import_report report;
    const struct import_options options = {.dry_run = true, .strict = true};
    struct store *store;
    enum status status = store_open(&store, ":memory:", c->dictionary);
    if (status != STATUS_OK)
        return status;
    status = import_file(
        store, c->dictionary, c->file, &options, 0, &report, &c->diagnostic);
    import_report_fini(&report);
    store_close(store);
    return status;
}

static enum status check_settings(struct checking *c)
{
    struct config config;
    return settings_parse(&node_settings, &config, c->text, &c->diagnostic);
}

static const struct {
    const char *kind;
    enum status (*check)(struct checking *checking);
} kinds[] = {{"dictionary", check_dictionary}, {"query", check_query},
    {"scope", check_scope}, {"study", check_study}, {"roster", check_roster},
    {"approval", check_approval}, {"session", check_session},
    {"limits", check_limits}, {"csv", check_csv}, {"settings", check_settings}};

int main(int argc, char **argv)
{
    struct checking c = {0};
    struct buffer text;
    if (argc < 3 || keys_start() != STATUS_OK)
        return 2;
    buffer_init(&text, DOCUMENT_BYTES_MAX);
    if (buffer_read_file(&text, argv[2]) != STATUS_OK)
        return 2;
    diagnostic_init(&c.diagnostic, "");
    if (argc > 3 &&
        dictionary_load(&c.dictionary, argv[3], &c.diagnostic) != STATUS_OK)
        return 2;
    const char *slash = strrchr(argv[2], '/');
    diagnostic_init(&c.diagnostic, slash == NULL ? argv[2] : slash + 1);
    c.text = buffer_view(&text);
    c.file = argv[2];
    c.study_file = argc > 4 ? argv[4] : NULL;
    int code = 2;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].kind, argv[1]) == 0)
            code = kinds[i].check(&c) == STATUS_OK ? 0 : 1;
    }
    if (code == 1) {
        char line[2048];
        diagnostic_text(line, sizeof line, &c.diagnostic);
        puts(line);
    }
    dictionary_destroy(c.dictionary);
    buffer_fini(&text);
    return code;
}
