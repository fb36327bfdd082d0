#include "node/guard.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "node/guard_pairs.h"
#include "node/people_box.h"
#include "protocol/analysis/people.h"
#include "protocol/wire/defence.h"

struct guard {
    uint8_t *key;   /* guarded memory */
    int64_t loaded; /* last row of the store that is in `cohorts` */
    size_t count, capacity;
    struct people *cohorts; /* those answered last at the end; no two alike */
    struct guard_pairs *pairs; /* the last of them; NULL: to be made */
};

struct guard_people {
    int64_t compared;  /* with the store's rows up to this one */
    uint64_t repeated; /* people who count with several rows */
    size_t count;
    struct people cohorts[GUARD_LEVELS_MAX + 1]; /* [0]: the whole */
};

enum status guard_create(struct guard **out, const struct keypair *keys)
{
    static const char label[] = "cohortium/guard/1";
    *out = NULL;
    struct guard *guard = calloc(1, sizeof *guard);
    if (guard == NULL)
        return STATUS_NO_MEMORY;
    guard->key = sodium_malloc(32);
    if (guard->key == NULL) {
        free(guard);
        return STATUS_NO_MEMORY;
    }
    crypto_generichash(guard->key, 32, (const uint8_t *)label, sizeof label,
        keypair_curve_secret(keys), KEY_BYTES);
    *out = guard;
    return STATUS_OK;
}

static void forget_cohorts(struct guard *guard)
{
    for (size_t i = 0; i < guard->count; i++)
        people_fini(&guard->cohorts[i]);
    guard_pairs_destroy(guard->pairs);
    guard->pairs = NULL;
    guard->count = 0;
    guard->loaded = 0;
}

void guard_destroy(struct guard *guard)
{
    if (guard == NULL)
        return;
    forget_cohorts(guard);
    free(guard->cohorts);
    sodium_free(guard->key);
    free(guard);
}

void guard_people_destroy(struct guard_people *people)
{
    if (people == NULL)
        return;
    for (size_t i = 0; i < people->count; i++)
        people_fini(&people->cohorts[i]);
    free(people);
}

/* ---- loading ---- */

static enum status make_room(struct guard *guard)
{
    if (guard->count < guard->capacity)
        return STATUS_OK;
    size_t capacity = guard->capacity == 0 ? 64 : guard->capacity * 2;
    struct people *larger =
        reallocarray(guard->cohorts, capacity, sizeof *larger);
    if (larger == NULL)
        return STATUS_NO_MEMORY;
    guard->cohorts = larger;
    guard->capacity = capacity;
    return STATUS_OK;
}

/* Where it finds no place there, all are made anew when they are needed. */
static void add_to_pairs(struct guard *guard, const struct people *cohort)
{
    if (guard->pairs == NULL)
        return;
    if (cohort->word_count * 64 > guard_pairs_people(guard->pairs)) {
        guard_pairs_destroy(guard->pairs);
        guard->pairs = NULL;
    } else {
        guard_pairs_add(guard->pairs, cohort);
    }
}

/* Takes the cohort over, as the one that was answered last. The same people
 * again are remembered once: they differ from a new cohort as they did. */
static enum status keep(struct guard *guard, struct people *cohort)
{
    enum status status = make_room(guard);
    size_t at = guard->count;
    if (status != STATUS_OK) {
        people_fini(cohort);
        return status;
    }
    for (size_t i = 0; i < guard->count && at == guard->count; i++) {
        if (people_equal(&guard->cohorts[i], cohort))
            at = i;
    }
    if (at < guard->count) {
        people_fini(&guard->cohorts[at]);
        memmove(&guard->cohorts[at], &guard->cohorts[at + 1],
            (guard->count - at - 1) * sizeof *guard->cohorts);
        guard->count--;
    }
    guard->cohorts[guard->count++] = *cohort;
    *cohort = (struct people){0};
    add_to_pairs(guard, &guard->cohorts[guard->count - 1]);
    return STATUS_OK;
}

static enum status load_cohort(void *arg, int64_t row, struct view box)
{
    struct guard *guard = arg;
    struct people cohort = {0};
    enum status status = people_unseal(&cohort, box, guard->key);
    if (status == STATUS_OK)
        status = keep(guard, &cohort);
    guard->loaded = row;
    return status;
}

