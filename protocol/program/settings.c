#include "protocol/program/settings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/query/nearest.h"
#include "protocol/wire/log.h"

static const char *const level_names[] = {"error", "warn", "info", "debug"};
#define LEVEL_COUNT (sizeof level_names / sizeof level_names[0])

static enum status set_integer(
    void *member, const struct setting *key, const char *value)
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
    void *target, const struct setting *key, const char *value)
{
    void *member = (char *)target + key->offset;
    switch (key->type) {
    case SETTING_INTEGER: return set_integer(member, key, value);
    case SETTING_LEVEL: return set_level(member, value);
    case SETTING_TEXT: break;
    }
    size_t size = strlen(value);
    if ((int64_t)size < key->min || (int64_t)size > key->max)
        return STATUS_OUT_OF_RANGE;
    memcpy(member, value, size + 1);
    return STATUS_OK;
}

void settings_default(const struct settings *settings, void *target)
{
    for (size_t i = 0; i < settings->count; i++)
        set_value(target, &settings->list[i], settings->list[i].fallback);
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

static enum status unknown_key(const struct settings *settings,
    const char *name, size_t line, struct diagnostic *diagnostic)
{
    const char *names[SETTINGS_MAX];
    for (size_t i = 0; i < settings->count; i++)
        names[i] = settings->list[i].name;
    char hint[NAME_HINT_MAX];
    diagnostic_set(diagnostic, line, 1, "there is no setting '%s'%s", name,
        name_hint(hint, nearest_name(name, names, settings->count)));
    return STATUS_UNKNOWN_NAME;
}

static enum status refuse_value(const struct setting *key, const char *value,
    size_t line, struct diagnostic *diagnostic)
{
    if (key->type == SETTING_INTEGER) {
        diagnostic_set(diagnostic, line, 1,
            "%s is '%s'; it must be an integer from %" PRId64 " to %" PRId64,
            key->name, value, key->min, key->max);
    } else {
        diagnostic_set(diagnostic, line, 1, "%s is '%s'; it must be %s",
            key->name, value, key->help);
    }
    return STATUS_OUT_OF_RANGE;
}

struct reading {
    const struct settings *settings;
    void *target;
    bool seen[SETTINGS_MAX];
    struct diagnostic *diagnostic;
};

static enum status parse_line(struct reading *reading, char *text, size_t line)
{
    struct diagnostic *diagnostic = reading->diagnostic;
    const struct setting *keys = reading->settings->list;
    size_t count = reading->settings->count;
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
    while (at < count && strcmp(keys[at].name, name) != 0)
        at++;
    if (at == count)
        return unknown_key(reading->settings, name, line, diagnostic);
    if (reading->seen[at]) {
        diagnostic_set(diagnostic, line, 1, "'%s' is set twice", name);
        return STATUS_MALFORMED;
    }
    reading->seen[at] = true;
    if (set_value(reading->target, &keys[at], value) != STATUS_OK)
        return refuse_value(&keys[at], value, line, diagnostic);
    return STATUS_OK;
}

enum status settings_parse(const struct settings *settings, void *target,
    struct view text, struct diagnostic *diagnostic)
{
    struct buffer copy;
    struct reading reading = {
        .settings = settings, .target = target, .diagnostic = diagnostic};
    settings_default(settings, target);
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
        status = parse_line(&reading, text_line, line);
    }
    buffer_fini(&copy);
    return status;
}

enum status settings_load(const struct settings *settings, void *target,
    const char *path, struct diagnostic *diagnostic)
{
    struct buffer text;
    buffer_init(&text, (size_t)1 << 16);
    enum status status = buffer_read_file(&text, path);
    if (status == STATUS_OK) {
        status =
            settings_parse(settings, target, buffer_view(&text), diagnostic);
    } else {
        diagnostic_set(
            diagnostic, 0, 0, "cannot be read: %s", status_text(status));
    }
    buffer_fini(&text);
    return status;
}

enum status settings_write(
    const struct settings *settings, const void *target, struct buffer *out)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < settings->count; i++) {
        const struct setting *key = &settings->list[i];
        const char *member = (const char *)target + key->offset;
        int64_t number;
        enum log_level level;
        status = buffer_append_format(
            out, "# %s (default %s)\n", key->help, key->fallback);
        if (status != STATUS_OK)
            break;
        switch (key->type) {
        case SETTING_TEXT:
            status = buffer_append_format(out, "%s = %s\n", key->name, member);
            break;
        case SETTING_INTEGER:
            memcpy(&number, member, sizeof number);
            status = buffer_append_format(
                out, "%s = %" PRId64 "\n", key->name, number);
            break;
        case SETTING_LEVEL:
            memcpy(&level, member, sizeof level);
            status = buffer_append_format(
                out, "%s = %s\n", key->name, level_names[level]);
            break;
        }
    }
    return status;
}
