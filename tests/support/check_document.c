/*
 * check_document: reads one document of a kind and says what is wrong with it,
 * for the corpus of broken input.
 *
 *   check_document KIND FILE [DICTIONARY [STUDY]]
 *   check_document --lines [DICTIONARY]
 *
 * KIND: dictionary, query, study, amendment, roster, approval, continuation,
 * session, limits, opt-in, freeze, envelope, card, csv, settings; scope is a
 * query within the study.
 * Exit code 0 when nothing is wrong, 1 with one line when something is. csv,
 * query and scope need a dictionary.
 *
 * With --lines each line of standard input is a kind, a blank and a document
 * (csv and card: a file's name); the answer is a line, "ok" or what is wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/config.h"
#include "node/import.h"
#include "policy/admission.h"
#include "policy/amendment.h"
#include "policy/continuation.h"
#include "policy/freeze.h"
#include "policy/opt_in.h"

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
    const struct dictionary *dictionary =
        study == NULL ? c->dictionary : &study->dictionary;
    enum status status =
        query_parse(&query, c->text, dictionary, &c->diagnostic);
    if (status == STATUS_OK)
        status = plan_create(&plan, query, dictionary, &c->diagnostic);
    if (status == STATUS_OK && study != NULL)
        status = admission_check_scope(study, query, plan, &c->diagnostic);
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
        status = study_check(study, c->dictionary, &c->diagnostic);
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

static enum status check_amendment(struct checking *c)
{
    struct amendment *amendment = NULL;
    enum status status = amendment_parse(&amendment, c->text, &c->diagnostic);
    amendment_destroy(amendment);
    return status;
}

static enum status check_continuation(struct checking *c)
{
    struct continuation continuation;
    return continuation_parse(&continuation, c->text, &c->diagnostic);
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

static enum status check_opt_in(struct checking *c)
{
    struct opt_in opt_in;
    return opt_in_parse(&opt_in, c->text, &c->diagnostic);
}

static enum status check_freeze(struct checking *c)
{
    struct freeze freeze;
    return freeze_parse(&freeze, c->text, &c->diagnostic);
}

static enum status check_envelope(struct checking *c)
{
    struct envelope *envelope = NULL;
    enum status status = envelope_decode(&envelope, c->text);
    envelope_destroy(envelope);
    return status;
}

static enum status check_card(struct checking *c)
{
    struct identity identity;
    return identity_load(&identity, c->file);
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
        store, c->dictionary, c->file, &options, &report, &c->diagnostic);
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
    {"approval", check_approval}, {"amendment", check_amendment},
    {"continuation", check_continuation}, {"session", check_session},
    {"limits", check_limits}, {"opt-in", check_opt_in},
    {"freeze", check_freeze}, {"envelope", check_envelope},
    {"card", check_card}, {"csv", check_csv}, {"settings", check_settings}};

/* 0, 1, or 2 for a kind that is none. */
static int check(struct checking *c, const char *kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].kind, kind) == 0)
            return kinds[i].check(c) == STATUS_OK ? 0 : 1;
    }
    return 2;
}

static void say_what_is_wrong(const struct checking *c)
{
    char line[2048];
    diagnostic_text(line, sizeof line, &c->diagnostic);
    puts(line);
}

static int check_file(struct checking *c, const char *kind, const char *path)
{
    struct buffer text;
    buffer_init(&text, DOCUMENT_BYTES_MAX);
    if (buffer_read_file(&text, path) != STATUS_OK)
        return 2;
    const char *slash = strrchr(path, '/');
    diagnostic_init(&c->diagnostic, slash == NULL ? path : slash + 1);
    c->text = buffer_view(&text);
    c->file = path;
    int code = check(c, kind);
    if (code == 1)
        say_what_is_wrong(c);
    buffer_fini(&text);
    return code;
}

static int check_lines(struct checking *c)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    int code = 0;
    while (code != 2 && (size = getline(&line, &capacity, stdin)) > 0) {
        char *blank = strchr(line, ' ');
        if (blank == NULL)
            return 2;
        *blank = '\0';
        line[size - 1] = '\0';
        c->file = blank + 1;
        c->text = view_of_text(c->file);
        diagnostic_init(&c->diagnostic, "");
        code = check(c, line);
        if (code == 0)
            puts("ok");
        else if (code == 1 && c->diagnostic.message[0] == '\0')
            puts("refused");
        else if (code == 1)
            say_what_is_wrong(c);
        fflush(stdout); /* who asks waits for it */
    }
    free(line);
    return code == 2 ? 2 : 0;
}

int main(int argc, char **argv)
{
    struct checking c = {0};
    bool lines = argc > 1 && strcmp(argv[1], "--lines") == 0;
    const char *dictionary =
        argc > (lines ? 2 : 3) ? argv[lines ? 2 : 3] : NULL;
    if (argc < (lines ? 2 : 3) || keys_start() != STATUS_OK)
        return 2;
    diagnostic_init(&c.diagnostic, "");
    if (dictionary != NULL &&
        dictionary_load(&c.dictionary, dictionary, &c.diagnostic) != STATUS_OK)
        return 2;
    c.study_file = !lines && argc > 4 ? argv[4] : NULL;
    int code = lines ? check_lines(&c) : check_file(&c, argv[1], argv[2]);
    dictionary_destroy(c.dictionary);
    return code;
}
