#include "coordinator/config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum config_type { CONFIG_TEXT, CONFIG_INTEGER, CONFIG_LEVEL };

struct config_key {
    const char *name;
    enum config_type type;
    size_t offset; /* in struct config */
    const char *fallback;
    int64_t min, max; /* integers; for a text max is its length */
    const char *help;
};

static const char *const level_names[] = {"error", "warn", "info", "debug"};
#define LEVEL_COUNT (sizeof level_names / sizeof level_names[0])

static const struct config_key keys[] = {
    {"endpoint", CONFIG_TEXT, offsetof(struct config, endpoint),
        "tcp://0.0.0.0:7100", 1, ENDPOINT_MAX - 1,
        "where to listen; port * takes any free one"},
    {"deadline_ms", CONFIG_INTEGER, offsetof(struct config, deadline_ms),
        "30000", 100, 3600000,
        "how long the centers have to answer a question"},
    {"heartbeat_ms", CONFIG_INTEGER, offsetof(struct config, heartbeat_ms),
        "20000", 100, 600000,
        "how often a center shows that it is alive; dead after three"},
    {"max_open_sessions", CONFIG_INTEGER,
        offsetof(struct config, max_open_sessions), "64", 1, 1024,
        "questions that may be open at the same time"},
    {"log_level", CONFIG_LEVEL, offsetof(struct config, log_level), "info", 0,
        0, "error, warn, info or debug"},
};
#define KEY_COUNT (sizeof keys / sizeof keys[0])

static enum status set_integer(
    void *member, const struct config_key *key, const char *value)
{
    char *end = NULL;
    long long number = strtoll(value, &end, 10);
    if (end == value || *end != '\0')
        return STATUS_MALFORMED;
    if (number < key->min || number > key->max)
        return STATUS_OUT_OF_RANGE;
    int64_t stored = number;
    memcpy(member, &stored, sizeof stored);
    return STATUS_OK;
}

static enum status set_level(void *member, const char *value)
{
    for (size_t i = 0; i < LEVEL_COUNT; i++) {
        if (strcmp(level_names[i], value) == 0) {
            enum log_level level = (enum log_level)i;
            memcpy(member, &level, sizeof level);
            return STATUS_OK;
        }
    }
    return STATUS_UNKNOWN_NAME;
}

static enum status set_value(
    struct config *config, const struct config_key *key, const char *value)
{
    void *member = (char *)config + key->offset;
    switch (key->type) {
    case CONFIG_INTEGER: return set_integer(member, key, value);
    case CONFIG_LEVEL: return set_level(member, value);
    case CONFIG_TEXT: break;
    }
    size_t size = strlen(value);
    if ((int64_t)size < key->min || (int64_t)size > key->max)
        return STATUS_OUT_OF_RANGE;
    memcpy(member, value, size + 1);
    return STATUS_OK;
}

void config_default(struct config *config)
{
    memset(config, 0, sizeof *config);
    for (size_t i = 0; i < KEY_COUNT; i++)
        set_value(config, &keys[i], keys[i].fallback);
}

/* Cuts blanks at both ends, in place. */
static char *trim(char *text)
{
    text += strspn(text, " \t\r");
    size_t size = strlen(text);
    while (size > 0 && strchr(" \t\r", text[size - 1]) != NULL)
        text[--size] = '\0';
    return text;
}

static enum status unknown_key(
    const char *name, size_t line, struct diagnostic *diagnostic)
{
    const char *names[KEY_COUNT];
    for (size_t i = 0; i < KEY_COUNT; i++)
        names[i] = keys[i].name;
    const char *near = nearest_name(name, names, KEY_COUNT);
    if (near == NULL)
        diagnostic_set(diagnostic, line, 1, "there is no setting '%s'", name);
    else
        diagnostic_set(diagnostic, line, 1,
            "there is no setting '%s'; did you mean '%s'?", name, near);
    return STATUS_UNKNOWN_NAME;
}