enum status guard_load(struct guard *guard, struct store *store)
{
    return store_visit_cohorts(store, guard->loaded, load_cohort, guard);
}

static enum status drop_and_load(
    struct guard *guard, struct store *store, int64_t now)
{
    bool dropped = false;
    enum status status = store_drop_cohorts(store, now, &dropped);
    if (dropped)
        forget_cohorts(guard);
    return status == STATUS_OK ? guard_load(guard, store) : status;
}

/* ---- the people of a question ---- */

struct gathering {
    const uint32_t *numbers; /* by patient of the frame */
    struct guard_people *people;
    uint64_t last; /* patient + 1 of the row before */
    bool again;    /* that was not the patient's first row */
};

static void count_repeated(
    struct gathering *gathering, const uint32_t *patients, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const bool again = gathering->last == (uint64_t)patients[i] + 1;
        gathering->people->repeated += again && !gathering->again;
        gathering->again = again;
        gathering->last = (uint64_t)patients[i] + 1;
    }
}

/* Whoever is at no level that is remembered is added to the whole again. */
static void add_people(
    void *arg, const uint32_t *patients, const uint32_t *levels, size_t count)
{
    struct gathering *gathering = arg;
    struct people *cohorts = gathering->people->cohorts;
    const uint32_t *numbers = gathering->numbers;
    const size_t level_count = gathering->people->count - 1;
    count_repeated(gathering, patients, count);
    for (size_t i = 0; i < count; i++) {
        people_add(&cohorts[0], numbers[patients[i]]);
        people_add(&cohorts[levels[i] < level_count ? levels[i] + 1 : 0],
            numbers[patients[i]]);
    }
}

static enum status gather(struct guard_people **out, const struct frame *frame,
    const struct plan *plan)
{
    struct guard_people *people = calloc(1, sizeof *people);
    size_t levels = plan->query->by_count == 0 ? 0 : plan->level_count;
    enum status status = people == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    if (levels > GUARD_LEVELS_MAX)
        levels = 0;
    for (size_t i = 0; status == STATUS_OK && i < levels + 1; i++) {
        status = people_init(&people->cohorts[i], frame_person_end(frame));
        people->count = i + 1;
    }
    struct gathering gathering = {frame_people(frame), people, 0, false};
    if (status == STATUS_OK)
        status =
            plan_visit_people(plan, frame_rows(frame), add_people, &gathering);
    if (status != STATUS_OK) {
        guard_people_destroy(people);
        return status;
    }
    for (size_t i = 0; i < people->count; i++)
        people_count(&people->cohorts[i]);
    *out = people;
    return STATUS_OK;
}

/* ---- D13, D14 ---- */

static bool is_few(uint64_t people, int64_t limit)
{
    return people > 0 && people < (uint64_t)limit;
}

/* Those that are in the pairs: the last ones. */
static size_t find_first_in_pairs(const struct guard *guard)
{
    return guard->count < GUARD_PAIRS ? 0 : guard->count - GUARD_PAIRS;
}

/* D13, for those that are not in the pairs any more. */
static bool is_close_to_older(
    const struct guard *guard, const struct people *a, int64_t limit)
{
    for (size_t i = 0; i < find_first_in_pairs(guard); i++) {
        const struct people *b = &guard->cohorts[i];
        uint64_t both = people_common(a, b);
        if (is_few(a->count - both, limit) || is_few(b->count - both, limit))
            return true;
    }
    return false;
}

/* Room for half as many people again, so that it is seldom made anew. */
static enum status make_pairs(struct guard *guard)
{
    if (guard->pairs != NULL)
        return STATUS_OK;
    const size_t first = find_first_in_pairs(guard);
    size_t words = 1;
    for (size_t i = first; i < guard->count; i++) {
        size_t its = guard->cohorts[i].word_count;
        words = its > words ? its : words;
    }
    enum status status =
        guard_pairs_create(&guard->pairs, (uint32_t)(words + words / 2) * 64);
    for (size_t i = first; status == STATUS_OK && i < guard->count; i++)
        guard_pairs_add(guard->pairs, &guard->cohorts[i]);
    return status;
}

