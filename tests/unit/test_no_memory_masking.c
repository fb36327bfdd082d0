/*
 * Memory runs out in the middle of secure aggregation: at a member, or at the
 * collector. Nobody's figures come out of it, and nothing is revealed twice.
 */
#include "tests/unit/masking_fixture.h"
#include "tests/unit/test.h"

#include "failing_allocator.h"

static struct crowd *crowd;

static void begin(void)
{
    crowd = malloc(sizeof *crowd);
    crowd_init(crowd, 4, 8, 3);
    crowd->present[3] = false;
}

static enum status run(struct buffer *out)
{
    enum status status = STATUS_OK;
    for (int step = 0; status == STATUS_OK && step < 5; step++) {
        /* the fourth gives its shares, and is gone */
        crowd->present[3] = step < 2;
        status = crowd_step(crowd);
    }
    if (status != STATUS_OK)
        return status;
    const struct vector *sum = collector_sum(crowd->collector);
    return buffer_append(
        out, sum->elements, sum->length * sizeof *sum->elements);
}

static void end(enum status status)
{
    (void)status;
    if (collector_step(crowd->collector) != COLLECT_OVER)
        assert_null(collector_sum(crowd->collector));
    crowd_fini(crowd);
    free(crowd);
}

static void test_no_sum_comes_of_half_a_session(void **state)
{
    (void)state;
    static const struct scenario scenario = {
        "secure aggregation", run, STATUS_OK, begin, end, 0};
    step_through(&scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_sum_comes_of_half_a_session),
    };
    allocator_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
