#include <sodium.h>

#include "node/guard.h"
#include "node/guard_pairs.h"
#include "node/people_box.h"
#include "node/store_internal.h"
#include "tests/support/seeded.h"
#include "tests/unit/test.h"

struct scene {
    struct keypair *keys;
    struct guard *guard;
    struct dictionary *dictionary;
    struct store *store;
};

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_int_equal(keypair_create(&scene->keys, "center"), STATUS_OK);
    assert_int_equal(guard_create(&scene->guard, scene->keys), STATUS_OK);
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    assert_int_equal(
        dictionary_parse(&scene->dictionary,
            view_of_text("{\"id\":\"t\",\"variables\":[{\"name\":\"age\","
                         "\"type\":\"integer\",\"min\":0,\"max\":120}]}"),
            &diagnostic),
        STATUS_OK);
    assert_int_equal(
        store_open(&scene->store, ":memory:", scene->dictionary), STATUS_OK);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    store_close(scene->store);
    dictionary_destroy(scene->dictionary);
    guard_destroy(scene->guard);
    keypair_destroy(scene->keys);
    free(scene);
    return 0;
}

/* People from .. end - 1 */
static struct guard_people *people(uint32_t from, uint32_t end)
{
    static uint32_t numbers[4096];
    struct guard_people *made;
    for (uint32_t i = from; i < end; i++)
        numbers[i - from] = i;
    assert_int_equal(
        guard_people_create(&made, numbers, end - from), STATUS_OK);
    return made;
}

static void remember(struct scene *scene, uint32_t from, uint32_t end)
{
    struct guard_people *made = people(from, end);
    assert_int_equal(guard_remember(scene->guard, made), STATUS_OK);
    guard_people_destroy(made);
}

static bool is_close(
    struct scene *scene, const struct guard_people *asked, int64_t limit)
{
    bool close;
    assert_int_equal(
        guard_compare(scene->guard, asked, limit, &close), STATUS_OK);
    return close;
}

/* The smallest limit at which it is too close, less one; 0: far at any. */
static int64_t closest(struct scene *scene, uint32_t from, uint32_t end)
{
    struct guard_people *made = people(from, end);
    int64_t limit = 1;
    while (limit <= 5000 && !is_close(scene, made, limit))
        limit++;
    guard_people_destroy(made);
    return limit > 5000 ? 0 : limit - 1;
}

static void test_guard_nothing_remembered_is_far_from_everything(void **state)
{
    assert_int_equal(closest(*state, 0, 100), 0);
}

static void test_guard_the_same_people_are_no_difference(void **state)
{
    remember(*state, 0, 1000);
    assert_int_equal(closest(*state, 0, 1000), 0);
}

static void test_guard_differences_count_each_way(void **state)
{
    remember(*state, 0, 1000);
    assert_int_equal(closest(*state, 0, 1003), 3);
    assert_int_equal(closest(*state, 0, 990), 10);
    assert_int_equal(closest(*state, 5, 1200), 5);
    assert_int_equal(closest(*state, 2000, 2050), 50);
}

static void test_guard_what_two_make_is_seen(void **state)
{
    remember(*state, 0, 1000);
    remember(*state, 600, 2000);
    /* union, intersection, difference, the other difference */
    assert_int_equal(closest(*state, 0, 2004), 4);
    assert_int_equal(closest(*state, 600, 1002), 2);
    assert_int_equal(closest(*state, 0, 603), 3);
    assert_int_equal(closest(*state, 1001, 2000), 1);
}

static void test_guard_people_who_came_later_are_seen(void **state)
{
    remember(*state, 0, 500);
    assert_int_equal(closest(*state, 0, 520), 20);
    remember(*state, 400, 4000); /* beyond the places there were */
    assert_int_equal(closest(*state, 0, 4002), 2);
    assert_int_equal(closest(*state, 400, 503), 3);
}

/* ---- in the store ---- */

static const struct digest study = {{7}};

static void record(
    struct scene *scene, uint32_t from, uint32_t end, int64_t until)
{
    struct guard_people *made = people(from, end);
    assert_int_equal(
        guard_record(scene->guard, scene->store, made, &study, until),
        STATUS_OK);
    guard_people_destroy(made);
}

