#include <stdbool.h>
#include <time.h>

#include "protocol/wire/loop.h"
#include "protocol/wire/worker.h"
#include "tests/unit/test.h"

#define JOBS 3
#define JOB_MS 120

struct job {
    int number;
    int ms;
    bool done;
};

struct scene {
    struct loop *loop;
    struct worker *worker;
    int taken[JOBS], count;
    int ticks, ticks_at_first;
};

static void run(void *arg)
{
    struct job *job = arg;
    const struct timespec pause = {0, job->ms * 1000000L};
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
            scene->ticks_at_first = scene->ticks;
        scene->taken[scene->count++] = job->number;
    }
    if (scene->count == JOBS)
        loop_stop(scene->loop);
}

static void on_tick(void *arg)
{
    struct scene *scene = arg;
    scene->ticks++;
}

static void test_worker_loop_goes_on_while_jobs_run_in_order(void **state)
{
    struct scene scene = {.count = 0};
    struct job jobs[JOBS] = {{1, JOB_MS, false}, {2, 1, false}, {3, 1, false}};
    int timer;
    (void)state;
    assert_int_equal(loop_create(&scene.loop), STATUS_OK);
    assert_int_equal(worker_create(&scene.worker, run), STATUS_OK);
    assert_null(worker_take(scene.worker));
    assert_int_equal(loop_add_socket(scene.loop, worker_socket(scene.worker),
                         on_worker, &scene),
        STATUS_OK);
    assert_int_equal(
        loop_add_timer(scene.loop, &timer, 5, on_tick, &scene), STATUS_OK);
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(worker_submit(scene.worker, &jobs[i]), STATUS_OK);
    assert_int_equal(loop_run(scene.loop), STATUS_OK);
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(scene.taken[i], i + 1);
    assert_true(scene.ticks_at_first >= 3);
    worker_destroy(scene.worker);
    loop_destroy(scene.loop);
}

static void test_worker_destroy_waits_for_the_job_that_runs(void **state)
{
    struct worker *worker;
    struct job job = {1, JOB_MS, false};
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
