/*
 * One question, decided here alone. The order of the checks is the order of
 * what they cost and of what they presuppose; every refusal looks the same from
 * outside.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "node/session_internal.h"
#include "protocol/wire/defence.h"
#include "protocol/wire/log.h"

static void drop_documents(struct question *question)
{
    envelope_destroy(question->header);
    envelope_destroy(question->query);
    envelope_destroy(question->study);
    votes_fini(&question->votes);
    question->header = question->query = question->study = NULL;
    question->message = NULL;
    question->verified = NULL;
}

void question_destroy(struct question *question)
{
    if (question == NULL)
        return;
    drop_documents(question);
    member_destroy(question->member);
    answering_destroy(question->answering);
    instruction_fini(&question->instruction);
    asked_destroy(question->sets);
    frames_release(question->frame);
    buffer_wipe(&question->last);
    admission_fini(&question->admission);
    buffer_wipe(&question->vector);
    vector_fini(&question->cells);
    free(question);
}

/* Of the exact bytes, lengths included, so that no two sets of documents have
 * the same; and of the amendment that the query reads them with. */
static struct digest digest_of_documents(
    const struct message *message, const struct digest *amendment)
{
    crypto_generichash_state state;
    struct digest digest;
    crypto_generichash_init(&state, NULL, 0, DIGEST_BYTES);
    crypto_generichash_update(&state, amendment->bytes, DIGEST_BYTES);
    for (size_t i = 0; i <= message->document_count; i++) {
        struct view bytes = i == 0 ? message->study : message->documents[i - 1];
        uint64_t size = bytes.size;
        crypto_generichash_update(&state, (const uint8_t *)&size, sizeof size);
        crypto_generichash_update(&state, bytes.data, bytes.size);
    }
    crypto_generichash_final(&state, digest.bytes, DIGEST_BYTES);
    return digest;
}

/* Study and approvals as they were verified last, or to be verified. */
static enum status decode_study(struct question *question)
{
    const struct session *session = question->session;
    const struct message *message = question->message;
    const struct digest amendment =
        query_find_amendment(buffer_view(&question->query->payload));
    question->study_bytes = digest_of_documents(message, &amendment);
    if (session->verified != NULL &&
        digest_equal(&question->study_bytes, &session->verified_bytes)) {
        question->verified = session->verified;
        question->study_id = session->verified->id;
        return STATUS_OK;
    }
    enum status status = envelope_decode(&question->study, message->study);
    if (status == STATUS_OK)
        question->study_id = envelope_id(question->study);
    if (status == STATUS_OK)
        status = votes_decode(&question->votes, message);
    return status;
}

static enum status decode_documents(struct question *question)
{
    const struct message *message = question->message;
    enum status status = envelope_decode(&question->header, message->header);
    if (status == STATUS_OK)
        question->header_id = envelope_id(question->header);
    if (status == STATUS_OK)
        status = envelope_decode(&question->query, message->query);
    if (status == STATUS_OK)
        question->query_id = envelope_id(question->query);
    return status == STATUS_OK ? decode_study(question) : status;
}

/* ---- admission ---- */

/* By the name that the roster gives to this center's key: its own may have
 * passed to another. */
static bool is_asked(struct question *question)
{
    const struct session_header *header = question->admission.header;
    const struct identity *self =
        roster_find_center_key(question->session->roster,
            &keypair_identity(question->session->setup.keys)->sign);
    for (size_t i = 0; self != NULL && i < header->center_count; i++) {
        if (strcmp(header->centers[i], self->name) == 0) {
            question->center = i;
            return true;
        }
    }
    return false;
}

/* Rejections that came before count, and those that come now will. */
static enum status gather_votes(struct question *question)
{
    struct session *session = question->session;
    if (question->verified != NULL)
        return STATUS_OK; /* by these very documents, and none came since */
    enum status status = votes_keep(session, &question->votes,
        question->message, &question->study_id, question->now);
    return status == STATUS_OK
               ? votes_gather(&question->votes, session, &question->study_id)
               : status;
}