static enum status check_again(
    struct scene *scene, uint32_t from, uint32_t end, int64_t now)
{
    struct guard_people *made = people(from, end);
    enum status status =
        guard_check_again(scene->guard, made, scene->store, 11, now);
    guard_people_destroy(made);
    return status;
}

static void test_guard_what_was_answered_meanwhile_is_compared(void **state)
{
    struct scene *scene = *state;
    struct guard_people *open = people(0, 1005);
    assert_int_equal(
        guard_check_again(scene->guard, open, scene->store, 11, 1), STATUS_OK);
    record(scene, 0, 1000, 100);
    assert_int_equal(guard_check_again(scene->guard, open, scene->store, 11, 2),
        STATUS_TOO_CLOSE);
    assert_int_equal(
        guard_check_again(scene->guard, open, scene->store, 5, 3), STATUS_OK);
    guard_people_destroy(open);
}

static void test_guard_is_forgotten_with_its_study_and_not_before(void **state)
{
    struct scene *scene = *state;
    record(scene, 0, 1000, 100);
    assert_int_equal(check_again(scene, 0, 1003, 100), STATUS_TOO_CLOSE);
    assert_int_equal(check_again(scene, 0, 1003, 101), STATUS_OK);
}

static enum status see_box(void *arg, int64_t row, struct view box)
{
    (void)row;
    *(size_t *)arg += box.size;
    /* 64 consecutive people are a byte 255 in any bitmap, 0 1 2 3 in a list */
    for (size_t i = 0; i + 6 < box.size; i++) {
        assert_memory_not_equal(box.data + i, "\0\1\0\2\0\3", 6);
        assert_memory_not_equal(box.data + i, "\377\377\377\377\377\377", 6);
    }
    return STATUS_OK;
}

static void test_guard_people_are_sealed_in_the_store(void **state)
{
    struct scene *scene = *state;
    size_t bytes = 0;
    struct guard *stranger;
    struct keypair *keys;
    bool close;
    record(scene, 0, 4000, 100);
    assert_int_equal(
        store_visit_cohorts(scene->store, 0, see_box, &bytes), STATUS_OK);
    assert_true(bytes > 4000 / 8);
    /* Another center's key opens nothing. */
    assert_int_equal(keypair_create(&keys, "other"), STATUS_OK);
    assert_int_equal(guard_create(&stranger, keys), STATUS_OK);
    struct guard_people *made = people(0, 4000);
    assert_int_equal(
        guard_check_again(stranger, made, scene->store, 11, 1), STATUS_CORRUPT);
    assert_int_equal(guard_compare(stranger, made, 11, &close), STATUS_OK);
    guard_people_destroy(made);
    guard_destroy(stranger);
    keypair_destroy(keys);
}

static void test_guard_digest_is_of_people_and_of_the_center(void **state)
{
    struct scene *scene = *state;
    struct digest one, same, other;
    bool nobody;
    struct guard_people *a = people(5, 90), *b = people(5, 90),
                        *c = people(5, 91), *none = people(0, 0);
    assert_int_equal(
        guard_people_digest(scene->guard, a, &one, &nobody), STATUS_OK);
    assert_false(nobody);
    assert_int_equal(
        guard_people_digest(scene->guard, b, &same, &nobody), STATUS_OK);
    assert_int_equal(
        guard_people_digest(scene->guard, c, &other, &nobody), STATUS_OK);
    assert_true(digest_equal(&one, &same));
    assert_false(digest_equal(&one, &other));
    assert_int_equal(
        guard_people_digest(scene->guard, none, &other, &nobody), STATUS_OK);
    assert_true(nobody);
    guard_people_destroy(a);
    guard_people_destroy(b);
    guard_people_destroy(c);
    guard_people_destroy(none);
}

static const struct public_key north = {{1}}, south = {{2}}, east = {{3}},
                               west = {{4}};
static const struct digest whose = {{9}};

static enum status check_centers(
    struct store *store, const struct public_key *centers, size_t count)
{
    return guard_check_centers(store, &whose, centers, count, 1000);
}

