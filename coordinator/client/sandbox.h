/*
 * sandbox: a throwaway federation on this machine. One real node process a CSV
 * file, a real coordinator, fresh keys, a committee of one that approves a
 * study just wide enough for the query; then the query itself over the real
 * encrypted sockets.
 */
#ifndef COHORTIUM_COORDINATOR_CLIENT_SANDBOX_H
#define COHORTIUM_COORDINATOR_CLIENT_SANDBOX_H

#include "coordinator/client/asking.h"
#include "coordinator/client/children.h"

#define SANDBOX_CENTERS_MAX 256
#define SANDBOX_PATH_MAX 4096

struct sandbox_center {
    char name[NAME_MAX_BYTES + 1];
    char home[SANDBOX_PATH_MAX];
    struct child child;
};

struct sandbox {
    char folder[SANDBOX_PATH_MAX / 2];
    char office[SANDBOX_PATH_MAX];
    char endpoint[ENDPOINT_MAX];
    struct child coordinator;
    size_t center_count;
    struct sandbox_center *centers;
    struct keypair *member, *researcher;
    struct study_file study;
    struct envelope *approval;
    struct roster *roster;
};

struct sandbox_terms { /* of the study */
    int64_t min_cell;
    const char
        *privacy; /* NULL: sum, or open where there are too few centers */
};

/* A center's name made of a file's, unlike every one before it. */
void sandbox_name(struct sandbox *sandbox, size_t center, const char *file);
/* Keys, homes, imports, roster, running daemons. pooled: all files go into one
 * center. */
enum status sandbox_build(struct sandbox *sandbox, const char *dictionary,
    const struct arguments *arguments, bool pooled);
/* The study for this query, approved, opted in to by every center. */
enum status sandbox_approve(struct sandbox *sandbox,
    const struct checked_query *checked, const struct dictionary *dictionary,
    const struct sandbox_terms *terms);
enum status sandbox_ask(struct sandbox *sandbox,
    const struct checked_query *checked, struct envelope **result);
/* Stops every process and frees. The folder is the caller's to remove. */
void sandbox_fini(struct sandbox *sandbox);

#endif
