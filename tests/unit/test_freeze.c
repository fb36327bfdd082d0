/* Rows by version, freezes of them, and who is no longer in which. */
#include "node/freeze.h"
#include "policy/freeze.h"
#include "protocol/wire/envelope.h"

#include "import_fixture.h"

enum { X };
#define DAY 86400

static struct keypair *keys;

static int setup(void **state)
{
    (void)state;
    return import_begin("{\"id\":\"t\",\"variables\":[{\"name\":\"x\","
                        "\"type\":\"integer\",\"min\":0,\"max\":100}]}") == 0 &&
                   keypair_create(&keys, "cleveland") == STATUS_OK
               ? 0
               : -1;
}

static int end(void **state)
{
    keypair_destroy(keys);
    return import_end(state);
}

static void take(const char *text, bool whole)
{
    struct import_report report;
    const struct import_options options = {.again = true, .replace = whole};
    assert_int_equal(import_text(text, &options, &report), STATUS_OK);
    import_report_fini(&report);
}

static int64_t freeze(void)
{
    int64_t number;
    assert_int_equal(
        freeze_make(importing.store, keys, DAY, &number), STATUS_OK);
    return number;
}

static bool is_due(void)
{
    bool due;
    assert_int_equal(store_freeze_due(importing.store, &due), STATUS_OK);
    return due;
}

static struct frame *frame_of(const struct store_view *view)
{
    struct frame *frame = NULL;
    assert_int_equal(
        frame_create(&frame, importing.dictionary, importing.store, view),
        STATUS_OK);
    return frame;
}

static struct store_view view_of(int64_t number)
{
    struct store_view view;
    assert_int_equal(
        store_view_freeze(importing.store, number, &view), STATUS_OK);
    return view;
}

/* The sum of x over the rows, and of their numbers. */
static int64_t sum(const struct frame *frame, int64_t *numbers)
{
    const int8_t *values = frame_rows(frame)->columns[X].data;
    int64_t total = 0;
    *numbers = 0;
    for (size_t i = 0; i < frame_rows(frame)->count; i++) {
        total += values[i];
        *numbers += frame_numbers(frame)[i];
    }
    return total;
}

static int64_t sum_of(int64_t number)
{
    const struct store_view view = view_of(number);
    struct frame *frame = frame_of(&view);
    int64_t numbers, total = sum(frame, &numbers);
    frame_destroy(frame);
    return total;
}

/* The number of the exam whose x is that. */
static uint32_t number_of(const struct frame *frame, int8_t value)
{
    const int8_t *values = frame_rows(frame)->columns[X].data;
    size_t i = 0;
    while (i < frame_rows(frame)->count && values[i] != value)
        i++;
    assert_true(i < frame_rows(frame)->count);
    return frame_numbers(frame)[i];
}

static void settle(const struct digest *study, int64_t move, int64_t number)
{
    struct store_view now;
    assert_int_equal(store_view_now(importing.store, &now), STATUS_OK);
    const struct store_reading reading = {*study, move, number, now.absences};
    assert_int_equal(store_put_reading(importing.store, &reading), STATUS_OK);
    assert_int_equal(
        store_put_reading(importing.store, &reading), STATUS_EXISTS);
}

static size_t rows_of_study(const struct digest *study, int64_t move)
{
    struct store_view view;
    assert_int_equal(
        store_view_study(importing.store, study, move, &view), STATUS_OK);
    struct frame *frame = frame_of(&view);
    const size_t count = frame_rows(frame)->count;
    frame_destroy(frame);
    return count;
}

