#include "coordinator/result_variables.h"

#include <stdlib.h>

#include "protocol/query/dictionary_words.h"

static void mark(void *used, size_t variable)
{
    ((bool *)used)[variable] = true;
}

json_t *result_variables(const struct plan *plan)
{
    const struct dictionary *dictionary = plan->dictionary;
    bool *used = calloc(dictionary->column_count + 1, sizeof *used);
    json_t *object = NULL;
    if (used != NULL) {
        plan_visit_variables(plan, mark, used);
        object = dictionary_words(dictionary, used);
    }
    free(used);
    return object;
}