/* The same four centers on a roster of another order are the same; all but one
 * are not, wherever they stand. */
static void test_sets_of_centers_are_known_by_identity(void **state)
{
    struct store *store = ((struct scene *)*state)->store;
    const struct public_key all[] = {north, south, east, west};
    const struct public_key turned[] = {west, east, south, north};
    assert_int_equal(check_centers(store, all, 4), STATUS_OK);
    assert_int_equal(check_centers(store, turned, 4), STATUS_OK);
    assert_int_equal(check_centers(store, turned, 3), STATUS_TOO_CLOSE);
    assert_int_equal(check_centers(store, all, 3), STATUS_TOO_CLOSE);
}

/* Sets of an earlier version: places 1, 2 and 3 of one roster or the other, and
 * a set that only the larger one can have had. */
static void test_sets_by_place_are_named_by_each_roster(void **state)
{
    struct scene *scene = *state;
    struct identity first[] = {
        {.sign = north}, {.sign = south}, {.sign = east}};
    struct identity second[] = {
        {.sign = west}, {.sign = south}, {.sign = east}, {.sign = north}};
    const struct roster rosters[] = {{.center_count = 3, .centers = first},
        {.center_count = 4, .centers = second}};
    const struct public_key all[] = {north, south, east, west};
    const struct public_key before[] = {north, south, east};
    const struct public_key other[] = {{{5}}, {{6}}, {{7}}};
    sqlite3 *database = scene->store->database;
    assert_int_equal(
        sqlite3_exec(database,
            "INSERT INTO center_set VALUES (x'09000000000000000000000000000000"
            "00000000000000000000000000000000', 1000,"
            " x'010000000200000003000000')",
            NULL, NULL, NULL),
        SQLITE_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            guard_name_centers(scene->store, &rosters[i]), STATUS_OK);
    assert_int_equal(store_drop_places(scene->store), STATUS_OK);
    assert_int_equal(check_centers(scene->store, all, 4), STATUS_TOO_CLOSE);
    /* close to what it would be under the other roster */
    assert_int_equal(check_centers(scene->store, before, 3), STATUS_TOO_CLOSE);
    assert_int_equal(check_centers(scene->store, other, 3), STATUS_OK);
}

static void refuse_at(struct store *store, const char *reason, int64_t time)
{
    assert_int_equal(store_put_refusal(store, &study, reason, time), STATUS_OK);
}

static struct store_lock find_lock(struct store *store, int64_t now)
{
    struct store_lock lock;
    assert_int_equal(
        store_find_lock(store, &study, 10, 86400, now, &lock), STATUS_OK);
    return lock;
}

static void test_refusals_lock_until_somebody_looks(void **state)
{
    struct store *store = ((struct scene *)*state)->store;
    const int64_t day = 86400;
    /* Nine in a day, then one after it: never ten within a day. */
    for (int64_t i = 0; i < 9; i++)
        refuse_at(store, "EXPIRED", i);
    refuse_at(store, "BAD_SIGNATURE", day);
    struct store_lock lock = find_lock(store, day);
    assert_false(lock.locked);
    assert_int_equal(lock.recent, 9);
    assert_string_equal(lock.reasons, "9 EXPIRED, 1 BAD_SIGNATURE");
    refuse_at(store, "EXPIRED", day - 1);
    lock = find_lock(store, 9 * day);
    assert_true(lock.locked); /* whatever day it is now */
    assert_int_equal(lock.since, day - 1);
    assert_int_equal(lock.recent, 0);
    assert_int_equal(store_clear_refusals(store, &study), STATUS_OK);
    lock = find_lock(store, day);
    assert_false(lock.locked);
    assert_string_equal(lock.reasons, "");
}

/* The ledger's sums against whole numbers added by hand: by study and since
 * when, clocks that go back included. */
