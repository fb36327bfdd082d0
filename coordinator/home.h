/*
 * home: the folder of one registry office, as the commands open it:
 * coordinator.conf, coordinator.key, card.json, dictionary.json and
 * ledger.sqlite. Not thread-safe.
 */
#ifndef COHORTIUM_COORDINATOR_HOME_H
#define COHORTIUM_COORDINATOR_HOME_H

#include "coordinator/catalog.h"
#include "coordinator/config.h"
#include "protocol/program/program.h"

#define HOME_PATH_MAX 4096

struct home {
    const char *path;
    struct config config;
    struct keypair *keys;
    struct dictionary *dictionary;
    struct ledger *ledger;
};

/* The folder that --home names; "." without. */
const char *home_of(const struct arguments *arguments);
/* PATH/name into out[HOME_PATH_MAX]. */
enum status home_file(char *out, const char *home, const char *name);
/* The ledger alone, which must exist. Says what is wrong on standard error, as
 * all functions here. */
enum status home_open_ledger(struct ledger **out, const char *home);
/* coordinator.conf alone. */
enum status home_load_config(struct config *config, const char *home);
/* All of it. home_close frees (also after a failure). */
enum status home_open(struct home *home, const struct arguments *arguments);
void home_close(struct home *home);

/* The commands, one file each. */
enum status command_init(const struct arguments *arguments);
enum status command_roster(const struct arguments *arguments);
enum status command_serve(const struct arguments *arguments);
enum status command_status(const struct arguments *arguments);
enum status command_register_verify(const struct arguments *arguments);
enum status command_register_near(const struct arguments *arguments);
enum status command_register_replay(const struct arguments *arguments);
enum status command_register_export(const struct arguments *arguments);

/* The table of commands, for main. */
extern const struct program coordinator_program;

#endif
