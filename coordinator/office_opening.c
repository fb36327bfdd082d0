/*
 * From a query that was found good to its session: it waits until every center
 * that it would ask has room, in turn by person.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/counter.h"
#include "coordinator/office_internal.h"
#include "protocol/wire/log.h"

#define BUSY_AGAIN_MS 5000 /* after which a full queue may have a place */

/* ---- whom it asks ---- */

struct choice {
    size_t opted_in, connected;
    const char *names[ROSTER_CENTERS_MAX];
    size_t members[ROSTER_CENTERS_MAX];  /* their places among the members */
    int64_t freezes[ROSTER_CENTERS_MAX]; /* that they are to answer from */
};

static void choose_centers(struct office *office,
    const struct catalog_study *study, struct choice *choice)
{
    memset(choice, 0, sizeof *choice);
    for (size_t i = 0; i < members_count(office->members); i++) {
        const struct member *member = members_at(office->members, i);
        if (member->role != SENDER_CENTER ||
            !catalog_study_has_center(study, &member->identity.sign))
            continue;
        choice->opted_in++;
        if (!member->connected || choice->connected == ROSTER_CENTERS_MAX ||
            !freezes_known(office->freezes, &member->identity.sign))
            continue; /* what it reads comes right after its greeting */
        choice->members[choice->connected] = i;
        choice->names[choice->connected++] = member->identity.name;
    }
}

static void choose_freezes(struct office *office,
    const struct question *question, struct choice *choice)
{
    for (size_t i = 0; i < choice->connected; i++)
        choice->freezes[i] = freezes_of_study(office->freezes,
            &members_at(office->members, choice->members[i])->identity.sign,
            &question->study->study->id, question->query->move);
}

static enum status check_connected(const struct catalog_study *study,
    const struct choice *choice, char *text, size_t capacity)
{
    const int64_t needed = study->study->min_centers;
    if ((int64_t)choice->connected >= needed)
        return STATUS_OK;
    snprintf(text, capacity,
        "%zu of the %zu centers that opted in are connected; the study "
        "requires %" PRId64,
        choice->connected, choice->opted_in, needed);
    return STATUS_TOO_FEW_CENTERS;
}

/* ---- its session ---- */

static enum status make_session(struct office *office,
    struct question *question, const struct choice *choice,
    struct office_clock now, struct diagnostic *diagnostic,
    struct session **out)
{
    const int64_t deadline_ms = office->config->deadline_ms;
    struct session_setup setup = {
        .deadline = now.wall + (deadline_ms + 999) / 1000,
        .deadline_ms = now.monotonic_ms + (uint64_t)deadline_ms,
        .keys = office->keys,
        .center_count = choice->connected,
        .centers = choice->names,
        .freezes = choice->freezes,
        .roster = office->catalog->roster,
        .families = office->families,
        .now = now.wall,
        .now_ms = now.monotonic_ms,
        .diagnostic = diagnostic,
    };
    office->ports.random(office->ports.arg, setup.random, sizeof setup.random);
    return session_create(out, question, &setup);
}

static enum status put_asked(
    struct ledger *ledger, const struct session *session, int64_t now)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < session->center_count; i++) {
        struct ledger_reply reply = {.state = REPLY_ASKED};
        memcpy(reply.center, session->centers[i].name, sizeof reply.center);
        status = ledger_put_reply(ledger, &session->question.id, &reply, now);
    }
    return status;
}