static enum status admit(struct question *question)
{
    struct session *session = question->session;
    enum status status = gather_votes(question);
    if (status != STATUS_OK)
        return status;
    const struct envelope_list approvals = votes_list(&question->votes);
    const struct admission_request request = {.roster = session->roster,
        .dictionary = session->setup.dictionary,
        .header = question->header,
        .query = question->query,
        .study = question->study,
        .approvals = approvals.items,
        .approval_count = approvals.count,
        .verified = question->verified,
        .clock = {question->now, NODE_CLOCK}};
    status =
        admission_check(&question->admission, &request, &question->diagnostic);
    if (status == STATUS_OK && question->verified == NULL) {
        session_forget_verified(session);
        session->verified = study_hold(question->admission.study);
        session->verified_bytes = question->study_bytes;
    }
    if (status == STATUS_OK && !is_asked(question))
        status = STATUS_NOT_ALLOWED;
    return status;
}

/* ---- this center's own conditions ---- */

/* Where noise protects, rules that act on exact figures would tell what they
 * see. A center whose own are stricter than the study's (but for counts of
 * questions) does not take part. */
static enum status check_own_limits(struct question *question)
{
    struct limits limits = question->limits;
    const struct limits *studys = &question->admission.study->limits;
    if (question->privacy != PRIVACY_NOISE)
        return STATUS_OK;
    question->own_limits = !DEFENCE("noise-alone");
    limits.queries_per_day = studys->queries_per_day;
    limits.queries_total = studys->queries_total;
    limits.near_cohorts = studys->near_cohorts; /* the office counts them */
    if (limits_equal(&limits, studys) || question->own_limits)
        return STATUS_OK;
    diagnostic_set(&question->diagnostic, 0, 0,
        "this center's own limits act on exact figures, and a study with noise "
        "must not depend on them");
    return STATUS_NOT_ALLOWED;
}

static enum status check_opt_in(struct question *question)
{
    struct store_decision decision;
    const struct study *study = question->admission.study;
    enum status status = store_get_decision(
        question->session->setup.store, &study->id, &decision);
    if (status == STATUS_NOT_FOUND || (status == STATUS_OK && !decision.in))
        return STATUS_NOT_OPTED_IN;
    question->limits = study->limits;
    question->privacy = study->privacy;
    question->weighed = study_is_weighed(study->privacy, &study->limits);
    question->center_effects = study->center_effects;
    question->min_centers = study->min_centers;
    question->study_from = study->valid_from;
    question->study_until = study->valid_until;
    question->decision = decision.sequence;
    question->noise = study->noise;
    snprintf(
        question->study_name, sizeof question->study_name, "%s", study->name);
    if (study->privacy == PRIVACY_OPEN && !question->session->setup.sandbox)
        return STATUS_NOT_ALLOWED;
    if (status != STATUS_OK || decision.limits[0] == '\0')
        return status;
    struct document *document = NULL;
    struct limits own;
    status = document_parse(
        &document, view_of_text(decision.limits), &question->diagnostic);
    if (status == STATUS_OK) {
        struct field root = document_root(document);
        status = limits_parse(&own, &root, &question->diagnostic);
    }
    if (status == STATUS_OK) {
        limits_stricter(&question->limits, &study->limits, &own);
        question->own_limits = true;
    }
    document_destroy(document);
    return status == STATUS_OK ? check_own_limits(question) : status;
}

/* A stored vector of another size cannot be this plan's; of what was weighed
 * the weights are stored. */
static enum status check_stored(const struct question *question)
{
    return question->weighed || question->vector.size ==
                                    question->admission.plan->vector_length *
                                        VECTOR_ELEMENT_BYTES
               ? STATUS_OK
               : STATUS_CORRUPT;
}

/* A query is answered once. The same session again (the coordinator was
 * restarted, or our reply was lost) gets the same bytes; another session for
 * the same query gets nothing. */
static enum status check_replay(struct question *question, bool *again)
{
    struct store_answer answer;
    enum status status = store_find_answer(question->session->setup.store,
        &question->query_id, &answer, &question->vector);
    *again = status == STATUS_OK;
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (status == STATUS_OK)
        question->departures = answer.departures;
    if (status == STATUS_OK &&
        !digest_equal(&answer.header, &question->header_id))
        return STATUS_REPLAYED;
    return status == STATUS_OK ? check_stored(question) : status;
}

/* ---- the answer ---- */

/* The header names the very sets that the question is to be held against. */
static enum status check_list(const struct question *question)
{
    const struct session_header *header = question->admission.header;
    const struct digest listed = digest_of(question->message->body);
    return header->weighed == question->weighed &&
                   (!header->weighed ||
                       digest_equal(&header->remembered, &listed))
               ? STATUS_OK
               : STATUS_WRONG_QUERY;
}

/* Noise hides differences as well; an answer that depended on exact figures
 * would tell one more than it was paid for. */
