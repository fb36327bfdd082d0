#include <stdlib.h>
#include <string.h>

#include "coordinator/client/client.h"
#include "coordinator/client/status_text.h"
#include "coordinator/client/study_words.h"
#include "protocol/wire/loop.h"

#define APPROVALS_MAX MESSAGE_DOCUMENTS_MAX

struct approvals {
    size_t count;
    struct envelope *envelopes[APPROVALS_MAX];
    struct buffer bytes[APPROVALS_MAX];
};

static void free_approvals(struct approvals *approvals)
{
    for (size_t i = 0; i < approvals->count; i++) {
        envelope_destroy(approvals->envelopes[i]);
        buffer_fini(&approvals->bytes[i]);
    }
}

/* The files after the first operand: approvals, and amendments. */
static enum status load_approvals(
    struct approvals *approvals, const struct arguments *arguments)
{
    enum status status = STATUS_OK;
    *approvals = (struct approvals){0};
    for (size_t i = 1; status == STATUS_OK && i < operand_count(arguments);
         i++) {
        if (approvals->count == APPROVALS_MAX)
            return program_fail(STATUS_USAGE, "too many approvals");
        size_t at = approvals->count;
        const char *path = operand_at(arguments, i);
        status = client_load_envelope(&approvals->envelopes[at], path,
            client_is_amendment(path) ? TYPE_AMENDMENT : TYPE_APPROVAL);
        if (status != STATUS_OK)
            return status;
        buffer_init(&approvals->bytes[at], BUFFER_LIMIT_DEFAULT);
        approvals->count++;
        status =
            envelope_encode(approvals->envelopes[at], &approvals->bytes[at]);
    }
    return status;
}

static enum status review(const struct study_file *file,
    const struct dictionary *dictionary, const char *path)
{
    struct findings *findings = malloc(sizeof *findings);
    if (findings == NULL)
        return STATUS_NO_MEMORY;
    enum status status = study_review(
        findings, buffer_view(&file->envelope->payload), dictionary);
    if (findings->count > 0)
        client_print_findings(status, path, findings);
    free(findings);
    return status;
}

enum status command_study_check(const struct arguments *arguments)
{
    struct study_file file;
    struct dictionary *dictionary = NULL;
    const char *path;
    enum status status = client_need(arguments, "dictionary", &path);
    if (status != STATUS_OK)
        return status;
    status = client_load_study(&file, operand_at(arguments, 0));
    if (status == STATUS_OK)
        status = client_load_dictionary(&dictionary, path);
    if (status == STATUS_OK &&
        !digest_equal(&file.study->dictionary_id, &dictionary->digest))
        status = program_fail(STATUS_WRONG_DICTIONARY,
            "the study is made for another dictionary than %s", path);
    if (status == STATUS_OK)
        status = review(&file, dictionary, operand_at(arguments, 0));
    if (status == STATUS_OK) {
        printf("%s: %zu variables, %zu analyses, nothing is wrong\n",
            operand_at(arguments, 0), file.study->variable_count,
            file.study->analysis_count);
    }
    dictionary_destroy(dictionary);
    client_free_study(&file);
    return status;
}

/* --scores mission=8,merit=7,feasibility=9,team=8 */
/* One "name=digit" and what ends it; false when it is none, or there already.
 */
static bool read_score(const char **text, int64_t scores[4], char end)
{
    static const char *const names[] = {
        "mission", "merit", "feasibility", "team"};
    for (size_t i = 0; i < 4; i++) {
        const size_t size = strlen(names[i]);
        const char *at = *text + size;
        if (strncmp(*text, names[i], size) != 0 || scores[i] != 0 ||
            at[0] != '=' || at[1] < '1' || at[1] > '9' || at[2] != end)
            continue;
        scores[i] = at[1] - '0';
        *text = at + 3;
        return true;
    }
    return false;
}

static enum status read_scores(const char *text, int64_t scores[4])
{
    memset(scores, 0, 4 * sizeof *scores);
    for (int i = 0; i < 4; i++) {
        if (!read_score(&text, scores, i < 3 ? ',' : '\0')) {
            return program_fail(STATUS_USAGE,
                "the scores are four numbers from 1 to 9, such as "
                "mission=8,merit=7,feasibility=9,team=8");
        }
    }
    return STATUS_OK;
}

