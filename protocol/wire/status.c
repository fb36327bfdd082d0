#include "protocol/wire/status.h"

#include <stddef.h>
#include <string.h>

struct status_row {
    const char *name;
    enum status_category category;
    const char *text;
};

#define STATUS_ROW(name, category, text)                                       \
    [STATUS_##name] = {#name, CATEGORY_##category, text},
static const struct status_row rows[] = {STATUS_LIST(STATUS_ROW)};
#undef STATUS_ROW

const char *status_name(enum status status)
{
    return (size_t)status < STATUS_COUNT ? rows[status].name : "UNKNOWN";
}

enum status status_of_name(const char *name)
{
    for (size_t i = 0; i < STATUS_COUNT; i++) {
        if (strcmp(rows[i].name, name) == 0)
            return (enum status)i;
    }
    return STATUS_REFUSED;
}

const char *status_text(enum status status)
{
    return (size_t)status < STATUS_COUNT ? rows[status].text : "unknown";
}

enum status_category status_category(enum status status)
{
    return (size_t)status < STATUS_COUNT ? rows[status].category
                                         : CATEGORY_INTERNAL;
}

int status_exit_code(enum status status)
{
    switch (status_category(status)) {
    case CATEGORY_NONE: return 0;
    case CATEGORY_USAGE: return 2;
    case CATEGORY_DENIED: return 3;
    default: return 1;
    }
}