static bool is_close(struct guard *guard, const struct people *a, int64_t limit)
{
    guard_pairs_ask(guard->pairs, a);
    return is_close_to_older(guard, a, limit) ||
           guard_pairs_one_is_close(guard->pairs, limit) ||
           (DEFENCE("pairs") && guard_pairs_two_are_close(guard->pairs, limit));
}

enum status guard_compare(struct guard *guard,
    const struct guard_people *people, int64_t limit, bool *close)
{
    *close = false;
    enum status status = make_pairs(guard);
    for (size_t p = 0; status == STATUS_OK && !*close && p < people->count; p++)
        *close = people->cohorts[p].count > 0 &&
                 is_close(guard, &people->cohorts[p], limit);
    return status;
}

/* With a limit of 1 nothing is too close. */
static enum status refuse_close(
    struct guard *guard, struct guard_people *people, int64_t limit)
{
    bool close = false;
    enum status status = STATUS_OK;
    if (limit > 1 && DEFENCE("differencing"))
        status = guard_compare(guard, people, limit, &close);
    /* The same people by patient, and the difference is few people's exams. */
    if (limit > 1 && is_few(people->repeated, limit) && DEFENCE("second-exams"))
        close = true;
    people->compared = guard->loaded;
    return status == STATUS_OK && close ? STATUS_TOO_CLOSE : status;
}

enum status guard_check(struct guard *guard, struct guard_people **out,
    struct store *store, const struct guard_question *question, int64_t now)
{
    *out = NULL;
    enum status status = drop_and_load(guard, store, now);
    if (status == STATUS_OK)
        status = gather(out, question->frame, question->plan);
    if (status == STATUS_OK)
        status = refuse_close(guard, *out, question->min_cell);
    if (status != STATUS_OK) {
        guard_people_destroy(*out);
        *out = NULL;
    }
    return status;
}

enum status guard_check_again(struct guard *guard, struct guard_people *people,
    struct store *store, int64_t min_cell, int64_t now)
{
    enum status status = drop_and_load(guard, store, now);
    return status == STATUS_OK && people->compared != guard->loaded &&
                   DEFENCE("compared-again")
               ? refuse_close(guard, people, min_cell)
               : status;
}

enum status guard_record(struct guard *guard, struct store *store,
    const struct guard_people *people, const struct digest *study,
    int64_t until)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < people->count; i++) {
        struct buffer box;
        if (people->cohorts[i].count == 0)
            continue;
        buffer_init(&box, BUFFER_LIMIT_DEFAULT);
        status = people_seal(&box, &people->cohorts[i], guard->key);
        if (status == STATUS_OK)
            status = store_put_cohort(store, study, until, buffer_view(&box));
        buffer_fini(&box);
    }
    return status;
}

enum status guard_people_digest(const struct guard *guard,
    const struct guard_people *people, struct digest *out, bool *nobody)
{
    const size_t count = people->cohorts[0].count;
    uint32_t *numbers = calloc(count + 1, sizeof *numbers);
    if (numbers == NULL)
        return STATUS_NO_MEMORY;
    people_list(&people->cohorts[0], numbers);
    crypto_generichash(out->bytes, DIGEST_BYTES, (const uint8_t *)numbers,
        count * sizeof *numbers, guard->key, KEY_BYTES);
    *nobody = count == 0;
    free(numbers);
    return STATUS_OK;
}

enum status guard_people_create(
    struct guard_people **out, const uint32_t *numbers, size_t count)
{
    uint32_t end = 0;
    for (size_t i = 0; i < count; i++)
        end = numbers[i] >= end ? numbers[i] + 1 : end;
    struct guard_people *people = calloc(1, sizeof *people);
    *out = people;
    if (people == NULL)
        return STATUS_NO_MEMORY;
    people->count = 1;
    enum status status = people_init(&people->cohorts[0], end);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        people_add(&people->cohorts[0], numbers[i]);
    if (status == STATUS_OK)
        people_count(&people->cohorts[0]);
    return status;
}

enum status guard_remember(
    struct guard *guard, const struct guard_people *people)
{
    const struct people *from = &people->cohorts[0];
    struct people copy;
    enum status status =
        people_init(&copy, (uint32_t)from->word_count * 64 - 1);
    if (status != STATUS_OK)
        return status;
    memcpy(copy.words, from->words, from->word_count * sizeof *copy.words);
    people_count(&copy);
    return keep(guard, &copy);
}