static enum status write_approval(const struct approval *approval,
    const char *comment, const struct keypair *keys, const char *out)
{
    struct buffer payload;
    struct envelope *envelope = NULL;
    buffer_init(&payload, BUFFER_LIMIT_DEFAULT);
    enum status status = approval_write(&payload, approval, comment);
    if (status == STATUS_OK)
        status =
            envelope_create(&envelope, TYPE_APPROVAL, buffer_view(&payload));
    if (status == STATUS_OK)
        status = envelope_sign(envelope, keys);
    if (status == STATUS_OK)
        status = envelope_save(envelope, out);
    if (status != STATUS_OK)
        program_fail(status, "%s: %s", out, status_text(status));
    envelope_destroy(envelope);
    buffer_fini(&payload);
    return status;
}

/* Whose approval counts stands on the roster; without one nobody can tell. */
static enum status check_approver(const struct study_file *file,
    const struct keypair *keys, const struct arguments *arguments)
{
    const char *path = argument_value(arguments, "roster");
    struct roster *roster = NULL;
    if (path == NULL) {
        fprintf(stderr,
            "cohortium: not checked whether %s is on the committee; --roster "
            "FILE does it\n",
            keypair_identity(keys)->name);
        return STATUS_OK;
    }
    enum status status = client_load_roster(&roster, arguments);
    if (status == STATUS_OK)
        status = client_check_federation(
            roster, path, file->study, operand_at(arguments, 0));
    if (status == STATUS_OK)
        status = client_check_member(roster, keys, path);
    roster_destroy(roster);
    return status;
}

/* A study, or with --study an amendment of it: then *amendment as well. */
static enum status load_subject(struct study_file *file,
    struct amendment **amendment, const struct arguments *arguments)
{
    const char *path = operand_at(arguments, 0);
    const char *study = argument_value(arguments, "study");
    if (!client_is_amendment(path))
        return client_load_study(file, path);
    if (study == NULL)
        return program_fail(STATUS_USAGE,
            "%s is an amendment: give the study that it amends with --study "
            "FILE",
            path);
    enum status status = client_load_study(file, study);
    return status == STATUS_OK
               ? client_load_amendment(amendment, path, file->study)
               : status;
}

static void say_approved(const char *out, const struct keypair *keys,
    const struct approval *approval, const struct study *study,
    const struct amendment *amendment)
{
    printf("%s: %s %s %sstudy %s\n", out, keypair_identity(keys)->name,
        approval->approve ? "approves" : "rejects",
        amendment == NULL ? "" : "an amendment of ", study->name);
    for (size_t i = 0; amendment != NULL && i < amendment->cohort_count; i++)
        printf("  %-24s %s\n", amendment->cohorts[i].name,
            amendment->cohorts[i].where);
}

enum status command_study_approve(const struct arguments *arguments)
{
    struct amendment *amendment = NULL;
    const char *out, *scores;
    struct study_file file = {0};
    struct keypair *keys = NULL;
    struct approval approval = {.approve = !argument_flag(arguments, "reject"),
        .date = clock_wall_seconds()};
    enum status status = client_need(arguments, "out", &out);
    if (status == STATUS_OK)
        status = client_need(arguments, "scores", &scores);
    if (status == STATUS_OK)
        status = read_scores(scores, approval.scores);
    if (status == STATUS_OK)
        status = load_subject(&file, &amendment, arguments);
    if (status == STATUS_OK)
        status = client_load_key(&keys, arguments);
    if (status == STATUS_OK)
        status = check_approver(&file, keys, arguments);
    if (status == STATUS_OK) {
        approval.study_id = amendment == NULL ? file.study->id : amendment->id;
        status = write_approval(
            &approval, argument_value(arguments, "comment"), keys, out);
    }
    if (status == STATUS_OK)
        say_approved(out, keys, &approval, file.study, amendment);
    amendment_destroy(amendment);
    keypair_destroy(keys);
    client_free_study(&file);
    return status;
}