static void test_freeze_stays_whatever_is_imported(void **state)
{
    (void)state;
    assert_false(is_due());
    take("patient,exam,x\na,e1,1\nb,e2,2\nc,e3,4\n", false);
    assert_true(is_due());
    assert_int_equal(freeze(), 1);
    assert_false(is_due());
    take("patient,exam,x\nb,e2,2\n", false); /* as it was */
    assert_false(is_due());
    take("patient,exam,x\nb,e2,32\nd,e4,64\n", false);
    assert_true(is_due());
    assert_int_equal(sum_of(1), 7);
    assert_int_equal(freeze(), 2);
    take("patient,exam,x\nd,e4,3\n", true); /* all others are gone */
    assert_int_equal(freeze(), 3);
    take("patient,exam,x\na,e1,1\n", false); /* and one is back */
    take("patient,exam,x\na,e1,50\n", false);
    take("patient,exam,x\na,e1,1\n", false);
    assert_int_equal(freeze(), 4);
    assert_int_equal(sum_of(1), 7);
    assert_int_equal(sum_of(2), 1 + 32 + 4 + 64);
    assert_int_equal(sum_of(3), 3);
    assert_int_equal(sum_of(4), 4);
    assert_int_equal(sum_of(0), 0);
    struct store_view view;
    assert_int_equal(
        store_view_freeze(importing.store, 5, &view), STATUS_NOT_FOUND);
}

/* An import of the whole registry gives each exam the number that it had, and
 * where nothing is new nothing changes. */
static void test_number_outlives_an_import_of_the_whole(void **state)
{
    (void)state;
    int64_t before, after;
    take("exam,x\ne1,1\ne2,2\ne3,3\n", false);
    assert_int_equal(freeze(), 1);
    take("exam,x\ne3,3\ne1,1\ne2,9\n", true);
    assert_int_equal(freeze(), 2);
    const struct store_view first = view_of(1), second = view_of(2);
    struct frame *old = frame_of(&first), *new = frame_of(&second);
    assert_int_equal(sum(old, &before), 6);
    assert_int_equal(sum(new, &after), 13);
    assert_int_equal(before, after);
    assert_int_equal(frame_number_end(old), frame_number_end(new));
    frame_destroy(old);
    frame_destroy(new);
}

static void test_who_withdrew_is_in_no_study_that_begins(void **state)
{
    (void)state;
    static const struct digest early = {{1}}, late = {{2}};
    struct store_view view;
    take("patient,x\na,1\nb,2\nc,3\n", false);
    assert_int_equal(freeze(), 1);
    assert_int_equal(
        store_view_study(importing.store, &early, 0, &view), STATUS_NOT_FOUND);
    settle(&early, 0, 1);
    assert_int_equal(store_set_opt_out(importing.store, "b", true), STATUS_OK);
    settle(&late, 0, 1);
    assert_int_equal(rows_of_study(&early, 0), 3);
    assert_int_equal(rows_of_study(&late, 0), 2);
    assert_true(is_due());
    assert_int_equal(freeze(), 2);
    assert_int_equal(rows_of_study(&early, 0), 2);
    assert_int_equal(store_set_opt_out(importing.store, "b", false), STATUS_OK);
    assert_int_equal(rows_of_study(&early, 0), 2);
    assert_int_equal(freeze(), 3);
    assert_int_equal(rows_of_study(&early, 0), 3);
    /* A move is a beginning too, and of all that the study reads. */
    assert_int_equal(store_set_opt_out(importing.store, "c", true), STATUS_OK);
    settle(&early, 1, 3);
    assert_int_equal(rows_of_study(&early, 1), 2);
    assert_int_equal(rows_of_study(&early, 0), 2);
    assert_int_equal(rows_of_study(&late, 0), 3);
}

static void test_erased_is_a_number_without_a_row(void **state)
{
    (void)state;
    static const struct digest study = {{1}};
    size_t count;
    int64_t numbers;
    take("patient,exam,x\na,e1,1\nb,e2,2\nb,e3,4\n", false);
    assert_int_equal(freeze(), 1);
    take("patient,exam,x\nb,e2,8\n", false);
    settle(&study, 0, 1);
    struct store_view view = view_of(1);
    struct frame *frame = frame_of(&view);
    const uint32_t gone[] = {number_of(frame, 2), number_of(frame, 4)};
    assert_int_equal(sum(frame, &numbers), 7);
    frame_destroy(frame);
    assert_int_equal(store_erase(importing.store, "nobody"), STATUS_NOT_FOUND);
    assert_int_equal(store_erase(importing.store, "b"), STATUS_OK);
    assert_int_equal(store_erase(importing.store, "b"), STATUS_NOT_FOUND);
    view = view_of(1);
    frame = frame_of(&view);
    assert_int_equal(frame_rows(frame)->count + 1, 2);
    const uint32_t *erased = frame_erased(frame, &count);
    assert_int_equal(count, 2);
    assert_true(erased[0] + erased[1] == gone[0] + gone[1]);
    assert_true(frame_number_end(frame) > erased[1]);
    frame_destroy(frame);
    /* From the next freeze on the study has no such people any more. */
    assert_int_equal(freeze(), 2);
    assert_int_equal(
        store_view_study(importing.store, &study, 0, &view), STATUS_OK);
    frame = frame_of(&view);
    (void)frame_erased(frame, &count);
    assert_int_equal(count, 0);
    frame_destroy(frame);
    /* Who comes again is another. */
    take("patient,exam,x\nb,e2,2\n", false);
    frame = frame_now();
    for (size_t i = 0; i < frame_rows(frame)->count; i++)
        assert_true(frame_numbers(frame)[i] != gone[0] &&
                    frame_numbers(frame)[i] != gone[1]);
    frame_destroy(frame);
}