static bool compares_people(const struct question *question)
{
    return (question->privacy != PRIVACY_NOISE || !DEFENCE("noise-alone")) &&
           question->limits.min_difference > 1 && DEFENCE("differencing");
}

static enum status find_asked(struct question *question)
{
    struct session *session = question->session;
    const struct asked_question asked = {.frame = question->frame,
        .plan = question->admission.plan,
        .study = question->admission.study,
        .header = &question->header_id,
        .earlier = question->message->body,
        .alone = !question->weighed};
    enum status status = check_list(question);
    return status == STATUS_OK &&
                   (question->weighed || compares_people(question))
               ? asked_create(&question->sets, session->remembered,
                     session->setup.store, &asked, question->now)
               : status;
}

/* Its rows, as they are answered: of a center that decides alone. */
static enum status decide_alone(struct question *question)
{
    if (question->sets == NULL)
        return STATUS_OK;
    enum status status = asked_decide(question->sets,
        question->limits.min_difference, &question->instruction);
    return status == STATUS_OK ? question_take_answering(question) : status;
}

/* What leaves first is what the question weighs. */
static enum status weigh(struct question *question)
{
    struct vector weights = {.length = 0};
    enum status status = asked_weigh(question->sets, &weights);
    if (status == STATUS_OK)
        status = vector_encode(&weights, &question->vector);
    vector_fini(&weights);
    return status;
}

/* *done: the vector is there; else the worker has the question. */
static enum status compute(struct question *question, bool *done)
{
    enum status status = reading_settle(question);
    if (status == STATUS_OK)
        status = reading_hold(question);
    if (status == STATUS_OK)
        status = find_asked(question);
    if (status == STATUS_OK && question->weighed)
        return weigh(question);
    if (status == STATUS_OK)
        status = decide_alone(question);
    if (status != STATUS_OK)
        return status;
    struct session_job *job = calloc(1, sizeof *job);
    if (job == NULL)
        return STATUS_NO_MEMORY;
    job->question = question;
    job->rows = question_rows(question);
    status = job_start(job, done);
    if (status == STATUS_OK && !*done)
        return STATUS_OK;
    if (status == STATUS_OK)
        status = vector_encode(&job->contribution.vector, &question->vector);
    session_job_destroy(job);
    return status;
}

/* What has one answer: the question, and of whom it asks where figures depend
 * on that. */
static struct digest digest_of_question(const struct question *question)
{
    const struct digest asked = question->admission.query->question;
    const struct session_header *header = question->admission.header;
    const struct view parts[] = {{asked.bytes, sizeof asked.bytes},
        {(const uint8_t *)header->centers,
            header->center_count * sizeof *header->centers}};
    return plan_tells_centers(question->admission.plan)
               ? masking_digest("question of centers", parts, 2)
               : asked;
}

/* The first sums of a fit that an older program began had other columns. */
static bool is_of_an_older_fit(const struct question *question)
{
    return check_stored(question) != STATUS_OK;
}

/* A fit's later rounds read the rows, and those of its first sums are of no use
 * to others. What carries noise is never counted twice. */
static bool must_begin_again(const struct question *question)
{
    return question->admission.plan->value_count > 0 &&
           question->privacy != PRIVACY_NOISE &&
           (is_of_an_older_fit(question) || reading_moved(question));
}