static enum status verify_amendments(const struct study *study,
    const struct roster *roster, const struct envelope_list *list,
    const struct wall_clock *clock)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < list->count; i++) {
        struct amendment *amendment = NULL;
        struct diagnostic diagnostic;
        if (strcmp(list->items[i]->type, TYPE_AMENDMENT) != 0)
            continue;
        diagnostic_init(&diagnostic, "the amendment");
        status =
            amendment_verify(&amendment, list->items[i], study, &diagnostic);
        if (status == STATUS_OK) {
            const struct vote vote = {
                &amendment->id, roster->amendment_threshold};
            status = approvals_check(&vote, roster, list, clock, &diagnostic);
        }
        if (status == STATUS_OK)
            printf("an amendment with %zu cohorts is approved by %zu or more "
                   "members\n",
                amendment->cohort_count, roster->amendment_threshold);
        else
            program_fail_at(status, &diagnostic);
        amendment_destroy(amendment);
    }
    return status;
}

enum status command_study_verify(const struct arguments *arguments)
{
    struct study_file file = {0};
    struct roster *roster = NULL;
    struct approvals approvals = {0};
    enum status status = client_load_roster(&roster, arguments);
    if (status == STATUS_OK)
        status = client_load_study(&file, operand_at(arguments, 0));
    if (status == STATUS_OK)
        status =
            client_check_federation(roster, argument_value(arguments, "roster"),
                file.study, operand_at(arguments, 0));
    if (status == STATUS_OK)
        status = load_approvals(&approvals, arguments);
    if (status == STATUS_OK) {
        const struct wall_clock clock = {clock_wall_seconds(), CLIENT_CLOCK};
        const struct envelope_list list = {
            (const struct envelope *const *)approvals.envelopes,
            approvals.count};
        struct diagnostic diagnostic;
        diagnostic_init(&diagnostic, "");
        status = study_check_dates(file.study, &clock, &diagnostic);
        if (status == STATUS_OK)
            status = study_check_approvals(
                file.study, roster, &list, &clock, &diagnostic);
        if (status == STATUS_OK) {
            printf("study %s is approved by %zu or more members\n",
                file.study->name, roster->threshold);
            status = verify_amendments(file.study, roster, &list, &clock);
        } else {
            program_fail(status, "study %s is not approved: %s",
                file.study->name,
                diagnostic.message[0] == '\0' ? status_text(status)
                                              : diagnostic.message);
        }
    }
    free_approvals(&approvals);
    client_free_study(&file);
    roster_destroy(roster);
    return status;
}

/* "carol, dave": whose approvals, or rejections, are among them. */
static void name_voices(const struct approvals *approvals, bool approve,
    const struct digest *subject, const struct roster *roster,
    struct buffer *out)
{
    for (size_t i = 0; i < approvals->count; i++) {
        const struct envelope *envelope = approvals->envelopes[i];
        struct approval approval;
        struct diagnostic diagnostic;
        diagnostic_init(&diagnostic, "");
        if (envelope->signature_count == 0 ||
            approval_parse(&approval, buffer_view(&envelope->payload),
                &diagnostic) != STATUS_OK ||
            !digest_equal(&approval.study_id, subject) ||
            approval.approve != approve)
            continue;
        const struct roster_member *member =
            roster_find_member_key(roster, &envelope->signatures[0].signer);
        (void)buffer_append_format(out, "%s%s", out->size > 0 ? ", " : "",
            member == NULL ? "somebody who is no member"
                           : member->identity.name);
    }
}

/* Of each amendment that was given. */
static void say_amended(const struct study *study,
    const struct approvals *approvals, const struct roster *roster)
{
    for (size_t i = 0; i < approvals->count; i++) {
        struct amendment *amendment = NULL;
        struct diagnostic diagnostic;
        struct buffer names;
        buffer_init(&names, (size_t)1 << 16);
        diagnostic_init(&diagnostic, "");
        if (amendment_verify(&amendment, approvals->envelopes[i], study,
                &diagnostic) == STATUS_OK) {
            name_voices(approvals, false, &amendment->id, roster, &names);
            if (names.size > 0)
                printf("its amendment with %zu cohorts is rejected by %s: it "
                       "counts while %zu other members approve\n",
                    amendment->cohort_count, buffer_text(&names),
                    roster->amendment_threshold);
            else
                printf("with %zu more cohorts; ask about them with "
                       "--amendment FILE\n",
                    amendment->cohort_count);
        }
        amendment_destroy(amendment);
        buffer_fini(&names);
    }
}