static void test_document_says_the_number_and_no_count(void **state)
{
    (void)state;
    struct store_freeze kept;
    struct buffer bytes;
    struct envelope *envelope = NULL;
    struct freeze said;
    struct digest digest;
    take("x\n1\n2\n", false);
    const int64_t number = freeze();
    const struct store_view view = view_of(number);
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    assert_int_equal(
        store_find_freeze(importing.store, number, &kept, &bytes), STATUS_OK);
    assert_int_equal(
        envelope_decode(&envelope, buffer_view(&bytes)), STATUS_OK);
    assert_int_equal(
        envelope_verify(envelope, TYPE_FREEZE, &keypair_identity(keys)->sign),
        STATUS_OK);
    assert_int_equal(freeze_parse(&said, buffer_view(&envelope->payload),
                         &importing.diagnostic),
        STATUS_OK);
    assert_string_equal(said.center, "cleveland");
    assert_true(said.number == 1 && said.date == DAY);
    assert_int_equal(
        store_digest_rows(importing.store, &view, kept.secret, &digest),
        STATUS_OK);
    assert_true(digest_equal(&digest, &said.digest));
    kept.secret[0] ^= 1; /* nobody without it can try rows out */
    assert_int_equal(
        store_digest_rows(importing.store, &view, kept.secret, &digest),
        STATUS_OK);
    assert_false(digest_equal(&digest, &said.digest));
    envelope_destroy(envelope);
    buffer_fini(&bytes);
}

static void test_what_changed_is_frozen_in_time(void **state)
{
    (void)state;
    int64_t number;
    struct store *store = importing.store;
    assert_int_equal(freeze_make_due(store, keys, DAY, 30, &number), STATUS_OK);
    assert_int_equal(number, 0); /* there is nothing */
    take("x\n1\n", false);
    assert_int_equal(freeze_make_first(store, keys, DAY, &number), STATUS_OK);
    assert_int_equal(number, 1);
    take("x\n2\n", false);
    assert_int_equal(freeze_make_first(store, keys, DAY, &number), STATUS_OK);
    assert_int_equal(number, 0);
    assert_int_equal(
        freeze_make_due(store, keys, 31 * DAY - 1, 30, &number), STATUS_OK);
    assert_int_equal(number, 0);
    assert_int_equal(
        freeze_make_due(store, keys, 31 * DAY, 30, &number), STATUS_OK);
    assert_int_equal(number, 2);
    assert_int_equal(
        freeze_make_due(store, keys, 99 * DAY, 30, &number), STATUS_OK);
    assert_int_equal(number, 0); /* nothing changed */
}

