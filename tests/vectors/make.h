/*
 * make: writes a vector file. The good ones are in make.c, the bad ones in
 * bad.c; both act through the events of a scene, so that whatever is written
 * can be done again.
 */
#ifndef COHORTIUM_TESTS_VECTORS_MAKE_H
#define COHORTIUM_TESTS_VECTORS_MAKE_H

#include "tests/vectors/scene.h"

/* Appends the event (taken over), does it, and ends the program when it does
 * not end as expected. */
void make_event(struct scene *scene, json_t *event, enum status expected);
void make_tell(struct scene *scene, size_t to, const char *step,
    struct view message, enum status expected);
/* The present step up to where it is closed, with everybody that the collector
 * waits for. */
void make_answers(struct scene *scene);
/* Whole steps, until the collector is at this one. */
void make_steps_until(struct scene *scene, enum collector_step step);
/* What the collector says in the present step to that member; appends. */
void make_message(struct scene *scene, size_t to, struct buffer *out);
/* The events of a bad vector; false when there is none of that name. */
bool make_bad(struct scene *scene, const char *name);

#endif
