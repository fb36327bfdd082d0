#include "node/home.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/freeze.h"
#include "protocol/store/before.h"
#include "protocol/wire/json_text.h"
#include "protocol/wire/log.h"
#include "protocol/wire/loop.h"

const char *home_of(const struct arguments *arguments)
{
    const char *home = argument_value(arguments, "home");
    return home == NULL ? "." : home;
}

enum status home_file(char *out, const char *home, const char *name)
{
    int size = snprintf(out, HOME_PATH_MAX, "%s/%s", home, name);
    if (size < 0 || size >= HOME_PATH_MAX)
        return program_fail(
            STATUS_TOO_LARGE, "the path '%s' is too long", home);
    return STATUS_OK;
}

enum status home_load_config(struct config *config, const char *home)
{
    char path[HOME_PATH_MAX];
    struct diagnostic diagnostic;
    enum status status = home_file(path, home, "node.conf");
    if (status != STATUS_OK)
        return status;
    diagnostic_init(&diagnostic, path);
    status = settings_load(&node_settings, config, path, &diagnostic);
    return status == STATUS_OK ? status : program_fail_at(status, &diagnostic);
}

static enum status load_dictionary(struct home *home)
{
    char path[HOME_PATH_MAX];
    struct diagnostic diagnostic;
    enum status status = home_file(path, home->path, "dictionary.json");
    if (status != STATUS_OK)
        return status;
    diagnostic_init(&diagnostic, path);
    status = dictionary_load(&home->dictionary, path, &diagnostic);
    return status == STATUS_OK ? status : program_fail_at(status, &diagnostic);
}

static enum status load_keys(struct home *home)
{
    char path[HOME_PATH_MAX], store[HOME_PATH_MAX];
    enum status status = home_file(path, home->path, "node.key");
    if (status != STATUS_OK)
        return status;
    if (access(path, F_OK) != 0 &&
        home_file(store, home->path, "registry.sqlite") == STATUS_OK &&
        access(store, F_OK) == 0) {
        return program_fail(STATUS_NOT_FOUND,
            "%s is lost: put it back from a copy. Without one this center needs "
            "a new home, whose card a new roster names",
            path);
    }
    if (access(path, F_OK) != 0) {
        return program_fail(STATUS_NOT_FOUND,
            "there is no node in '%s'; 'cohortium-node init' makes one",
            home->path);
    }
    status = keypair_load(&home->keys, path, NULL);
    if (status == STATUS_FILE_TOO_OPEN) {
        return program_fail(status,
            "%s can be read by others; take it back with 'chmod 600 %s'", path,
            path);
    }
    if (status != STATUS_OK)
        return program_fail(status, "%s: %s", path, status_text(status));
    return STATUS_OK;
}

static enum status open_store(struct home *home)
{
    char path[HOME_PATH_MAX];
    enum status status = home_file(path, home->path, "registry.sqlite");
    if (status != STATUS_OK)
        return status;
    status = store_open(&home->store, path, home->dictionary);
    if (status == STATUS_WRONG_DICTIONARY) {
        return program_fail(status,
            "%s was made with another dictionary than dictionary.json beside "
            "it",
            path);
    }
    if (status == STATUS_UNSUPPORTED_VERSION) {
        char text[2 * HOME_PATH_MAX];
        before_say_newer(
            text, sizeof text, "cohortium-node", path, store_version());
        return program_fail(status, "%s", text);
    }
    if (status != STATUS_OK)
        return program_fail(status, "%s: %s", path, status_text(status));
    return STATUS_OK;
}

static enum status open_past(struct home *home)
{
    enum status status = home_file(home->head_path, home->path, PAST_FILE);
    if (status != STATUS_OK)
        return status;
    status = past_open(&home->past, home->store, home->keys, home->head_path);
    return status == STATUS_OK ? status
                               : program_fail(status, "%s: %s", home->head_path,
                                     status_text(status));
}

enum status home_need_past(const struct home *home)
{
    if (!home->past.behind)
        return STATUS_OK;
    return program_fail(STATUS_BEHIND,
        "the database is not the one that this node left: %s. Put the newest "
        "copy back, or go on from this one with 'cohortium-node recover'",
        home->past.reason);
}

