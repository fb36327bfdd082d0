#include "coordinator/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/wire/message.h"

/* The ids of the sets that the question is held against. */
static struct view list_remembered(const struct session *session)
{
    const struct family *family = session->family;
    return family == NULL
               ? (struct view){NULL, 0}
               : (struct view){(const uint8_t *)family->ids,
                     memory_count(family->memory) * sizeof *family->ids};
}

static enum status encode_open(struct session *session)
{
    const struct catalog_study *study = session->question.study;
    struct message *message = calloc(1, sizeof *message);
    if (message == NULL)
        return STATUS_NO_MEMORY;
    message->type = MESSAGE_OPEN;
    message->header = buffer_view(&session->header_envelope);
    message->query = buffer_view(&session->question.envelope);
    message->study = buffer_view(&study->envelope);
    message->body = list_remembered(session);
    message->document_count = study->approval_count;
    for (size_t i = 0; i < study->approval_count; i++)
        message->documents[i] = buffer_view(&study->approvals[i]);
    enum status status = message_encode(message, &session->open_message);
    free(message);
    return status;
}

static enum status prepare_weighing(struct session *session)
{
    struct weighing_question *weighing = &session->weighing;
    enum status status = sets_create(&session->sets, session->question.plan);
    if (status != STATUS_OK)
        return status;
    weighing->people = session->question.study->study->limits.min_difference;
    session->weighed_only = calloc(session->sets->count + 1, 1);
    if (session->weighed_only == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < session->sets->count; i++)
        session->weighed_only[i] = session->sets->list[i].weighed_only;
    weighing->weighed_only = session->weighed_only;
    weighing->heads = sets_head_count(session->sets);
    weighing->shape = (struct weighing_shape){
        .remembered = memory_count(session->family->memory),
        .sets = session->sets->count};
    if (weighing->shape.sets > WEIGHING_SETS_MAX ||
        weighing_length(&weighing->shape) > PLAN_VECTOR_MAX ||
        session->question.plan->vector_length + sets_all_cells(session->sets) >
            PLAN_VECTOR_MAX)
        return STATUS_TOO_LARGE;
    status = vector_init(&session->weights, weighing_length(&weighing->shape));
    weighing->weights = session->weights.elements;
    return status;
}

/* The common half of create and restore, once the header is there. */
static enum status prepare(
    struct session *session, struct diagnostic *diagnostic)
{
    struct diagnostic ignored;
    diagnostic_init(&ignored, "");
    const struct session_header *header = session->header;
    session->centers =
        calloc(header->center_count + 1, sizeof *session->centers);
    if (session->centers == NULL)
        return STATUS_NO_MEMORY;
    session->center_count = header->center_count;
    for (size_t i = 0; i < header->center_count; i++) {
        memcpy(session->centers[i].name, header->centers[i],
            sizeof header->centers[i]);
        session->centers[i].note = "";
    }
    const struct center_list centers = session_header_list(header);
    enum status status = question_plan_for(&session->question, &centers,
        diagnostic == NULL ? &ignored : diagnostic);
    if (status == STATUS_OK)
        status =
            vector_init(&session->sum, session->question.plan->vector_length);
    if (status == STATUS_OK && session->family != NULL)
        status = prepare_weighing(session);
    return status == STATUS_OK ? encode_open(session) : status;
}

static struct session *allocate(struct question *question)
{
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL) {
        question_fini(question);
        return NULL;
    }
    session->question = *question;
    memset(question, 0, sizeof *question);
    buffer_init(&session->header_envelope, BUFFER_LIMIT_DEFAULT);
    buffer_init(&session->open_message, BUFFER_LIMIT_DEFAULT);
    buffer_init(&session->told, BUFFER_LIMIT_DEFAULT);
    buffer_init(&session->calculated, BUFFER_LIMIT_DEFAULT);
    buffer_init(&session->instruction, BUFFER_LIMIT_DEFAULT);
    return session;
}

static enum status fill_header(struct session_header *header,
    const struct session *session, const struct session_setup *setup)
{
    header->query_id = session->question.id;
    header->study_id = session->question.study->study->id;
    header->roster_id = setup->roster->id;
    memcpy(header->session, setup->random, sizeof header->session);
    header->deadline = setup->deadline;
    header->min_centers = session->question.study->study->min_centers;
    header->weighed = session->family != NULL;
    header->remembered = digest_of(list_remembered(session));
    header->center_count = setup->center_count;
    header->centers = calloc(setup->center_count, sizeof *header->centers);
    header->freezes = calloc(setup->center_count, sizeof *header->freezes);
    if (header->centers == NULL || header->freezes == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < setup->center_count; i++) {
        snprintf(header->centers[i], sizeof header->centers[i], "%s",
            setup->centers[i]);
        header->freezes[i] = setup->freezes[i];
    }
    return STATUS_OK;
}