static enum status write_opening(
    struct office *office, const struct session *session, int64_t now)
{
    const struct question *question = &session->question;
    struct ledger_query query = {.id = question->id,
        .study_id = question->study->study->id,
        .question = question->query->question,
        .researcher = question->researcher,
        .state = QUERY_OPEN,
        .submitted = now,
        .envelope = buffer_view(&question->envelope)};
    snprintf(
        query.study, sizeof query.study, "%s", question->study->study->name);
    struct ledger *ledger = office->ledger;
    enum status status = ledger_begin(ledger);
    if (status == STATUS_OK)
        status = ledger_add_query(ledger, &query);
    if (status == STATUS_OK)
        status = ledger_add_session(ledger, &question->id, &session->header->id,
            buffer_view(&session->header_envelope), session->header->deadline);
    if (status == STATUS_OK)
        status = put_asked(ledger, session, now);
    if (status == STATUS_OK)
        status = ledger_record(ledger, now, "query_accepted", &question->id,
            "study=%s centers=%zu", query.study, session->center_count);
    if (status == STATUS_OK)
        status = ledger_commit(ledger);
    if (status != STATUS_OK)
        ledger_rollback(ledger);
    return status;
}

/* The session is on disk before any center hears of it: after a crash the same
 * header is sent again, never another for the same query. */
static enum status open_question(struct office *office,
    struct question *question, const struct waiting *waiting,
    struct office_clock now, char *text, size_t capacity)
{
    struct choice choice;
    struct session *session = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    choose_centers(office, question->study, &choice);
    enum status status =
        check_connected(question->study, &choice, text, capacity);
    if (status != STATUS_OK) {
        question_fini(question);
        return status;
    }
    choose_freezes(office, question, &choice);
    status =
        make_session(office, question, &choice, now, &diagnostic, &session);
    if (status == STATUS_OK)
        status = write_opening(office, session, now.wall);
    if (status != STATUS_OK) {
        office_copy_text(text, capacity, diagnostic.message);
        session_destroy(session);
        return status;
    }
    session->has_submitter = true;
    session->submitter = waiting->route;
    office->sessions[office->session_count++] = session;
    office_send_open(office, session);
    const struct office_viewer viewer = {
        .route = waiting->route, .key = waiting->researcher};
    office_send_status(office, &viewer, &session->question.id, now.wall);
    office_settle(office, session, now);
    return STATUS_OK;
}

/* It is judged again: it may have waited long. */
static void open_waiting(
    struct office *office, const struct digest *id, struct office_clock now)
{
    struct waiting waiting;
    struct question question;
    char text[MESSAGE_TEXT_MAX] = "";
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    if (!turns_take(office->turns, id, &waiting))
        return;
    enum status status = catalog_admit(office->catalog, &question,
        buffer_view(&waiting.envelope), &waiting.researcher, now.wall,
        &diagnostic);
    if (status == STATUS_OK)
        status =
            open_question(office, &question, &waiting, now, text, sizeof text);
    else
        office_copy_text(text, sizeof text, diagnostic.message);
    if (status != STATUS_OK) {
        office_record_refusal(office, "query_refused", &waiting.id, status,
            &waiting.researcher, now.wall);
        office_send_failure(office, &waiting.route, status, &waiting.id, text);
    }
    buffer_fini(&waiting.envelope);
}

/* ---- whose turn it is ---- */

static size_t count_sessions_of(void *arg, const struct public_key *researcher)
{
    const struct office *office = arg;
    size_t count = 0;
    for (size_t i = 0; i < office->session_count; i++)
        count += public_key_equal(
            &office->sessions[i]->question.researcher, researcher);
    return count;
}

/* How many more questions centers take. */
struct room {
    size_t *of; /* each, by its place among the members */
    size_t all;
    bool nobody; /* no center is connected: who waits is to be told so */
};

static void take_place(struct room *room, size_t member)
{
    const size_t taken = room->of[member] > 0;
    room->of[member] -= taken;
    room->all -= taken;
}

static void count_room(struct office *office, struct room *room)
{
    for (size_t i = 0; i < members_count(office->members); i++) {
        const struct member *member = members_at(office->members, i);
        const bool asked = member->role == SENDER_CENTER && member->connected;
        room->of[i] = asked ? member->room : 0;
        room->all += room->of[i];
        room->nobody = room->nobody && !asked;
    }
    for (size_t i = 0; i < office->session_count; i++) {
        const struct session *session = office->sessions[i];
        for (size_t k = 0; k < session->center_count; k++) {
            const struct member *member =
                members_find_center(office->members, session->centers[k].name);
            if (member == NULL || session->centers[k].state == REPLY_REFUSED)
                continue;
            take_place(room, (size_t)(member - members_at(office->members, 0)));
        }
    }
}

