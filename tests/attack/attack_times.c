/*
 * attack_times: a coordinator looks at how long a center takes to answer, and
 * asks which of two data sets it has. Welch's t-test over replies of a study
 * with noise; exit 0 when the two differ, 1 when they do not.
 *
 * The clock is the attack's own: it stands still but for the processor time
 * that the node really uses, so that other programs on this machine move
 * nothing. It counts microseconds where the session counts milliseconds.
 */
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "node/slots.h"
#include "tests/unit/node_fixture.h"
#include "tests/unit/test.h"

#define QUESTIONS 40
#define MORE 1000000 /* patients of the larger data set */
#define SLOT_US 250000
#define T_SURE 8.0

static uint64_t processor_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void add_people(struct node_scene *scene, size_t count)
{
    const struct digest file = digest_of(view_of_text("rows of this attack"));
    must(store_open(&scene->store, scene->path, scene->cast.dictionary));
    must(store_begin(scene->store));
    for (size_t i = 0; i < count; i++) {
        const int32_t codes[] = {(int32_t)(20 + i % 70), (int32_t)(i % 2)};
        const struct store_row row = {.codes = codes};
        int64_t replaced;
        must(store_put_row(scene->store, &row, &replaced));
    }
    must(store_note_import(scene->store, &file, (int64_t)count, NOW, "{}"));
    must(store_commit(scene->store));
    store_close(scene->store);
}

/* From OPEN to KEYS, as the coordinator sees it. Another session of the same
 * query each time, so that all the work is done again. */
static double time_of_answer(struct node_scene *scene, int session)
{
    const uint64_t asked = scene->monotonic_ms;
    const uint64_t before = processor_us();
    const struct message *reply = node_ask(scene, session);
    scene->monotonic_ms += processor_us() - before;
    while (reply == NULL) {
        reply = node_release(scene);
        const uint64_t next = session_release_ms(scene->session);
        assert_true(reply != NULL || next != SLOTS_NONE);
        if (reply == NULL && next > scene->monotonic_ms)
            scene->monotonic_ms = next;
    }
    assert_int_equal(reply->type, MESSAGE_KEYS);
    return (double)(scene->monotonic_ms - asked);
}

struct times {
    double mean, variance; /* of the mean */
};

static struct times answer_all(size_t people)
{
    struct node_scene *scene;
    double sum = 0, squares = 0;
    node_create(&scene, "noise", NULL, NULL);
    scene->reply_slot_ms = SLOT_US;
    add_people(scene, people);
    node_start(scene);
    (void)time_of_answer(scene, 1); /* reads the rows, once */
    for (int i = 0; i < QUESTIONS; i++) {
        const double taken = time_of_answer(scene, i % 2);
        sum += taken;
        squares += taken * taken;
    }
    node_stop(scene);
    node_destroy(scene);
    const double mean = sum / QUESTIONS;
    return (struct times){
        mean, (squares - sum * mean) / (QUESTIONS - 1) / QUESTIONS};
}

int main(void)
{
    if (keys_start() != STATUS_OK)
        return 1;
    const struct times few = answer_all(0), many = answer_all(MORE);
    const double error = sqrt(few.variance + many.variance);
    if (!(fabs(many.mean - few.mean) > T_SURE * error))
        return 1;
    puts("which of two data sets a center has");
    return 0;
}