static void test_charges_add_up(void **state)
{
    struct store *store = ((struct scene *)*state)->store;
    enum { CHARGES = 300, STUDIES = 3, TIMES = 50 };
    struct {
        struct digest study;
        int64_t nano, time;
    } charges[CHARGES];
    for (int i = 0; i < CHARGES; i++) {
        const struct digest query = {{(uint8_t)i, (uint8_t)(i / 256)}};
        charges[i].study =
            (struct digest){{(uint8_t)randombytes_uniform(STUDIES)}};
        charges[i].nano = randombytes_uniform(UINT32_MAX) * (int64_t)1000;
        charges[i].time = randombytes_uniform(TIMES);
        assert_int_equal(store_put_charge(store, &charges[i].study, &query,
                             charges[i].nano, charges[i].time),
            STATUS_OK);
        const struct digest one = {{(uint8_t)randombytes_uniform(STUDIES)}};
        const int64_t since = randombytes_uniform(TIMES);
        int64_t expected[2] = {0, 0}, of_study, of_all;
        for (int k = 0; k <= i; k++) {
            if (charges[k].time < since)
                continue;
            expected[0] += charges[k].nano;
            if (digest_equal(&charges[k].study, &one))
                expected[1] += charges[k].nano;
        }
        assert_int_equal(
            store_sum_charges(store, NULL, since, &of_all), STATUS_OK);
        assert_int_equal(
            store_sum_charges(store, &one, since, &of_study), STATUS_OK);
        assert_true(of_all == expected[0] && of_study == expected[1]);
    }
}

/* ---- against every set that two make, one by one ---- */

#define COHORTS_MAX 300
#define CROWD_WORDS ((size_t)80)

struct crowd {
    size_t size, words; /* people; 64 a word */
    size_t count;
    uint64_t cohorts[COHORTS_MAX][CROWD_WORDS];
};

static bool differs_by_few(const struct crowd *crowd, const uint64_t *a,
    const uint64_t *made, int64_t limit)
{
    int64_t left = 0, out = 0;
    bool anybody = false;
    for (size_t w = 0; w < crowd->words; w++) {
        left += __builtin_popcountll(a[w] & ~made[w]);
        out += __builtin_popcountll(made[w] & ~a[w]);
        anybody = anybody || made[w] != 0;
    }
    return anybody && ((left > 0 && left < limit) || (out > 0 && out < limit));
}

static void make(const struct crowd *crowd, uint64_t *out, int how,
    const uint64_t *b, const uint64_t *c)
{
    for (size_t w = 0; w < crowd->words; w++) {
        out[w] = how == 0   ? b[w] | c[w]
                 : how == 1 ? b[w] & c[w]
                 : how == 2 ? b[w] & ~c[w]
                            : c[w] & ~b[w];
    }
}

static bool pair_is_close(const struct crowd *crowd, const uint64_t *b,
    const uint64_t *c, const uint64_t *a, int64_t limit)
{
    uint64_t made[CROWD_WORDS];
    /* The same people twice are one cohort, that D13 looks at. */
    if (memcmp(b, c, crowd->words * sizeof *b) == 0)
        return false;
    for (int how = 0; how < 4; how++) {
        make(crowd, made, how, b, c);
        if (differs_by_few(crowd, a, made, limit))
            return true;
    }
    return false;
}

static bool close_by_hand(
    const struct crowd *crowd, const uint64_t *a, int64_t limit)
{
    size_t first = crowd->count > GUARD_PAIRS ? crowd->count - GUARD_PAIRS : 0;
    for (size_t i = first; i < crowd->count; i++) {
        for (size_t j = first; j < i; j++) {
            if (pair_is_close(
                    crowd, crowd->cohorts[i], crowd->cohorts[j], a, limit))
                return true;
        }
    }
    return false;
}

static bool are_close(const struct crowd *crowd, struct guard_pairs *pairs,
    const uint64_t *a, int64_t limit)
{
    uint64_t words[CROWD_WORDS];
    struct people people = {.word_count = crowd->words, .words = words};
    memcpy(words, a, crowd->words * sizeof *words);
    people_count(&people);
    guard_pairs_ask(pairs, &people);
    return guard_pairs_two_are_close(pairs, limit);
}

/* Also counts how often each answer is right: a test that sees one alone says
 * little. */