/* D18: the same question on the same freeze has one answer. */
static enum status find_stored(struct question *question)
{
    struct store_answer answer;
    const struct store_asked asked = {
        &question->study_id, &question->asked, question->view.freeze};
    if (!DEFENCE("stored-answers") || question->weighed)
        return STATUS_OK; /* one that is weighed repeats itself */
    enum status status = store_find_question(
        question->session->setup.store, &asked, &answer, &question->vector);
    question->stored = status == STATUS_OK;
    if (question->stored)
        question->departures = answer.departures;
    if (question->stored && must_begin_again(question)) {
        question->stored = false;
        buffer_clear(&question->vector);
        return STATUS_OK;
    }
    if (question->stored)
        return check_stored(question);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* One that stays open for more rounds is said again when it is asked again. */
static enum status reply(struct question *question, struct outbox *outbox)
{
    const struct message summary = {.type = MESSAGE_SUMMARY,
        .id = question->header_id,
        .vector = buffer_view(&question->vector)};
    if (!question_has_rounds(question))
        return outbox_add(outbox, &summary);
    enum status status = message_encode(&summary, &question->last);
    return status == STATUS_OK
               ? outbox_add_bytes(outbox, buffer_view(&question->last))
               : status;
}

/* What the store knows of the question, before anything is computed. */
static enum status look_up(struct question *question, bool *again)
{
    enum status status = check_opt_in(question);
    if (status == STATUS_OK && study_is_masked(question->privacy))
        status = progress_check(question);
    if (status == STATUS_OK)
        status = reading_find(question);
    if (status == STATUS_OK)
        status = check_replay(question, again);
    if (status != STATUS_OK || *again)
        return status;
    status = question_check_counts(question);
    if (status != STATUS_OK)
        return status;
    question->asked = digest_of_question(question);
    return find_stored(question);
}

/* *done: the vector is there, or it is a refusal; else the worker has the
 * question. */
static enum status decide(struct question *question, bool *again, bool *done)
{
    struct store *store = question->session->setup.store;
    *again = false;
    enum status status = admit(question);
    if (status == STATUS_OK)
        status = store_begin_reading(store);
    if (status != STATUS_OK)
        return status;
    status = look_up(question, again);
    store_rollback(store);
    return status == STATUS_OK && !*again && !question->stored
               ? compute(question, done)
               : status;
}

static enum status begin(struct question **out, struct session *session,
    const struct message *message, struct session_time now)
{
    struct question *question = calloc(1, sizeof *question);
    *out = question;
    if (question == NULL)
        return STATUS_NO_MEMORY;
    question->session = session;
    question->message = message;
    question->now = now.wall_seconds;
    question->received_ms = now.monotonic_ms;
    buffer_init(&question->vector, BUFFER_LIMIT_DEFAULT);
    buffer_init(&question->last, BUFFER_LIMIT_DEFAULT);
    diagnostic_init(&question->diagnostic, "");
    return decode_documents(question);
}

/* The vector is there. A masked one is recorded when this center votes. */
static enum status answer(struct question *question, bool again,
    struct session_time now, struct outbox *outbox, bool *kept)
{
    enum status status = STATUS_OK;
    if (study_is_masked(question->privacy)) {
        /* It gave its answer when it voted: there is no second vote. */
        status = again ? STATUS_REPLAYED : masked_open(question, now, outbox);
        *kept = status == STATUS_OK;
        return status;
    }
    if (!again)
        status = question_record(question);
    if (status == STATUS_OK)
        status = reply(question, outbox);
    question->again = again;
    *kept = status == STATUS_OK && rounds_keep(question, now);
    return status;
}

/* The question is kept open or goes; a refusal says so. */
static enum status conclude(struct question *question, enum status status,
    bool kept, struct outbox *outbox)
{
    if (status != STATUS_OK && question != NULL &&
        !session_is_own_failure(status))
        status = question_refuse(question, status, outbox);
    else if (status != STATUS_OK)
        log_event(LOG_ERROR, "session", "cannot_answer", "reason=%s",
            status_name(status));
    if (kept)
        drop_documents(question);
    else
        question_destroy(question);
    return status;
}

enum status question_finish(struct question *question, struct session_job *job,
    struct session_time now, struct outbox *outbox)
{
    bool kept = false;
    enum status status = job->status;
    if (status == STATUS_OK) /* a scan may have taken long */
        status = question_still_allowed(question);
    if (status == STATUS_OK)
        status = vector_encode(&job->contribution.vector, &question->vector);
    if (status == STATUS_OK)
        status = answer(question, false, now, outbox, &kept);
    return conclude(question, status, kept, outbox);
}

enum status session_open_question(struct session *session,
    const struct message *message, struct session_time now,
    struct outbox *outbox)
{
    bool again = false, kept = false, done = true;
    struct question *question;
    enum status status = begin(&question, session, message, now);
    if (status == STATUS_OK) {
        enum status open =
            open_resume(session, &question->header_id, now, outbox);
        if (open == STATUS_NOT_FOUND &&
            open_place(session, &question->query_id, now) == NULL)
            open = open_say_busy(&question->header_id, outbox);
        if (open != STATUS_NOT_FOUND) {
            question_destroy(question);
            return open;
        }
        status = decide(question, &again, &done);
    }
    if (status == STATUS_OK && !done) {
        drop_documents(question);
        return STATUS_OK;
    }
    if (status == STATUS_OK)
        status = answer(question, again, now, outbox, &kept);
    return conclude(question, status, kept, outbox);
}
