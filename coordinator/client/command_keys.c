#include <string.h>

#include "coordinator/client/client.h"

/* x.key -> x.card.json */
static enum status card_path(const char *key, char *out, size_t capacity)
{
    size_t size = strlen(key);
    if (size > 4 && strcmp(key + size - 4, ".key") == 0)
        size -= 4;
    int written = snprintf(out, capacity, "%.*s.card.json", (int)size, key);
    return written > 0 && (size_t)written < capacity ? STATUS_OK
                                                     : STATUS_TOO_LARGE;
}

static void print_identity(const struct identity *identity)
{
    char sign[KEY_TEXT], curve[KEY_TEXT], fingerprint[FINGERPRINT_TEXT];
    public_key_to_text(sign, &identity->sign);
    public_key_to_text(curve, &identity->curve);
    identity_fingerprint(fingerprint, identity);
    printf("name         %s\nidentity     %s\ncurve        %s\n"
           "fingerprint  %s\n",
        identity->name, sign, curve, fingerprint);
}

enum status command_keys_new(const struct arguments *arguments)
{
    const char *name, *path;
    char card[4096];
    char *passphrase = NULL;
    struct keypair *keys = NULL;
    enum status status = client_need(arguments, "name", &name);
    if (status == STATUS_OK)
        status = client_need(arguments, "out", &path);
    if (status == STATUS_OK)
        status = card_path(path, card, sizeof card);
    if (status == STATUS_OK && !argument_flag(arguments, "no-passphrase")) {
        status = passphrase_read(&passphrase,
            argument_value(arguments, "passphrase-file"), "New passphrase",
            true);
    }
    if (status != STATUS_OK)
        return status;
    status = keypair_create(&keys, name);
    if (status == STATUS_OK)
        status = keypair_save(keys, path, passphrase);
    passphrase_destroy(passphrase);
    if (status == STATUS_EXISTS) {
        program_fail(
            status, "%s is there already; it is not overwritten", path);
    } else if (status == STATUS_OK) {
        status = identity_save(keypair_identity(keys), card);
    }
    if (status == STATUS_OK) {
        printf("key          %s (secret)\ncard         %s\n", path, card);
        print_identity(keypair_identity(keys));
    } else if (status != STATUS_EXISTS) {
        program_fail(status, "%s: %s", path, status_text(status));
    }
    keypair_destroy(keys);
    return status;
}

enum status command_keys_show(const struct arguments *arguments)
{
    struct identity identity;
    const char *path = operand_at(arguments, 0);
    enum status status = identity_load(&identity, path);
    if (status != STATUS_OK) {
        return program_fail(status,
            "%s: %s; a card is a file such as ada.card.json", path,
            status_text(status));
    }
    print_identity(&identity);
    return STATUS_OK;
}
