#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "node/audit.h"
#include "node/home.h"
#include "protocol/wire/loop.h"

static enum status fail_file(enum status status, const char *path)
{
    return program_fail(status, "%s: %s", path, status_text(status));
}

static bool is_center_name(const char *name)
{
    size_t size = strlen(name);
    return size > 0 && size <= NAME_MAX_BYTES && name[0] != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == size;
}

/* The key comes first: it refuses to overwrite, and so does all of init. */
static enum status make_keys(const char *home, const char *name)
{
    char path[HOME_PATH_MAX], card[HOME_PATH_MAX];
    char fingerprint[FINGERPRINT_TEXT];
    struct keypair *keys = NULL;
    enum status status = home_file(path, home, "node.key");
    if (status == STATUS_OK)
        status = home_file(card, home, "card.json");
    if (status != STATUS_OK)
        return status;
    status = keypair_create(&keys, name);
    if (status == STATUS_OK)
        status = keypair_save(keys, path, NULL);
    if (status != STATUS_OK) {
        keypair_destroy(keys);
        return fail_file(status, path);
    }
    status = identity_save(keypair_identity(keys), card);
    if (status != STATUS_OK)
        fail_file(status, card);
    identity_fingerprint(fingerprint, keypair_identity(keys));
    if (status == STATUS_OK)
        printf("card %s\nfingerprint %s\n", card, fingerprint);
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

static enum status write_config(const char *home)
{
    char path[HOME_PATH_MAX];
    struct config config = {0};
    struct buffer text;
    settings_default(&node_settings, &config);
    buffer_init(&text, (size_t)1 << 16);
    enum status status = home_file(path, home, "node.conf");
    if (status == STATUS_OK) {
        status = settings_write(&node_settings, &config, &text);
        if (status == STATUS_OK)
            status = file_write_atomic(path, buffer_view(&text), 0644);
        if (status != STATUS_OK)
            fail_file(status, path);
    }
    buffer_fini(&text);
    return status;
}

static enum status start_store(const struct arguments *arguments)
{
    struct home home;
    enum status status = home_open(&home, arguments);
    if (status == STATUS_OK) {
        status = audit_record(home.store, home.keys, clock_wall_seconds(),
            "created", &home.dictionary->digest, "%s",
            keypair_identity(home.keys)->name);
    }
    home_close(&home);
    return status;
}

static enum status make_home(
    const char *home, const char *name, const struct dictionary *dictionary)
{
    if (mkdir(home, 0700) != 0 && errno != EEXIST)
        return program_fail(
            STATUS_IO, "'%s' cannot be made: %s", home, strerrordesc_np(errno));
    enum status status = make_keys(home, name);
    if (status == STATUS_OK)
        status = write_dictionary(home, dictionary);
    return status == STATUS_OK ? write_config(home) : status;
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
    if (!is_center_name(name))
        return program_fail(STATUS_USAGE,
            "'%s' is no center's name: a-z, 0-9, '-', '_' and '.'", name);
    struct dictionary *checked = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, dictionary);
    enum status status = dictionary_load(&checked, dictionary, &diagnostic);
    if (status != STATUS_OK)
        return program_fail_at(status, &diagnostic);
    status = make_home(home, name, checked);
    dictionary_destroy(checked);
    return status == STATUS_OK ? start_store(arguments) : status;
}