static void agree(const struct crowd *crowd, struct guard_pairs *pairs,
    const uint64_t *a, int64_t limit, int *answers)
{
    bool close = are_close(crowd, pairs, a, limit);
    assert_int_equal(close, close_by_hand(crowd, a, limit));
    answers[close]++;
    bool one = false;
    size_t first = crowd->count > GUARD_PAIRS ? crowd->count - GUARD_PAIRS : 0;
    for (size_t i = first; i < crowd->count; i++)
        one = one || differs_by_few(crowd, a, crowd->cohorts[i], limit) ||
              differs_by_few(crowd, crowd->cohorts[i], a, limit);
    assert_int_equal(guard_pairs_one_is_close(pairs, limit), one);
}

static void add(
    struct crowd *crowd, struct guard_pairs *pairs, const uint64_t *cohort)
{
    uint64_t *words = crowd->cohorts[crowd->count++];
    struct people people = {.word_count = crowd->words, .words = words};
    memcpy(words, cohort, crowd->words * 8);
    people_count(&people);
    guard_pairs_add(pairs, &people);
}

/* Any three cohorts of five people, for every limit. */
static void test_pairs_of_five_people_agree_with_enumeration(void **state)
{
    (void)state;
    int answers[2] = {0, 0};
    for (uint64_t b = 0; b < 32; b++) {
        for (uint64_t c = 0; c <= b; c++) {
            struct crowd crowd = {.size = 5, .words = 1};
            struct guard_pairs *pairs;
            assert_int_equal(guard_pairs_create(&pairs, 5), STATUS_OK);
            add(&crowd, pairs, &b);
            add(&crowd, pairs, &c);
            for (uint64_t a = 1; a < 32; a++)
                for (int64_t limit = 1; limit <= 6; limit++)
                    agree(&crowd, pairs, &a, limit, answers);
            guard_pairs_destroy(pairs);
        }
    }
    assert_true(answers[0] > 1000 && answers[1] > 1000);
}

/* Cohorts of up to twenty people by chance, dense and sparse. */
static void test_pairs_of_twenty_people_agree_with_enumeration(void **state)
{
    (void)state;
    int answers[2] = {0, 0};
    for (int i = 0; i < 3000; i++) {
        struct crowd crowd = {.size = 2 + randombytes_uniform(19), .words = 1};
        const uint64_t all = ((uint64_t)1 << crowd.size) - 1;
        struct guard_pairs *pairs;
        assert_int_equal(
            guard_pairs_create(&pairs, (uint32_t)crowd.size), STATUS_OK);
        for (uint32_t k = 2 + randombytes_uniform(6); k > 0; k--) {
            uint64_t cohort = randombytes_random() & all;
            if (k % 2 == 0)
                cohort |= randombytes_random() & all;
            add(&crowd, pairs, &cohort);
        }
        for (int k = 0; k < 8; k++) {
            uint64_t a = randombytes_random() & all;
            agree(&crowd, pairs, &a, 1 + randombytes_uniform(5), answers);
        }
        guard_pairs_destroy(pairs);
    }
    assert_true(answers[0] > 1000 && answers[1] > 1000);
}

/* Half of the crowd, or the people of a range, with a few changed. */
static void draw(const struct crowd *crowd, uint64_t *cohort, int kind)
{
    randombytes_buf(cohort, crowd->words * 8);
    for (size_t i = 0; kind > 0 && i < crowd->size; i++) {
        const size_t from = crowd->size / 8 * (size_t)(kind % 8);
        const uint64_t bit = (uint64_t)1 << i % 64;
        if (i >= from && i < from + crowd->size / 2)
            cohort[i / 64] |= bit;
        else
            cohort[i / 64] &= ~bit;
    }
    for (uint32_t k = randombytes_uniform(15); k > 0; k--) {
        uint32_t i = randombytes_uniform((uint32_t)crowd->size);
        cohort[i / 64] ^= (uint64_t)1 << i % 64;
    }
}

