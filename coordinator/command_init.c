#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "coordinator/home.h"

static enum status fail_file(enum status status, const char *path)
{
    return program_fail(status, "%s: %s", path, status_text(status));
}

static enum status make_folder(const char *home)
{
    if (mkdir(home, 0700) == 0 || errno == EEXIST)
        return STATUS_OK;
    return program_fail(
        STATUS_IO, "'%s' cannot be made: %s", home, strerrordesc_np(errno));
}

/* The key comes first: it refuses to overwrite, and so does all of init. */
static enum status make_keys(const char *home, const char *name)
{
    char path[HOME_PATH_MAX];
    struct keypair *keys = NULL;
    enum status status = home_file(path, home, "coordinator.key");
    if (status != STATUS_OK)
        return status;
    status = keypair_create(&keys, name);
    if (status == STATUS_OK)
        status = keypair_save(keys, path, NULL);
    if (status != STATUS_OK) {
        status = fail_file(status, path);
        goto out;
    }
    status = home_file(path, home, "card.json");
    if (status == STATUS_OK &&
        (status = identity_save(keypair_identity(keys), path)) != STATUS_OK)
        fail_file(status, path);
    char fingerprint[FINGERPRINT_TEXT];
    identity_fingerprint(fingerprint, keypair_identity(keys));
    if (status == STATUS_OK)
        printf("card %s\nfingerprint %s\n", path, fingerprint);
out:
    keypair_destroy(keys);
    return status;
}

static enum status write_dictionary(
    const char *home, const struct dictionary *dictionary)
{
    char path[HOME_PATH_MAX];
    enum status status = home_file(path, home, "dictionary.json");
    if (status == STATUS_OK) {
        status =
            file_write_atomic(path, document_bytes(dictionary->document), 0644);
        if (status != STATUS_OK)
            fail_file(status, path);
    }
    return status;
}

static enum status write_config(const char *home, const char *endpoint)
{
    char path[HOME_PATH_MAX];
    struct config config;
    struct buffer text;
    config_default(&config);
    if (endpoint != NULL)
        snprintf(config.endpoint, sizeof config.endpoint, "%s", endpoint);
    buffer_init(&text, (size_t)1 << 16);
    enum status status = home_file(path, home, "coordinator.conf");
    if (status == STATUS_OK) {
        status = config_write(&text, &config);
        if (status == STATUS_OK)
            status = file_write_atomic(path, buffer_view(&text), 0644);
        if (status != STATUS_OK)
            fail_file(status, path);
    }
    buffer_fini(&text);
    return status;
}

static enum status make_ledger(const char *home)
{
    char path[HOME_PATH_MAX];
    struct ledger *ledger = NULL;
    enum status status = home_file(path, home, "ledger.sqlite");
    if (status != STATUS_OK)
        return status;
    status = ledger_open(&ledger, path);
    ledger_close(ledger);
    return status == STATUS_OK ? status : fail_file(status, path);
}

/* Nearly; the rest is found when it is bound. */
static bool is_endpoint(const char *text)
{
    return strncmp(text, "tcp://", 6) == 0 && strchr(text + 6, ':') != NULL;
}

/* What was given is checked before anything is made: half a home would be in
 * the way of the next try. */
enum status command_init(const struct arguments *arguments)
{
    const char *home = home_of(arguments);
    const char *name = argument_value(arguments, "name");
    const char *dictionary = argument_value(arguments, "dictionary");
    if (name == NULL || dictionary == NULL)
        return program_fail(
            STATUS_USAGE, "init needs --name NAME and --dictionary FILE");
    const char *endpoint = argument_value(arguments, "endpoint");
    if (endpoint != NULL &&
        strlen(endpoint) >= sizeof((struct config *)NULL)->endpoint)
        return program_fail(STATUS_USAGE, "the endpoint is too long");
    if (endpoint != NULL && !is_endpoint(endpoint))
        return program_fail(STATUS_USAGE,
            "'%s' is no endpoint such as tcp://0.0.0.0:7100", endpoint);
    struct dictionary *checked = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, dictionary);
    enum status status = dictionary_load(&checked, dictionary, &diagnostic);
    if (status != STATUS_OK)
        return program_fail_at(status, &diagnostic);
    status = make_folder(home);
    if (status == STATUS_OK)
        status = make_keys(home, name);
    if (status == STATUS_OK)
        status = write_dictionary(home, checked);
    if (status == STATUS_OK)
        status = write_config(home, endpoint);
    dictionary_destroy(checked);
    return status == STATUS_OK ? make_ledger(home) : status;
}