/* Writes, signs and reads back: what is kept is what the nodes will read. */
static enum status make_header(
    struct session *session, const struct session_setup *setup)
{
    struct session_header draft = {.center_count = 0};
    struct envelope *envelope = NULL;
    struct buffer payload;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "session header");
    buffer_init(&payload, ENVELOPE_PAYLOAD_MAX);
    enum status status = fill_header(&draft, session, setup);
    if (status == STATUS_OK)
        status = session_header_write(&payload, &draft);
    if (status == STATUS_OK)
        status = session_header_parse(
            &session->header, buffer_view(&payload), &diagnostic);
    if (status == STATUS_OK)
        status = envelope_create(&envelope, TYPE_HEADER, buffer_view(&payload));
    if (status == STATUS_OK)
        status = envelope_sign(envelope, setup->keys);
    if (status == STATUS_OK)
        status = envelope_encode(envelope, &session->header_envelope);
    envelope_destroy(envelope);
    buffer_fini(&payload);
    free(draft.centers);
    free(draft.freezes);
    return status;
}

enum status session_create(struct session **out, struct question *question,
    const struct session_setup *setup)
{
    *out = NULL;
    struct session *session = allocate(question);
    if (session == NULL)
        return STATUS_NO_MEMORY;
    session->deadline_ms = setup->deadline_ms;
    const struct study *study = session->question.study->study;
    enum status status = STATUS_OK;
    if (study_is_weighed(study->privacy, &study->limits))
        status =
            families_hold(setup->families, study, setup->now, &session->family);
    if (status == STATUS_OK)
        status = make_header(session, setup);
    if (status == STATUS_OK)
        status = prepare(session, setup->diagnostic);
    if (status == STATUS_OK)
        status =
            session_prepare_gathering(session, setup->roster, setup->now_ms);
    if (status != STATUS_OK) {
        session_destroy(session);
        return status;
    }
    *out = session;
    return STATUS_OK;
}

static enum status read_header(
    struct session *session, struct view bytes, const struct keypair *keys)
{
    struct envelope *envelope = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "session header");
    enum status status = envelope_decode(&envelope, bytes);
    if (status == STATUS_OK)
        status = envelope_verify(
            envelope, TYPE_HEADER, &keypair_identity(keys)->sign);
    if (status == STATUS_OK)
        status = session_header_parse(
            &session->header, buffer_view(&envelope->payload), &diagnostic);
    if (status == STATUS_OK)
        status =
            buffer_append(&session->header_envelope, bytes.data, bytes.size);
    envelope_destroy(envelope);
    if (status == STATUS_OK &&
        !digest_equal(&session->header->query_id, &session->question.id))
        status = STATUS_CORRUPT;
    return status;
}

enum status session_restore(struct session **out, struct question *question,
    struct view header, const struct keypair *keys)
{
    *out = NULL;
    struct session *session = allocate(question);
    if (session == NULL)
        return STATUS_NO_MEMORY;
    enum status status = read_header(session, header, keys);
    if (status == STATUS_OK)
        status = prepare(session, NULL);
    if (status != STATUS_OK) {
        session_destroy(session);
        return status;
    }
    *out = session;
    return STATUS_OK;
}

void session_drop_bytes(struct session *session, struct session_center *center)
{
    session->unsaved_bytes -= center->size;
    free(center->bytes);
    center->bytes = NULL;
    center->size = 0;
}

void session_destroy(struct session *session)
{
    if (session == NULL)
        return;
    for (size_t i = 0; session->centers != NULL && i < session->center_count;
         i++)
        session_drop_bytes(session, &session->centers[i]);
    free(session->centers);
    collector_destroy(session->collector);
    fit_destroy(session->fit);
    buffer_fini(&session->told);
    buffer_fini(&session->calculated);
    vector_fini(&session->round_sum);
    vector_fini(&session->sum);
    vector_fini(&session->weights);
    buffer_fini(&session->instruction);
    sets_destroy(session->sets);
    free(session->weighed_only);
    family_release(session->family);
    session_header_destroy(session->header);
    buffer_fini(&session->header_envelope);
    buffer_fini(&session->open_message);
    question_fini(&session->question);
    free(session);
}

struct session_center *session_find(struct session *session, const char *center)
{
    for (size_t i = 0; i < session->center_count; i++) {
        if (strcmp(session->centers[i].name, center) == 0)
            return &session->centers[i];
    }
    return NULL;
}

static const char note_bad[] = "bad_reply", note_busy[] = "busy",
                  note_away[] = "not_connected", note_late[] = "late",
                  note_unused[] = "not_used";

static void refuse(
    struct session *session, struct session_center *center, const char *note)
{
    session_drop(session, center);
    center->state = REPLY_REFUSED;
    center->note = note;
    session->refused++;
}