static enum status refuse_value(const struct config_key *key, const char *value,
    size_t line, struct diagnostic *diagnostic)
{
    if (key->type == CONFIG_INTEGER)
        diagnostic_set(diagnostic, line, 1,
            "%s is '%s'; it must be an integer from %" PRId64 " to %" PRId64,
            key->name, value, key->min, key->max);
    else
        diagnostic_set(diagnostic, line, 1, "%s is '%s'; it must be %s",
            key->name, value, key->help);
    return STATUS_OUT_OF_RANGE;
}

static enum status parse_line(struct config *config, char *text, size_t line,
    bool seen[KEY_COUNT], struct diagnostic *diagnostic)
{
    text[strcspn(text, "#")] = '\0';
    text = trim(text);
    if (*text == '\0')
        return STATUS_OK;
    char *equals = strchr(text, '=');
    if (equals == NULL) {
        diagnostic_set(
            diagnostic, line, 1, "found '%s', expected KEY = VALUE", text);
        return STATUS_MALFORMED;
    }
    *equals = '\0';
    const char *name = trim(text), *value = trim(equals + 1);
    size_t at = 0;
    while (at < KEY_COUNT && strcmp(keys[at].name, name) != 0)
        at++;
    if (at == KEY_COUNT)
        return unknown_key(name, line, diagnostic);
    if (seen[at]) {
        diagnostic_set(diagnostic, line, 1, "'%s' is set twice", name);
        return STATUS_MALFORMED;
    }
    seen[at] = true;
    if (set_value(config, &keys[at], value) != STATUS_OK)
        return refuse_value(&keys[at], value, line, diagnostic);
    return STATUS_OK;
}

enum status config_parse(
    struct config *config, struct view text, struct diagnostic *diagnostic)
{
    struct buffer copy;
    bool seen[KEY_COUNT] = {false};
    config_default(config);
    buffer_init(&copy, (size_t)1 << 16);
    enum status status = buffer_append(&copy, text.data, text.size);
    if (status == STATUS_OK)
        status = buffer_append(&copy, "", 1);
    if (status == STATUS_OK && strlen((char *)copy.data) != text.size) {
        diagnostic_set(diagnostic, 0, 0, "the file holds a zero byte");
        status = STATUS_MALFORMED;
    }
    char *at = status == STATUS_OK ? (char *)copy.data : NULL;
    for (size_t line = 1; status == STATUS_OK && at != NULL; line++) {
        char *text_line = strsep(&at, "\n");
        status = parse_line(config, text_line, line, seen, diagnostic);
    }
    buffer_fini(&copy);
    return status;
}

enum status config_load(
    struct config *config, const char *path, struct diagnostic *diagnostic)
{
    struct buffer text;
    buffer_init(&text, (size_t)1 << 16);
    enum status status = buffer_read_file(&text, path);
    if (status == STATUS_OK)
        status = config_parse(config, buffer_view(&text), diagnostic);
    else
        diagnostic_set(
            diagnostic, 0, 0, "cannot be read: %s", status_text(status));
    buffer_fini(&text);
    return status;
}

enum status config_write(struct buffer *out, const struct config *config)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < KEY_COUNT; i++) {
        const struct config_key *key = &keys[i];
        const char *member = (const char *)config + key->offset;
        int64_t number;
        enum log_level level;
        status = buffer_append_format(
            out, "# %s (default %s)\n", key->help, key->fallback);
        if (status != STATUS_OK)
            break;
        switch (key->type) {
        case CONFIG_TEXT:
            status = buffer_append_format(out, "%s = %s\n", key->name, member);
            break;
        case CONFIG_INTEGER:
            memcpy(&number, member, sizeof number);
            status = buffer_append_format(
                out, "%s = %" PRId64 "\n", key->name, number);
            break;
        case CONFIG_LEVEL:
            memcpy(&level, member, sizeof level);
            status = buffer_append_format(
                out, "%s = %s\n", key->name, level_names[level]);
            break;
        }
    }
    return status;
}
