#include "coordinator/client/study_words.h"

#include "coordinator/client/result_words.h"
#include "protocol/query/dictionary_words.h"

static void print_line(FILE *out, const json_t *variables, const char *name,
    const char *title, const char *where)
{
    struct words words = {0};
    words_add_cohort(&words, variables, where);
    fprintf(out, "  %-24s %s%s%s\n", name, title == NULL ? "" : title,
        title == NULL ? "" : ": ", words.size == 0 ? "everybody" : words.text);
}

enum status study_print_cohorts(
    FILE *out, const struct study *study, const struct dictionary *dictionary)
{
    const struct terms *terms = &study->terms;
    json_t *variables = NULL;
    if (dictionary != NULL) {
        struct dictionary of_study = *dictionary;
        of_study.terms = terms;
        variables = dictionary_words(&of_study, NULL);
        if (variables == NULL)
            return STATUS_NO_MEMORY;
    }
    fprintf(out, "cohorts%s\n",
        terms->exploration ? ", and others that a query brings (exploration)"
                           : "");
    print_line(out, variables, "(the whole)", NULL, terms->whole);
    for (size_t i = 0; i < terms->cohort_count; i++)
        print_line(out, variables, terms->cohorts[i].name,
            terms->cohorts[i].title, terms->cohorts[i].where);
    if (terms->derived_count > 0)
        fprintf(out, "derived for them\n");
    for (size_t i = 0; i < terms->derived_count; i++)
        print_line(out, variables, terms->derived[i].name,
            terms->derived[i].label, terms->derived[i].where);
    json_decref(variables);
    return STATUS_OK;
}