static enum status keep_bytes(
    struct session *session, struct session_center *center, struct view vector)
{
    center->bytes = malloc(vector.size);
    if (center->bytes == NULL)
        return STATUS_NO_MEMORY;
    memcpy(center->bytes, vector.data, vector.size);
    center->size = vector.size;
    center->digest = digest_of(vector);
    session->unsaved_bytes += vector.size;
    return STATUS_OK;
}

enum status session_take_summary(
    struct session *session, struct session_center *center, struct view vector)
{
    const struct plan *plan = session->question.plan;
    struct vector *sum =
        session->family == NULL ? &session->sum : &session->weights;
    struct vector decoded = {.length = 0};
    if (center->state != REPLY_ASKED)
        return STATUS_EXISTS;
    enum status status = vector_decode(&decoded, sum->length, vector);
    if (status == STATUS_OK && session->family == NULL)
        status = plan_check_alone(plan, &decoded, 1);
    if (status == STATUS_OK)
        status = keep_bytes(session, center, vector);
    if (status == STATUS_OK)
        status = vector_add(sum, &decoded);
    vector_fini(&decoded);
    if (status != STATUS_OK) {
        refuse(session, center, note_bad);
        return status;
    }
    center->state = REPLY_ANSWERED;
    center->busy = false;
    session->answered++;
    return STATUS_OK;
}

enum status session_take_refusal(
    struct session *session, struct session_center *center)
{
    const bool over = session->gathering == GATHER_DONE ||
                      session->gathering == GATHER_FAILED;
    /* of the first round; what comes of it may still be worked out */
    const bool given =
        center->state == REPLY_ANSWERED &&
        (session->fit == NULL || session->gathering == GATHER_SUMMARIES);
    if (over || given || center->state == REPLY_REFUSED)
        return STATUS_EXISTS;
    const bool holds = session_holds(session, center);
    session->answered -= center->state == REPLY_ANSWERED;
    refuse(session, center, session_step_name(session));
    center->withdrew = true;
    if (holds)
        session_fail(session, STATUS_REFUSED);
    return STATUS_OK;
}

/* A center that is lost may come back before the deadline: it is waited for
 * only while its answer is needed. */
enum session_verdict session_judge_summaries(
    const struct session *session, uint64_t now_ms)
{
    size_t waiting = 0, lost = 0;
    const size_t needed = (size_t)session->header->min_centers;
    for (size_t i = 0; i < session->center_count; i++) {
        if (session->centers[i].state != REPLY_ASKED)
            continue;
        waiting++;
        lost += session->centers[i].lost;
    }
    if (session->answered + waiting < needed)
        return SESSION_FAIL;
    const bool enough = session->answered >= needed;
    if (now_ms >= session->deadline_ms)
        return enough ? SESSION_FINISH : SESSION_FAIL;
    return enough && waiting == lost ? SESSION_FINISH : SESSION_WAIT;
}

enum session_verdict session_judge(const struct session *session)
{
    switch (session->gathering) {
    case GATHER_DONE: return SESSION_FINISH;
    case GATHER_FAILED: return SESSION_FAIL;
    default: return SESSION_WAIT;
    }
}

/* ---- why there is no answer ---- */

void session_note_missing(struct session_center *center)
{
    if (center->state != REPLY_ASKED || *center->note != '\0')
        return;
    center->note = center->lost   ? note_away
                   : center->busy ? note_busy
                                  : note_late;
}

void session_end(struct session *session)
{
    for (size_t i = 0; i < session->center_count; i++) {
        struct session_center *center = &session->centers[i];
        if (session->collector == NULL)
            session_note_missing(center);
        if (center->state == REPLY_ASKED) {
            center->state = REPLY_ABSENT;
            if (*center->note == '\0') /* it said all that it was asked for */
                center->note = note_unused;
        }
        session_drop_bytes(session, center);
    }
}

static size_t count_noted(const struct session *session, const char *note)
{
    size_t count = 0;
    for (size_t i = 0; i < session->center_count; i++)
        count += session->centers[i].state != REPLY_ANSWERED &&
                 strcmp(session->centers[i].note, note) == 0;
    return count;
}

void session_explain(const struct session *session, char *out, size_t capacity)
{
    const size_t bad = count_noted(session, note_bad);
    const struct {
        size_t count;
        const char *words;
    } kinds[] = {
        {session->refused - bad, "refused"},
        {bad, "sent what cannot be"},
        {count_noted(session, note_busy), "busy"},
        {count_noted(session, note_away), "not connected"},
        {count_noted(session, note_late), "not heard in time"},
        {count_noted(session, note_unused), "took part in vain"},
    };
    struct buffer text;
    buffer_init(&text, capacity - 1);
    (void)buffer_append_format(&text, "%zu of %zu centers answered",
        session->answered, session->center_count);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].count > 0)
            (void)buffer_append_format(
                &text, ", %zu %s", kinds[i].count, kinds[i].words);
    }
    const char *all = buffer_text(&text);
    snprintf(out, capacity, "%s", all == NULL ? "" : all);
    buffer_fini(&text);
}
