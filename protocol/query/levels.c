#include "protocol/query/levels.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

void levels_list(char *out, size_t capacity, const struct variable *variable)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < variable->category_count; i++) {
        const struct category *category = &variable->categories[i];
        const bool labelled = category->label != NULL &&
                              strcmp(category->label, category->code) != 0;
        const int size = snprintf(out + used, capacity - used, "%s%s%s%s",
            i == 0 ? "" : ", ", category->code, labelled ? " " : "",
            labelled ? category->label : "");
        if (size < 0 || used + (size_t)size + sizeof ", ..." > capacity) {
            snprintf(out + used, capacity - used, ", ...");
            return;
        }
        used += (size_t)size;
    }
}

static bool begins(const char *name, const char *text)
{
    return name != NULL && strncasecmp(name, text, strlen(text)) == 0;
}

const char *levels_begun(const struct variable *variable, const char *text)
{
    const char *found = NULL;
    for (size_t i = 0; text[0] != '\0' && i < variable->category_count; i++) {
        const struct category *category = &variable->categories[i];
        const char *hit = begins(category->label, text)  ? category->label
                          : begins(category->code, text) ? category->code
                                                         : NULL;
        if (hit != NULL && found != NULL)
            return NULL;
        found = hit != NULL ? hit : found;
    }
    return found;
}
