/*
 * failing_allocator: memory that runs out at every place, one after the other.
 *
 * A program that links this has the linker's --wrap on the allocating functions
 * (failing_allocator.cmake), so that every allocation of our own code, and of
 * Jansson and SQLite, is counted and can be made to fail.
 */
#ifndef COHORTIUM_TESTS_UNIT_FAILING_ALLOCATOR_H
#define COHORTIUM_TESTS_UNIT_FAILING_ALLOCATOR_H

#include "protocol/wire/buffer.h"

/* One thing that a program does. What comes of it goes into out. It frees all
 * that it made, whatever happens. */
struct scenario {
    const char *name;
    enum status (*run)(struct buffer *out);
    /* What it may say instead of STATUS_NO_MEMORY; STATUS_OK: nothing else. */
    enum status also;
    /* Before and after, with memory; may be NULL. What run said is given, to
     * see that nothing is half done. */
    void (*prepare)(void);
    void (*finish)(enum status status);
    size_t steps; /* about how many of its allocations fail; 0: STEPS_MAX */
};

#define STEPS_MAX 400

/* Before SQLite and Jansson are used. */
void allocator_start(void);
/* Allocations are counted from now on. The k-th (from 1) fails, and with
 * for_good all after it. */
void allocator_arm(size_t k, bool for_good);
/* Nothing fails any more. Whether something did. */
bool allocator_disarm(void);
/* Runs the scenario (with more allocations than a few hundred, at some of them)
 * with the 1st, 2nd, ... allocation failing until none does:
 * once with that one alone, once with all from there on. Either it says that
 * memory ran out, or what came of it is what comes of it with memory; and
 * nothing leaks. Fails the test otherwise. */
void step_through(const struct scenario *scenario);

#endif
