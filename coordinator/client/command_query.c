#include <string.h>

#include "coordinator/client/asking.h"
#include "coordinator/client/status_text.h"
#include "policy/admission.h"
#include "policy/result_file.h"
#include "protocol/wire/loop.h"

#define EXPIRES_SECONDS 3600
#define FETCH_TIMEOUT_MS 15000

/* study->dictionary can be read by then, and it has what --amendment adds. */
static enum status check_study(struct study *study,
    const struct dictionary *dictionary, const struct arguments *arguments)
{
    const char *path = argument_value(arguments, "study");
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, path);
    if (!digest_equal(&study->dictionary_id, &dictionary->digest))
        return program_fail(STATUS_WRONG_DICTIONARY,
            "study %s is made for another dictionary", study->name);
    enum status status = study_check(study, dictionary, &diagnostic);
    return status == STATUS_OK ? client_amend_study(study, arguments)
                               : program_fail_at(status, &diagnostic);
}

/* Within the study, by whose dictionary it was read: variables, analyses. */
static enum status check_in_study(const struct checked_query *checked,
    const struct study *study, const char *path)
{
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, path);
    if (checked->query->study[0] != '\0' &&
        /* NOLINTNEXTLINE(*-core.NonNullParamChecker): it was loaded */
        strcmp(checked->query->study, study->name) != 0) {
        return program_fail(STATUS_WRONG_STUDY,
            "the query names study '%s', the file is study '%s'",
            checked->query->study, study->name);
    }
    enum status status = admission_check_scope(
        study, checked->query, checked->plan, &diagnostic);
    return status == STATUS_OK ? status : program_fail_at(status, &diagnostic);
}

/* Offline: nobody's signature is checked. study: NULL: not known; the cohort
 * is then any expression. */
static enum status load_query(struct checked_query *checked,
    const struct dictionary *dictionary, struct study *study,
    const struct arguments *arguments)
{
    const char *path = operand_at(arguments, 0);
    const struct model_source model = {
        .path = argument_value(arguments, "model"),
        .study = study == NULL ? NULL : study->name};
    if (study == NULL)
        return checked_query_load(checked, path, dictionary, &model);
    enum status status = check_study(study, dictionary, arguments);
    if (status == STATUS_OK)
        status = checked_query_load(checked, path, &study->dictionary, &model);
    return status == STATUS_OK ? check_in_study(checked, study, path) : status;
}

/* What a checked query would be answered under. */
static enum status load_for_study(struct checked_query *checked,
    struct study_file *study, struct dictionary **dictionary,
    const struct arguments *arguments)
{
    const char *dictionary_path, *study_path;
    enum status status = client_need(arguments, "dictionary", &dictionary_path);
    if (status == STATUS_OK)
        status = client_need(arguments, "study", &study_path);
    if (status == STATUS_OK)
        status = client_load_dictionary(dictionary, dictionary_path);
    if (status == STATUS_OK)
        status = client_load_study(study, study_path);
    return status == STATUS_OK
               ? load_query(checked, *dictionary, study->study, arguments)
               : status;
}

static void print_cost(
    const struct checked_query *checked, const struct study *study)
{
    const struct budget_terms *terms = &study->noise;
    double price = (double)terms->query_rho_nano / (double)NANO;
    double all = (double)terms->rho_nano / (double)NANO;
    if (study->privacy != PRIVACY_NOISE) {
        printf("study %s adds no noise (\"privacy\": \"%s\"): the query "
               "costs nothing of a budget\n",
            study->name, study_privacy_name(study->privacy));
        return;
    }
    printf("price        rho %g of the study's %g: %lld such queries in all\n",
        price, all, (long long)(terms->rho_nano / terms->query_rho_nano));
    printf("this query   epsilon %.3f at delta %g\n",
        budget_epsilon(price, terms->delta), terms->delta);
    printf("whole study  epsilon %.3f at delta %g\n",
        budget_epsilon(all, terms->delta), terms->delta);
    printf("noise        a count is off by about %.1f (standard deviation); "
           "one patient touches %lld numbers, and fewer numbers mean less "
           "noise\n",
        budget_count_sigma(checked->plan, terms),
        (long long)budget_touched(checked->plan));
}