/* More people than one part holds and more cohorts than are looked at. */
static void test_pairs_of_many_agree_with_enumeration(void **state)
{
    (void)state;
    static struct crowd crowd;
    int answers[2] = {0, 0};
    for (int round = 0; round < 60; round++) {
        struct guard_pairs *pairs;
        uint64_t cohort[CROWD_WORDS];
        const size_t many = round == 0 ? COHORTS_MAX : 12;
        crowd = (struct crowd){.size = CROWD_WORDS * 64, .words = CROWD_WORDS};
        assert_int_equal(
            guard_pairs_create(&pairs, (uint32_t)crowd.size), STATUS_OK);
        while (crowd.count < many) {
            draw(&crowd, cohort, round % 2 == 0 ? (int)crowd.count % 9 : 0);
            add(&crowd, pairs, cohort);
        }
        for (int k = 0; k < 10; k++) {
            draw(&crowd, cohort, k);
            if (round % 3 == 1) /* near to what two make */
                make(&crowd, cohort, k % 4, crowd.cohorts[k],
                    crowd.cohorts[k + 1]);
            cohort[k] ^= round % 3 == 1 ? 0x10f : 0;
            agree(&crowd, pairs, cohort, 11, answers);
        }
        guard_pairs_destroy(pairs);
    }
    assert_true(answers[0] > 50 && answers[1] > 50);
}

/* One person of thousands, wherever that one stands. */
static void test_pairs_one_person_is_seen_anywhere(void **state)
{
    (void)state;
    static struct crowd crowd;
    uint64_t b[CROWD_WORDS] = {0}, c[CROWD_WORDS] = {0}, a[CROWD_WORDS];
    struct guard_pairs *pairs;
    crowd = (struct crowd){.size = CROWD_WORDS * 64, .words = CROWD_WORDS};
    assert_int_equal(
        guard_pairs_create(&pairs, (uint32_t)crowd.size), STATUS_OK);
    for (size_t w = 0; w < CROWD_WORDS; w++) {
        b[w] = 0x0fffffffffffffff;
        c[w] = 0xfffffffffffffff0;
        a[w] = b[w] & c[w];
    }
    add(&crowd, pairs, b);
    add(&crowd, pairs, c);
    for (size_t i = 4; i < crowd.size; i += 37) {
        uint64_t asked[CROWD_WORDS];
        memcpy(asked, a, sizeof a);
        asked[i / 64] ^= (uint64_t)1 << i % 64;
        assert_true(are_close(&crowd, pairs, asked, 2));
    }
    guard_pairs_destroy(pairs);
}

/* The last ones count, however often the same people were asked about. */
static void test_pairs_repeated_cohorts_leave_room_for_others(void **state)
{
    struct crowd *crowd = calloc(1, sizeof *crowd);
    struct guard_pairs *pairs;
    uint64_t cohort[2] = {0x0F, 0}, other[2] = {0xF0, 0}, made[2] = {0xFF, 1};
    (void)state;
    crowd->size = 128;
    crowd->words = 2;
    assert_int_equal(guard_pairs_create(&pairs, 128), STATUS_OK);
    add(crowd, pairs, cohort);
    add(crowd, pairs, other);
    crowd->count = 0;
    for (uint64_t i = 0; i < (uint64_t)3 * GUARD_PAIRS; i++) {
        uint64_t some[2] = {0, ((uint64_t)1 << (20 + i % 8 * 5)) - 1};
        add(crowd, pairs, some);
        crowd->count = 0;
    }
    assert_true(are_close(crowd, pairs, made, 2));
    /* Others do take their place; asked again, they are among the last. */
    add(crowd, pairs, cohort);
    add(crowd, pairs, other);
    crowd->count = 0;
    for (uint64_t i = 0; i < GUARD_PAIRS; i++) {
        uint64_t some[2] = {0, (0x100 + i) << 20 | (0x100 + i) << 40};
        assert_int_equal(
            are_close(crowd, pairs, made, 2), i <= GUARD_PAIRS - 2);
        add(crowd, pairs, some);
        crowd->count = 0;
    }
    guard_pairs_destroy(pairs);
    free(crowd);
}

/* Half of the even numbers, by chance, and the first `odd` odd ones. */
static void add_even(struct guard_pairs *pairs, struct people *people,
    uint32_t end, uint32_t odd)
{
    memset(people->words, 0, people->word_count * sizeof *people->words);
    for (uint32_t i = 0; i < end; i++) {
        if (i % 2 == 1 ? i < 2 * odd : randombytes_uniform(2) == 0)
            people_add(people, i);
    }
    people_count(people);
    guard_pairs_add(pairs, people);
}

