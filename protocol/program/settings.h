/*
 * settings: a daemon's configuration file, `key = value` lines with '#'
 * comments. One table says each key's type, default, range and help; it makes
 * the parser, `serve --print-config` and the table in a README. An unknown key,
 * a key given twice or a value out of range is refused with its line.
 */
#ifndef COHORTIUM_PROTOCOL_PROGRAM_SETTINGS_H
#define COHORTIUM_PROTOCOL_PROGRAM_SETTINGS_H

#include <stddef.h>

#include "protocol/query/diagnostic.h"
#include "protocol/wire/buffer.h"

#define SETTINGS_MAX 32

enum setting_type {
    SETTING_TEXT,    /* a char array; max is its longest text */
    SETTING_INTEGER, /* an int64_t */
    SETTING_LEVEL    /* an enum log_level */
};

struct setting {
    const char *name;
    enum setting_type type;
    size_t offset; /* of the member in the daemon's struct */
    const char *fallback;
    int64_t min, max;
    const char *help;
};

struct settings {
    const struct setting *list;
    size_t count; /* at most SETTINGS_MAX */
};

/* target: the daemon's struct, which the offsets are in. */
void settings_default(const struct settings *settings, void *target);
enum status settings_parse(const struct settings *settings, void *target,
    struct view text, struct diagnostic *diagnostic);
enum status settings_load(const struct settings *settings, void *target,
    const char *path, struct diagnostic *diagnostic);
/* Every key with its help and value, as a file that settings_parse takes. */
enum status settings_write(
    const struct settings *settings, const void *target, struct buffer *out);

#endif
