/*
 * config: coordinator.conf, `key = value` lines with '#' comments. One table
 * says each key's type, default, range and help; it makes the parser,
 * `serve --print-config` and the table in README.md. An unknown key, a key
 * given twice or a value out of range is refused with its line.
 */
#ifndef COHORTIUM_COORDINATOR_CONFIG_H
#define COHORTIUM_COORDINATOR_CONFIG_H

#include "policy/roster.h"
#include "protocol/query/diagnostic.h"
#include "protocol/wire/buffer.h"
#include "protocol/wire/log.h"

struct config {
    char endpoint[ENDPOINT_MAX]; /* where to bind */
    int64_t deadline_ms;         /* of a question */
    int64_t heartbeat_ms;        /* what centers are told */
    int64_t calculation_ms;      /* of a result, after which it is given up */
    int64_t max_open_sessions;
    int64_t max_waiting; /* questions in the queue */
    enum log_level log_level;
};

void config_default(struct config *config);
enum status config_parse(
    struct config *config, struct view text, struct diagnostic *diagnostic);
enum status config_load(
    struct config *config, const char *path, struct diagnostic *diagnostic);
/* Every key with its help and value, as a file that config_parse takes. */
enum status config_write(struct buffer *out, const struct config *config);

#endif