/* What is weighed is held against all that its family was told before: one
 * question of a family at a time. */
static bool is_held_up(struct office *office, const struct study *study)
{
    if (!study_is_weighed(study->privacy, &study->limits))
        return false;
    for (size_t i = 0; i < office->session_count; i++) {
        const struct session *session = office->sessions[i];
        if (session->family != NULL &&
            families_are_one(
                office->families, session->question.study->study, study))
            return true;
    }
    return false;
}

/* Takes a place at each center that it asks. Where one has none, those of the
 * others are kept for it all the same: a question to many centers is not held
 * up by those behind it that ask few. */
static bool take_room(struct office *office, const struct waiting *waiting,
    struct choice *choice, struct room *room)
{
    const struct catalog_study *study =
        catalog_find_study(office->catalog, &waiting->study_id);
    bool enough = true;
    if (study == NULL)
        return true; /* it will be told so */
    if (is_held_up(office, study->study) ||
        counter_waits(office->ledger, study->study))
        return false;
    choose_centers(office, study, choice);
    if ((int64_t)choice->connected < study->study->min_centers)
        return true;
    for (size_t i = 0; i < choice->connected; i++)
        enough = enough && room->of[choice->members[i]] > 0;
    for (size_t i = 0; i < choice->connected; i++)
        take_place(room, choice->members[i]);
    return enough;
}

void office_serve_turns(struct office *office, struct office_clock now)
{
    struct choice choice;
    office->turns_due = false;
    if (turns_count(office->turns) == 0)
        return;
    struct room room = {
        calloc(members_count(office->members) + 1, sizeof *room.of), 0, true};
    if (room.of == NULL) {
        office->turns_due = true;
        return;
    }
    count_room(office, &room);
    turns_order(office->turns, count_sessions_of, office);
    size_t place = 0;
    const struct waiting *waiting;
    /* No center has room: nobody further back is looked at, who may be many. */
    while ((room.all > 0 || room.nobody) &&
           (int64_t)office->session_count < office->config->max_open_sessions &&
           (waiting = turns_at(office->turns, place)) != NULL) {
        const struct digest id = waiting->id;
        if (take_room(office, waiting, &choice, &room))
            open_waiting(office, &id, now);
        else
            place++;
    }
    free(room.of);
}

static void send_busy(struct office *office, const struct office_call *call,
    const struct digest *id)
{
    struct message *message = office_message(office, MESSAGE_FAILURE);
    office_copy_text(
        message->name, sizeof message->name, status_name(STATUS_BUSY));
    snprintf(message->text, sizeof message->text,
        "busy: %zu questions wait; again in %d s", turns_count(office->turns),
        BUSY_AGAIN_MS / 1000);
    message->id = *id;
    message->number = BUSY_AGAIN_MS;
    office_send(office, call->route);
}

enum status office_queue_question(struct office *office,
    const struct question *question, const struct office_call *call, char *text,
    size_t capacity)
{
    struct choice choice;
    const struct waiting waiting = {.id = question->id,
        .study_id = question->study->study->id,
        .researcher = question->researcher,
        .route = *call->route,
        .submitted = call->now.wall};
    choose_centers(office, question->study, &choice);
    enum status status =
        check_connected(question->study, &choice, text, capacity);
    if (status == STATUS_OK)
        status = turns_add(
            office->turns, &waiting, buffer_view(&question->envelope));
    if (status == STATUS_BUSY) {
        send_busy(office, call, &waiting.id);
        return STATUS_OK;
    }
    if (status != STATUS_OK)
        return status;
    const struct office_viewer viewer = office_viewer_of(call);
    office_serve_turns(office, call->now);
    if (turns_find(office->turns, &waiting.id) != NULL)
        office_send_status(office, &viewer, &waiting.id, call->now.wall);
    return STATUS_OK;
}
