/*
 * config: node.conf (protocol/program/settings.h says its form).
 */
#ifndef COHORTIUM_NODE_CONFIG_H
#define COHORTIUM_NODE_CONFIG_H

#include "policy/roster.h"
#include "protocol/program/settings.h"
#include "protocol/wire/log.h"

struct config {
    char coordinator[ENDPOINT_MAX]; /* "" for the roster's endpoint */
    int64_t threads;                /* that a question may use */
    int64_t refusals_to_lock;       /* a day, a study */
    int64_t freeze_days;            /* from freeze to freeze */
    int64_t yearly_rho_milli;       /* of noise, all studies */
    int64_t reply_slot_ms;          /* of answers with noise */
    int64_t sandbox;                /* 1: a throwaway federation's node */
    enum log_level log_level;
};

extern const struct settings node_settings; /* of struct config */

#endif
