#include "coordinator/config.h"

#include <string.h>

#include "protocol/program/settings.h"

static const struct setting keys[] = {
    {"endpoint", SETTING_TEXT, offsetof(struct config, endpoint),
        "tcp://0.0.0.0:7100", 1, ENDPOINT_MAX - 1,
        "where to listen; port * takes any free one"},
    {"deadline_ms", SETTING_INTEGER, offsetof(struct config, deadline_ms),
        "30000", 100, 3600000,
        "how long the centers have to answer a question"},
    {"heartbeat_ms", SETTING_INTEGER, offsetof(struct config, heartbeat_ms),
        "20000", 100, 600000,
        "how often a center shows that it is alive; dead after three"},
    {"calculation_ms", SETTING_INTEGER, offsetof(struct config, calculation_ms),
        "60000", 100, 3600000, "how long a result may take to work out"},
    {"max_open_sessions", SETTING_INTEGER,
        offsetof(struct config, max_open_sessions), "64", 1, 1024,
        "questions that may be open at the same time; others wait"},
    {"max_waiting", SETTING_INTEGER, offsetof(struct config, max_waiting),
        "1024", 1, 4096,
        "questions that may wait; one person has at most 256 of them"},
    {"log_level", SETTING_LEVEL, offsetof(struct config, log_level), "info", 0,
        0, "error, warn, info or debug"},
};
static const struct settings settings = {keys, sizeof keys / sizeof keys[0]};

void config_default(struct config *config)
{
    memset(config, 0, sizeof *config);
    settings_default(&settings, config);
}

enum status config_parse(
    struct config *config, struct view text, struct diagnostic *diagnostic)
{
    config_default(config);
    return settings_parse(&settings, config, text, diagnostic);
}

enum status config_load(
    struct config *config, const char *path, struct diagnostic *diagnostic)
{
    config_default(config);
    return settings_load(&settings, config, path, diagnostic);
}

enum status config_write(struct buffer *out, const struct config *config)
{
    return settings_write(&settings, config, out);
}
