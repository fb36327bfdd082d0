#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "protocol/query/query.h"

/* Two or four digits as a number; -1 when they are not. */
static int digits(const char *at, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (!isdigit((unsigned char)at[i]))
            return -1;
        value = value * 10 + (at[i] - '0');
    }
    return value;
}

static bool shaped(const char *text, const char *shape)
{
    for (; *shape != '\0'; shape++, text++) {
        if (*shape == '0' ? !isdigit((unsigned char)*text) : *text != *shape)
            return false;
    }
    return *text == '\0';
}

enum status time_parse(int64_t *seconds, const char *text)
{
    bool with_time = shaped(text, "0000-00-00T00:00:00Z");
    if (!with_time && !shaped(text, "0000-00-00"))
        return STATUS_MALFORMED;
    struct tm parts = {.tm_year = digits(text, 4) - 1900,
        .tm_mon = digits(text + 5, 2) - 1,
        .tm_mday = digits(text + 8, 2)};
    if (with_time) {
        parts.tm_hour = digits(text + 11, 2);
        parts.tm_min = digits(text + 14, 2);
        parts.tm_sec = digits(text + 17, 2);
    }
    struct tm same = parts;
    *seconds = (int64_t)timegm(&same);
    /* timegm turns February 30 into March: no such date is accepted. */
    if (same.tm_year != parts.tm_year || same.tm_mon != parts.tm_mon ||
        same.tm_mday != parts.tm_mday || same.tm_hour != parts.tm_hour ||
        same.tm_min != parts.tm_min || same.tm_sec != parts.tm_sec ||
        parts.tm_year < 70)
        return STATUS_OUT_OF_RANGE;
    return STATUS_OK;
}

void time_text(char out[TIME_TEXT], int64_t seconds)
{
    time_t when = (time_t)seconds;
    struct tm parts;
    if (gmtime_r(&when, &parts) == NULL || parts.tm_year > 8099 ||
        parts.tm_year < 0) {
        snprintf(out, TIME_TEXT, "?");
        return;
    }
    strftime(out, TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &parts);
}