enum status command_query_cost(const struct arguments *arguments)
{
    struct dictionary *dictionary = NULL;
    struct checked_query checked = {0};
    struct study_file study = {0};
    enum status status =
        load_for_study(&checked, &study, &dictionary, arguments);
    if (status == STATUS_OK)
        print_cost(&checked, study.study);
    checked_query_fini(&checked);
    client_free_study(&study);
    dictionary_destroy(dictionary);
    return status;
}

enum status command_query_check(const struct arguments *arguments)
{
    const char *path = operand_at(arguments, 0), *dictionary_path;
    const char *study_path = argument_value(arguments, "study");
    struct dictionary *dictionary = NULL;
    struct checked_query checked = {0};
    struct study_file study = {0};
    enum status status = client_need(arguments, "dictionary", &dictionary_path);
    if (status == STATUS_OK)
        status = client_load_dictionary(&dictionary, dictionary_path);
    if (status == STATUS_OK && study_path != NULL)
        status = client_load_study(&study, study_path);
    if (status == STATUS_OK)
        status = load_query(&checked, dictionary, study.study, arguments);
    if (status == STATUS_OK) {
        printf(
            "%s: correct. Analyses: %zu, levels of 'by': %zu, numbers that each "
            "center sends: %zu\n",
            path, checked.plan->analysis_count, checked.plan->level_count,
            checked.plan->vector_length);
    }
    checked_query_fini(&checked);
    client_free_study(&study);
    dictionary_destroy(dictionary);
    return status;
}

/* The federation's dictionary: a file, or the coordinator's copy, which must be
 * the one that the study names. */
static enum status get_dictionary(struct dictionary **out,
    struct connection *connection, const struct arguments *arguments)
{
    const char *path = argument_value(arguments, "dictionary");
    struct message ask = {.type = MESSAGE_ASK_DOCUMENTS}, reply;
    struct diagnostic diagnostic;
    if (path != NULL)
        return client_load_dictionary(out, path);
    diagnostic_init(&diagnostic, "the coordinator's dictionary");
    enum status status =
        connection_ask(connection, &ask, MESSAGE_DOCUMENTS, &reply);
    if (status != STATUS_OK)
        return status;
    status = dictionary_parse(out, reply.document, &diagnostic);
    return status == STATUS_OK ? status : program_fail_at(status, &diagnostic);
}

static enum status save_result(const struct envelope *result, const char *path)
{
    struct buffer text;
    if (path == NULL)
        return STATUS_OK;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    enum status status = result_file_write(&text, result);
    if (status == STATUS_OK)
        status = client_write_file(path, buffer_view(&text));
    buffer_fini(&text);
    return status;
}

static enum status submit(struct connection *connection,
    const struct checked_query *checked, const struct study *study,
    const struct arguments *arguments)
{
    struct buffer query;
    struct digest id;
    struct envelope *result = NULL;
    int64_t wait_seconds;
    char text[DIGEST_TEXT];
    enum status status =
        argument_integer(arguments, "wait", &wait_seconds, 120, 1, 86400);
    if (status != STATUS_OK)
        return status;
    buffer_init(&query, BUFFER_LIMIT_DEFAULT);
    status = query_sign(&query, &id, checked, study, connection->keys,
        clock_wall_seconds() + EXPIRES_SECONDS);
    if (status == STATUS_OK) {
        digest_to_text(text, &id);
        fprintf(stderr, "query %s\n", text);
        const struct message submit = {
            .type = MESSAGE_SUBMIT_QUERY, .query = buffer_view(&query)};
        status = query_await(
            connection, &submit, &id, (int)(wait_seconds * 1000), &result);
    }
    if (status == STATUS_OK)
        status = save_result(result, argument_value(arguments, "out"));
    if (status == STATUS_OK)
        status = result_print(result, argument_flag(arguments, "json"));
    envelope_destroy(result);
    buffer_fini(&query);
    return status;
}

/* Who asks whom, before there is a connection: a coordinator does not know a
 * stranger, and cannot say why. */
static enum status check_parties(const struct study_file *study,
    const struct connection *connection, const struct arguments *arguments)
{
    const char *path = argument_value(arguments, "study");
    enum status status = client_check_federation(connection->roster,
        argument_value(arguments, "roster"), study->study, path);
    return status == STATUS_OK
               ? client_check_researcher(study->study, connection->keys, path)
               : status;
}