/* A registry of before there were freezes gets its first. */
static enum status freeze_first(const struct home *home)
{
    int64_t number;
    enum status status = home->past.behind
                             ? STATUS_OK
                             : freeze_make_first(home->store, home->keys,
                                   clock_wall_seconds(), &number);
    return status == STATUS_OK
               ? status
               : program_fail(status, "the first freeze could not be made: %s",
                     status_text(status));
}

enum status home_open(struct home *home, const struct arguments *arguments)
{
    memset(home, 0, sizeof *home);
    home->path = home_of(arguments);
    enum status status = load_keys(home);
    if (status == STATUS_OK)
        status = home_load_config(&home->config, home->path);
    if (status == STATUS_OK)
        status = load_dictionary(home);
    if (status == STATUS_OK)
        status = open_store(home);
    if (status == STATUS_OK)
        status = open_past(home);
    if (status == STATUS_OK)
        status = freeze_first(home);
    log_set_level(home->config.log_level);
    return status;
}

/* What a command wrote is signed for. The file is read again: a daemon may
 * have been told meanwhile that the database is behind. */
void home_close(struct home *home)
{
    struct past past;
    if (home->past.store != NULL &&
        past_open(&past, home->store, home->keys, home->head_path) != STATUS_OK)
        log_event(LOG_ERROR, "past", "not_kept", "file=%s", home->head_path);
    store_close(home->store);
    dictionary_destroy(home->dictionary);
    keypair_destroy(home->keys);
    memset(home, 0, sizeof *home);
}

struct session_setup home_setup(const struct home *home)
{
    return (struct session_setup){.keys = home->keys,
        .dictionary = home->dictionary,
        .store = home->store,
        .threads = (int)home->config.threads,
        .refusals_to_lock = home->config.refusals_to_lock,
        .freeze_days = home->config.freeze_days,
        .yearly_rho_nano = home->config.yearly_rho_milli * 1000000,
        .reply_slot_ms = (uint64_t)home->config.reply_slot_ms,
        .head_path = home->head_path,
        .sandbox = home->config.sandbox != 0};
}

static enum status take_roster(
    void *arg, const struct digest *id, struct view bytes)
{
    struct roster **newest = arg;
    struct roster *roster = NULL;
    struct envelope *envelope = NULL;
    struct diagnostic diagnostic;
    (void)id;
    diagnostic_init(&diagnostic, "roster");
    enum status status = envelope_decode(&envelope, bytes);
    if (status == STATUS_OK)
        status = roster_verify(&roster, envelope, *newest, &diagnostic);
    envelope_destroy(envelope);
    if (status != STATUS_OK)
        return program_fail_at(status, &diagnostic);
    roster_destroy(*newest);
    *newest = roster;
    return STATUS_OK;
}

enum status home_roster(const struct home *home, struct roster **out)
{
    *out = NULL;
    enum status status = store_visit_rosters(home->store, take_roster, out);
    if (status == STATUS_OK && *out == NULL)
        return program_fail(STATUS_NOT_FOUND,
            "no roster is installed; 'cohortium-node roster FILE' does it");
    return status;
}

enum status home_find_study(
    const struct home *home, const char *text, struct study **out)
{
    struct buffer bytes;
    struct digest id;
    struct envelope *envelope = NULL;
    struct diagnostic diagnostic;
    *out = NULL;
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    diagnostic_init(&diagnostic, text);
    enum status status = store_find_study(home->store, text, &id, &bytes);
    if (status == STATUS_NOT_FOUND) {
        program_fail(status,
            "no study '%s' is known here; 'cohortium-node study list' shows "
            "those that are",
            text);
    } else if (status == STATUS_EXISTS) {
        program_fail(
            status, "'%s' names more than one study; give its id", text);
    } else if (status == STATUS_OK) {
        status = envelope_decode(&envelope, buffer_view(&bytes));
    }
    if (status == STATUS_OK)
        status = study_verify(out, envelope, &diagnostic);
    envelope_destroy(envelope);
    buffer_fini(&bytes);
    return status;
}

enum status home_print_json(json_t *json)
{
    struct buffer text;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    enum status status =
        json_text_append(&text, json, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
    json_decref(json);
    if (status == STATUS_OK)
        status = buffer_append_text(&text, "\n");
    if (status == STATUS_OK)
        fwrite(text.data, 1, text.size, stdout);
    buffer_fini(&text);
    return status;
}
