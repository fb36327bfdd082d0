#include "coordinator/client/result_rows.h"

#include <string.h>

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