enum status command_query_submit(const struct arguments *arguments)
{
    const char *path = operand_at(arguments, 0), *study_path;
    struct connection connection = {0};
    struct dictionary *dictionary = NULL;
    struct checked_query checked = {0};
    struct study_file study = {0};
    enum status status = client_need(arguments, "study", &study_path);
    if (status == STATUS_OK)
        status = client_check_writable(argument_value(arguments, "out"));
    if (status == STATUS_OK)
        status = client_load_study(&study, study_path);
    if (status == STATUS_OK)
        status = connection_load(&connection, arguments);
    if (status == STATUS_OK && !argument_flag(arguments, "unchecked"))
        status = check_parties(&study, &connection, arguments);
    if (status == STATUS_OK)
        status = connection_connect(&connection, arguments);
    if (status == STATUS_OK)
        status = get_dictionary(&dictionary, &connection, arguments);
    const bool unchecked = argument_flag(arguments, "unchecked");
    if (status == STATUS_OK && !unchecked)
        status = check_study(study.study, dictionary, arguments);
    if (status == STATUS_OK) {
        status = checked_query_load(&checked, path,
            unchecked ? dictionary : &study.study->dictionary,
            &(struct model_source){argument_value(arguments, "model"),
                connection.roster, study.study->name});
    }
    if (status == STATUS_OK && !unchecked)
        status = check_in_study(&checked, study.study, path);
    if (status == STATUS_OK)
        status = submit(&connection, &checked, study.study, arguments);
    checked_query_fini(&checked);
    client_free_study(&study);
    dictionary_destroy(dictionary);
    connection_close(&connection);
    return status;
}

static bool may_be_id(const char *prefix)
{
    return strspn(prefix, "0123456789abcdef") == strlen(prefix) &&
           strlen(prefix) < DIGEST_TEXT;
}

static enum status fail_id(void)
{
    return program_fail(STATUS_USAGE,
        "a query's id is 64 hexadecimal digits, or some of the first");
}

enum status command_query_status(const struct arguments *arguments)
{
    struct connection connection = {0};
    struct message ask = {.type = MESSAGE_ASK_STATUS}, reply;
    const char *prefix =
        operand_count(arguments) > 0 ? operand_at(arguments, 0) : "";
    enum status status = STATUS_OK;
    if (!may_be_id(prefix))
        return fail_id();
    if (*prefix != '\0')
        (void)digest_from_text(&ask.id, prefix); /* else all are looked at */
    status = connection_open(&connection, arguments);
    if (status == STATUS_OK)
        status = connection_ask(&connection, &ask, MESSAGE_STATUS, &reply);
    if (status == STATUS_OK) {
        status = argument_flag(arguments, "json")
                     ? status_print_json(stdout, reply.document)
                     : status_print_queries(stdout, reply.document, prefix);
    }
    connection_close(&connection);
    return status;
}

/* ---- results ---- */

/* The whole id, or the coordinator is asked which query begins so. */
static enum status find_query(
    struct connection *connection, const char *prefix, struct digest *id)
{
    const struct message ask = {.type = MESSAGE_ASK_STATUS};
    struct message reply;
    if (digest_from_text(id, prefix) == STATUS_OK)
        return STATUS_OK;
    enum status status =
        connection_ask(connection, &ask, MESSAGE_STATUS, &reply);
    return status == STATUS_OK ? status_find_query(reply.document, prefix, id)
                               : status;
}

enum status command_result_fetch(const struct arguments *arguments)
{
    const char *prefix = operand_at(arguments, 0);
    struct connection connection = {0};
    struct message ask = {.type = MESSAGE_ASK_RESULT};
    struct envelope *result = NULL;
    if (!may_be_id(prefix) || *prefix == '\0')
        return fail_id();
    enum status status =
        client_check_writable(argument_value(arguments, "out"));
    if (status == STATUS_OK)
        status = connection_open(&connection, arguments);
    if (status == STATUS_OK)
        status = find_query(&connection, prefix, &ask.id);
    if (status == STATUS_OK)
        status =
            query_await(&connection, &ask, &ask.id, FETCH_TIMEOUT_MS, &result);
    if (status == STATUS_OK)
        status = save_result(result, argument_value(arguments, "out"));
    if (status == STATUS_OK)
        status = result_print(result, argument_flag(arguments, "json"));
    envelope_destroy(result);
    connection_close(&connection);
    return status;
}
