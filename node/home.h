/*
 * home: the folder of one center, as the commands open it: node.conf, node.key,
 * card.json, dictionary.json, registry.sqlite and audit.head.
 */
#ifndef COHORTIUM_NODE_HOME_H
#define COHORTIUM_NODE_HOME_H

#include "node/config.h"
#include "node/session.h"
#include "policy/study.h"
#include "protocol/program/program.h"

#define HOME_PATH_MAX 4096

struct home {
    const char *path;
    struct config config;
    struct keypair *keys;
    struct dictionary *dictionary;
    struct store *store;
    char head_path[HOME_PATH_MAX];
    struct past past; /* as it was when the home was opened */
};

/* The folder that --home names; "." without. */
const char *home_of(const struct arguments *arguments);
/* PATH/name into out[HOME_PATH_MAX]. Says what is wrong on standard error, as
 * all functions here. */
enum status home_file(char *out, const char *home, const char *name);
enum status home_load_config(struct config *config, const char *home);
/* All of it. home_close frees (also after a failure). */
enum status home_open(struct home *home, const struct arguments *arguments);
void home_close(struct home *home);
/* STATUS_BEHIND, with what to do about it, when the database lacks a part of
 * what this node signed: nothing may be written. */
enum status home_need_past(const struct home *home);
/* What a session and a decision are made with. */
struct session_setup home_setup(const struct home *home);
/* Verifies the stored chain; the newest roster. Caller destroys it. */
enum status home_roster(const struct home *home, struct roster **out);
/* A study by name or by the beginning of its id. Caller destroys it. */
enum status home_find_study(
    const struct home *home, const char *text, struct study **out);
/* "" while nothing of the study was refused; else whether it is locked here,
 * since when and why, or how many refusals are left. */
enum status home_describe_lock(const struct home *home,
    const struct digest *study, char *out, size_t capacity);
/* What the lock of a serving process is called. */
#define HOME_LOCK "serve.lock"
/* Prints and frees. */
enum status home_print_json(json_t *json);

enum status command_init(const struct arguments *arguments);
enum status command_roster(const struct arguments *arguments);
enum status command_import(const struct arguments *arguments);
enum status command_variables(const struct arguments *arguments);
enum status command_quality(const struct arguments *arguments);
enum status command_study_list(const struct arguments *arguments);
enum status command_study_show(const struct arguments *arguments);
enum status command_study_unlock(const struct arguments *arguments);
enum status command_opt_in(const struct arguments *arguments);
enum status command_opt_out(const struct arguments *arguments);
enum status command_patient_opt_out(const struct arguments *arguments);
enum status command_patient_opt_in(const struct arguments *arguments);
enum status command_patient_erase(const struct arguments *arguments);
enum status command_freeze(const struct arguments *arguments);
enum status command_status(const struct arguments *arguments);
enum status command_audit_show(const struct arguments *arguments);
enum status command_audit_verify(const struct arguments *arguments);
enum status command_audit_export(const struct arguments *arguments);
enum status command_recover(const struct arguments *arguments);
enum status command_serve(const struct arguments *arguments);

/* The table of commands, for main. */
extern const struct program node_program;

#endif