/* Of the even numbers any two leave the odd ones that both have: no part but
 * the last can tell, however many there are. */
static void test_pairs_are_counted_to_the_last_part(void **state)
{
    (void)state;
    enum { LIMIT = 11 };
    for (uint32_t end = 1000; end < 150000; end += 12417) {
        struct guard_pairs *pairs;
        struct people even, some;
        assert_int_equal(guard_pairs_create(&pairs, end), STATUS_OK);
        assert_int_equal(people_init(&even, end), STATUS_OK);
        assert_int_equal(people_init(&some, end), STATUS_OK);
        for (uint32_t i = 0; i < end; i += 2)
            people_add(&even, i);
        people_count(&even);
        for (int i = 0; i < 9; i++)
            add_even(pairs, &some, end, LIMIT);
        guard_pairs_ask(pairs, &even);
        assert_false(guard_pairs_two_are_close(pairs, LIMIT));
        add_even(pairs, &some, end, LIMIT - 1);
        guard_pairs_ask(pairs, &even);
        assert_true(guard_pairs_two_are_close(pairs, LIMIT));
        people_fini(&even);
        people_fini(&some);
        guard_pairs_destroy(pairs);
    }
}

/* Few people among many, and a good part of them: Roaring, and bits. */
static void test_people_survive_their_box(void **state)
{
    const uint8_t key[32] = {7}, other[32] = {8};
    (void)state;
    for (uint32_t step = 1; step < 100000; step *= 9) {
        struct people made, read;
        struct buffer box;
        buffer_init(&box, BUFFER_LIMIT_DEFAULT);
        assert_int_equal(people_init(&made, 100000), STATUS_OK);
        for (uint32_t i = 3; i < 90000; i += step)
            people_add(&made, i);
        people_count(&made);
        assert_int_equal(people_seal(&box, &made, key), STATUS_OK);
        assert_true(box.size <= 2 * made.count + 200);
        assert_int_equal(
            people_unseal(&read, buffer_view(&box), other), STATUS_CORRUPT);
        assert_int_equal(
            people_unseal(&read, buffer_view(&box), key), STATUS_OK);
        assert_true(people_equal(&made, &read));
        assert_true(people_equal(&read, &made));
        people_add(&read, 0);
        people_count(&read);
        assert_false(people_equal(&made, &read));
        assert_int_equal(people_common(&read, &made), made.count);
        people_fini(&made);
        people_fini(&read);
        buffer_fini(&box);
    }
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(test_guard_nothing_remembered_is_far_from_everything),
        WITH(test_guard_the_same_people_are_no_difference),
        WITH(test_guard_differences_count_each_way),
        WITH(test_guard_what_two_make_is_seen),
        WITH(test_guard_people_who_came_later_are_seen),
        WITH(test_guard_what_was_answered_meanwhile_is_compared),
        WITH(test_guard_is_forgotten_with_its_study_and_not_before),
        WITH(test_guard_people_are_sealed_in_the_store),
        WITH(test_guard_digest_is_of_people_and_of_the_center),
        WITH(test_sets_of_centers_are_known_by_identity),
        WITH(test_sets_by_place_are_named_by_each_roster),
        WITH(test_refusals_lock_until_somebody_looks),
        WITH(test_charges_add_up),
        cmocka_unit_test(test_pairs_of_five_people_agree_with_enumeration),
        cmocka_unit_test(test_pairs_of_twenty_people_agree_with_enumeration),
        cmocka_unit_test(test_pairs_of_many_agree_with_enumeration),
        cmocka_unit_test(test_pairs_one_person_is_seen_anywhere),
        cmocka_unit_test(test_pairs_are_counted_to_the_last_part),
        cmocka_unit_test(test_pairs_repeated_cohorts_leave_room_for_others),
        cmocka_unit_test(test_people_survive_their_box),
    };
    seeded_start(1, 1);
    if (keys_start() != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
