#include "coordinator/client/result_rows.h"

#include <math.h>
#include <string.h>

#include "protocol/analysis/analysis.h"

static bool is_among(const char *key, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i], key) == 0)
            return true;
    }
    return false;
}

size_t result_keys(const json_t *rows, const char *const *skip,
    size_t skip_count, const char **keys, size_t capacity)
{
    size_t count = 0, at;
    json_t *row;
    json_array_foreach((json_t *)rows, at, row)
    {
        const char *key;
        json_t *value;
        json_object_foreach(row, key, value)
        {
            if (count < capacity && !json_is_array(value) &&
                !is_among(key, skip, skip_count) && !is_among(key, keys, count))
                keys[count++] = key;
        }
    }
    return count;
}

bool result_is_suppressed(const json_t *object)
{
    return json_is_true(json_object_get(object, "suppressed"));
}

bool result_is_fact(const char *key, const json_t *value)
{
    return strcmp(key, "analysis") != 0 && !json_is_array(value) &&
           (!json_is_object(value) || result_is_suppressed(value));
}

bool result_is_ratio(const char *key)
{
    return strstr(key, "_ratio") != NULL || strncmp(key, "ratio_", 6) == 0;
}

double result_number(const json_t *row, const char *key)
{
    const json_t *value = json_object_get(row, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *result_string(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));
    return text == NULL ? "" : text;
}

double result_level(const json_t *entry)
{
    const double level =
        result_number(json_object_get(entry, "parameters"), "level");
    return isnan(level) ? ANALYSIS_LEVEL : level;
}

const char *result_ratio_name(const json_t *entry)
{
    const char *link = result_string(entry, "link");
    if (strcmp(result_string(entry, "analysis"), "cox") == 0)
        return "hazard ratio";
    if (strcmp(result_string(entry, "analysis"), "glm") != 0)
        return NULL;
    if (strcmp(link, "logit") == 0)
        return "odds ratio";
    if (strcmp(link, "log") != 0)
        return NULL;
    if (strcmp(result_string(entry, "family"), "binomial") == 0)
        return "risk ratio";
    return strcmp(result_string(entry, "family"), "poisson") == 0
               ? "rate ratio"
               : "ratio of means";
}
