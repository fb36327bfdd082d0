#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "protocol/wire/loop.h"
#include "protocol/wire/worker.h"
#include "tests/unit/test.h"

#define JOBS 3
#define TICKS 3
#define A_MINUTE 60000 /* in ms */

struct job {
    int number;
    int ticks; /* of the loop: it goes on until these were seen, */
    int ms;    /* or so long */
    bool done;
};

struct scene {
    struct loop *loop;
    struct worker *worker;
    int taken[JOBS], count;
    int ticks_at_first;
};

static atomic_int ticks;

static void run(void *arg)
{
    struct job *job = arg;
    const struct timespec pause = {0, 1000000};
    for (int i = 0; i < job->ms && atomic_load(&ticks) < job->ticks; i++)
        nanosleep(&pause, NULL);
    job->done = true;
}

static void on_worker(void *arg)
{
    struct scene *scene = arg;
    struct job *job;
    while ((job = worker_take(scene->worker)) != NULL) {
        assert_true(job->done);
        if (scene->count == 0)
            scene->ticks_at_first = atomic_load(&ticks);
        scene->taken[scene->count++] = job->number;
    }
    if (scene->count == JOBS)
        loop_stop(scene->loop);
}

static void on_tick(void *arg)
{
    (void)arg;
    atomic_fetch_add(&ticks, 1);
}

static void test_worker_loop_goes_on_while_jobs_run_in_order(void **state)
{
    struct scene scene = {.count = 0};
    struct job jobs[JOBS] = {
        {1, TICKS, A_MINUTE, false}, {2, 0, 0, false}, {3, 0, 0, false}};
    int timer;
    (void)state;
    assert_int_equal(loop_create(&scene.loop), STATUS_OK);
    assert_int_equal(worker_create(&scene.worker, run), STATUS_OK);
    assert_null(worker_take(scene.worker));
    assert_int_equal(loop_add_socket(scene.loop, worker_socket(scene.worker),
                         on_worker, &scene),
        STATUS_OK);
    assert_int_equal(
        loop_add_timer(scene.loop, &timer, 5, on_tick, NULL), STATUS_OK);
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(worker_submit(scene.worker, &jobs[i]), STATUS_OK);
    assert_int_equal(loop_run(scene.loop), STATUS_OK);
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(scene.taken[i], i + 1);
    assert_true(scene.ticks_at_first >= TICKS);
    worker_destroy(scene.worker);
    loop_destroy(scene.loop);
}

static void test_worker_destroy_waits_for_the_job_that_runs(void **state)
{
    struct worker *worker;
    struct job job = {1, INT_MAX, 120, false};
    (void)state;
    assert_int_equal(worker_create(&worker, run), STATUS_OK);
    assert_int_equal(worker_submit(worker, &job), STATUS_OK);
    worker_destroy(worker);
    assert_true(job.done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker_loop_goes_on_while_jobs_run_in_order),
        cmocka_unit_test(test_worker_destroy_waits_for_the_job_that_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