static void test_frames_in_memory_are_few(void **state)
{
    (void)state;
    struct frames *frames = NULL;
    struct frame *held[8], *again;
    assert_int_equal(frames_create(&frames, importing.dictionary), STATUS_OK);
    for (int i = 0; i < 8; i++) {
        char text[16];
        snprintf(text, sizeof text, "x\n%d\n", i);
        take(text, true);
        const struct store_view view = view_of(freeze());
        assert_int_equal(
            frames_hold(frames, &held[i], importing.store, &view), STATUS_OK);
        assert_int_equal(
            frames_hold(frames, &again, importing.store, &view), STATUS_OK);
        assert_ptr_equal(again, held[i]);
        frames_release(again);
    }
    for (int i = 0; i < 8; i++) { /* all at once, each as it was */
        int64_t numbers;
        assert_int_equal(sum(held[i], &numbers), i);
        frames_release(held[i]);
    }
    const struct store_view last = view_of(8);
    take("x\n9\n", true);
    const struct store_view next = view_of(freeze());
    assert_int_equal(
        frames_hold(frames, &again, importing.store, &next), STATUS_OK);
    frames_release(again);
    assert_int_equal(
        frames_hold(frames, &again, importing.store, &last), STATUS_OK);
    assert_ptr_equal(again, held[7]); /* used last, so it stayed */
    frames_release(again);
    frames_destroy(frames);
}

static void test_freeze_document_is_read_strictly(void **state)
{
    (void)state;
#define DOCUMENT(center, number, more)                                         \
    "{\"cohortium\":\"freeze\",\"center\":\"" center "\",\"number\":" number   \
    ",\"digest\":\"0123456789abcdef0123456789abcdef0123456789abcdef"           \
    "0123456789abcdef\",\"date\":\"2027-01-31T12:00:00Z\"" more "}"
    static const struct {
        const char *text;
        bool good;
    } cases[] = {{DOCUMENT("c", "1", ""), true},
        {DOCUMENT("c", "0", ""), false}, {DOCUMENT("c", "1.5", ""), false},
        {DOCUMENT("c", "1000000001", ""), false},
        {DOCUMENT("c d", "1", ""), false},
        {DOCUMENT("c", "1", ",\"rows\":7"), false}, {"{}", false}};
#undef DOCUMENT
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct freeze freeze;
        diagnostic_init(&importing.diagnostic, "freeze");
        assert_int_equal(freeze_parse(&freeze, view_of_text(cases[i].text),
                             &importing.diagnostic) == STATUS_OK,
            cases[i].good);
        assert_int_equal(
            importing.diagnostic.message[0] == '\0', cases[i].good);
    }
}

static void test_session_names_the_next_known_move_or_the_latest(void **state)
{
    (void)state;
    static const struct digest a = {{1}}, b = {{2}};
    static const struct freeze_reading list[] = {
        {{{1}}, 4, 7}, {{{1}}, 2, 3}, {{{2}}, 0, 9}};
    static const struct {
        int64_t move, freeze;
    } cases[] = {{0, 3}, {2, 3}, {3, 7}, {4, 7}, {5, 8}};
    struct freeze_reading read[FREEZE_READINGS_MAX];
    struct buffer body;
    size_t count;
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(freeze_append_reading(&body, &list[i]), STATUS_OK);
    assert_int_equal(
        freeze_read_readings(read, &count, buffer_view(&body)), STATUS_OK);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(freeze_of_study(read, count,
                             &(struct freeze_reading){a, cases[i].move, 8}),
            cases[i].freeze);
    assert_int_equal(
        freeze_of_study(read, count, &(struct freeze_reading){b, 0, 11}), 9);
    for (size_t size = 1; size < body.size; size++)
        assert_int_equal(
            freeze_read_readings(read, &count, (struct view){body.data, size}),
            size % 40 == 0 ? STATUS_OK : STATUS_MALFORMED);
    body.data[36] = 0; /* of freeze 0 nobody reads */
    assert_int_equal(freeze_read_readings(read, &count, buffer_view(&body)),
        STATUS_OUT_OF_RANGE);
    buffer_fini(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(test_freeze_stays_whatever_is_imported),
        WITH_STORE(test_number_outlives_an_import_of_the_whole),
        WITH_STORE(test_who_withdrew_is_in_no_study_that_begins),
        WITH_STORE(test_erased_is_a_number_without_a_row),
        WITH_STORE(test_document_says_the_number_and_no_count),
        WITH_STORE(test_what_changed_is_frozen_in_time),
        WITH_STORE(test_frames_in_memory_are_few),
        cmocka_unit_test(test_freeze_document_is_read_strictly),
        cmocka_unit_test(test_session_names_the_next_known_move_or_the_latest),
    };
    return cmocka_run_group_tests(tests, setup, end);
}
