#include "node/config.h"

static const struct setting keys[] = {
    {"coordinator", SETTING_TEXT, offsetof(struct config, coordinator), "", 0,
        ENDPOINT_MAX - 1,
        "where to connect; empty: the endpoint that the roster names"},
    {"threads", SETTING_INTEGER, offsetof(struct config, threads), "2", 1, 64,
        "threads that a question may use"},
    {"refusals_to_lock", SETTING_INTEGER,
        offsetof(struct config, refusals_to_lock), "10", 1, 100000,
        "refusals within a day after which a study is locked here"},
    {"freeze_days", SETTING_INTEGER, offsetof(struct config, freeze_days), "30",
        1, 30,
        "days after which a changed registry is frozen anew for questions"},
    {"yearly_rho_milli", SETTING_INTEGER,
        offsetof(struct config, yearly_rho_milli), "500", 0, 100000,
        "thousandths of rho that all studies with noise may use in a year"},
    {"reply_slot_ms", SETTING_INTEGER, offsetof(struct config, reply_slot_ms),
        "250", 20, 1000,
        "milliseconds from slot to slot on which answers with noise leave"},
    {"sandbox", SETTING_INTEGER, offsetof(struct config, sandbox), "0", 0, 1,
        "1 in a throwaway federation only: answers studies whose sums are "
        "open"},
    {"log_level", SETTING_LEVEL, offsetof(struct config, log_level), "info", 0,
        0, "error, warn, info or debug"},
};

const struct settings node_settings = {keys, sizeof keys / sizeof keys[0]};
