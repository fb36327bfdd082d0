#include "coordinator/home.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "protocol/store/before.h"

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

enum status home_open_ledger(struct ledger **out, const char *home)
{
    char path[HOME_PATH_MAX];
    *out = NULL;
    enum status status = home_file(path, home, "ledger.sqlite");
    if (status != STATUS_OK)
        return status;
    if (access(path, F_OK) != 0) {
        return program_fail(STATUS_NOT_FOUND,
            "there is no ledger in '%s'; 'cohortium-coordinator init' makes "
            "one",
            home);
    }
    status = ledger_open(out, path);
    if (status == STATUS_UNSUPPORTED_VERSION) {
        char text[2 * HOME_PATH_MAX];
        before_say_newer(
            text, sizeof text, "cohortium-coordinator", path, ledger_version());
        return program_fail(status, "%s", text);
    }
    if (status != STATUS_OK)
        return program_fail(status, "%s: %s", path, status_text(status));
    return STATUS_OK;
}

enum status home_load_config(struct config *config, const char *home)
{
    char path[HOME_PATH_MAX];
    struct diagnostic diagnostic;
    enum status status = home_file(path, home, "coordinator.conf");
    if (status != STATUS_OK)
        return status;
    diagnostic_init(&diagnostic, path);
    status = config_load(config, path, &diagnostic);
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
    char path[HOME_PATH_MAX];
    enum status status = home_file(path, home->path, "coordinator.key");
    if (status != STATUS_OK)
        return status;
    status = keypair_load(&home->keys, path, NULL);
    if (status != STATUS_OK)
        return program_fail(status, "%s: %s", path, status_text(status));
    return STATUS_OK;
}

enum status home_open(struct home *home, const struct arguments *arguments)
{
    memset(home, 0, sizeof *home);
    home->path = home_of(arguments);
    enum status status = home_load_config(&home->config, home->path);
    if (status == STATUS_OK)
        status = load_keys(home);
    if (status == STATUS_OK)
        status = load_dictionary(home);
    if (status == STATUS_OK)
        status = home_open_ledger(&home->ledger, home->path);
    return status;
}

void home_close(struct home *home)
{
    ledger_close(home->ledger);
    dictionary_destroy(home->dictionary);
    keypair_destroy(home->keys);
    memset(home, 0, sizeof *home);
}