/* After a submission that was taken: what came of the study. */
static enum status say_what_it_did(const struct study_file *file,
    const struct approvals *approvals, const struct roster *roster,
    const struct message *reply)
{
    struct buffer names;
    bool approved = true;
    enum status status =
        status_find_approved(reply->document, &file->study->id, &approved);
    buffer_init(&names, (size_t)1 << 16);
    name_voices(approvals, false, &file->study->id, roster, &names);
    if (status != STATUS_OK) {
        /* said already */
    } else if (names.size == 0) {
        printf("study %s is with the coordinator\n", file->study->name);
    } else {
        printf("study %s: rejected by %s; %s\n", file->study->name,
            buffer_text(&names),
            approved ? "enough other members approve, and it goes on"
                     : "it no longer has enough approvals, and no center "
                       "answers it");
    }
    if (status == STATUS_OK)
        say_amended(file->study, approvals, roster);
    buffer_fini(&names);
    return status;
}

enum status command_study_submit(const struct arguments *arguments)
{
    struct study_file file = {0};
    struct approvals approvals = {0};
    struct connection connection = {0};
    struct buffer bytes;
    struct message reply;
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    enum status status = client_load_study(&file, operand_at(arguments, 0));
    if (status == STATUS_OK)
        status = load_approvals(&approvals, arguments);
    if (status == STATUS_OK)
        status = envelope_encode(file.envelope, &bytes);
    if (status == STATUS_OK)
        status = connection_load(&connection, arguments);
    if (status == STATUS_OK)
        status = client_check_federation(connection.roster,
            argument_value(arguments, "roster"), file.study,
            operand_at(arguments, 0));
    if (status == STATUS_OK)
        status = client_check_member(connection.roster, connection.keys,
            argument_value(arguments, "roster"));
    if (status == STATUS_OK)
        status = connection_connect(&connection, arguments);
    if (status == STATUS_OK) {
        struct message submit = {.type = MESSAGE_SUBMIT_STUDY,
            .study = buffer_view(&bytes),
            .document_count = approvals.count};
        for (size_t i = 0; i < approvals.count; i++)
            submit.documents[i] = buffer_view(&approvals.bytes[i]);
        status = connection_ask(&connection, &submit, MESSAGE_STATUS, &reply);
    }
    if (status == STATUS_OK)
        status = say_what_it_did(&file, &approvals, connection.roster, &reply);
    connection_close(&connection);
    buffer_fini(&bytes);
    free_approvals(&approvals);
    client_free_study(&file);
    return status;
}

enum status command_study_list(const struct arguments *arguments)
{
    struct connection connection = {0};
    struct message ask = {.type = MESSAGE_ASK_STATUS}, reply;
    enum status status = connection_open(&connection, arguments);
    if (status == STATUS_OK)
        status = connection_ask(&connection, &ask, MESSAGE_STATUS, &reply);
    if (status == STATUS_OK)
        status = status_print_studies(stdout, reply.document);
    connection_close(&connection);
    return status;
}

static enum status amend_shown(struct study *study,
    const struct dictionary *dictionary, const struct arguments *arguments)
{
    struct diagnostic diagnostic;
    if (argument_count(arguments, "amendment") == 0)
        return STATUS_OK;
    if (dictionary == NULL)
        return program_fail(STATUS_USAGE,
            "an amendment is shown with the dictionary: --dictionary FILE");
    diagnostic_init(&diagnostic, operand_at(arguments, 0));
    const enum status status = study_check(study, dictionary, &diagnostic);
    return status == STATUS_OK ? client_amend_study(study, arguments)
                               : program_fail_at(status, &diagnostic);
}

enum status command_study_show(const struct arguments *arguments)
{
    const char *path = argument_value(arguments, "dictionary");
    struct study_file file;
    struct dictionary *dictionary = NULL;
    enum status status = client_load_study(&file, operand_at(arguments, 0));
    if (status == STATUS_OK && path != NULL)
        status = client_load_dictionary(&dictionary, path);
    if (status == STATUS_OK) {
        char id[DIGEST_TEXT];
        digest_to_text(id, &file.study->id);
        fwrite(file.envelope->payload.data, 1, file.envelope->payload.size,
            stdout);
        printf("\nid %s\n", id);
        status = amend_shown(file.study, dictionary, arguments);
    }
    if (status == STATUS_OK)
        status = study_print_cohorts(stdout, file.study, dictionary);
    client_free_study(&file);
    dictionary_destroy(dictionary);
    return status;
}
