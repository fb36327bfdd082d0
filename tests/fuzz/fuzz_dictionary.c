#include "protocol/query/derivation.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dictionary *dictionary = NULL;
    struct diagnostic diagnostic;
    static int32_t codes[DICTIONARY_VARIABLES_MAX + DICTIONARY_ELEMENTS_MAX];
    diagnostic_init(&diagnostic, "fuzz");
    if (dictionary_parse(&dictionary, fuzz_view(data, size), &diagnostic) !=
        STATUS_OK) {
        REQUIRE(diagnostic.message[0] != 0);
        return 0;
    }
    for (size_t i = 0; i < dictionary->variable_count; i++)
        variable_read_value(&dictionary->variables[i], "12.5", 4, &codes[i]);
    for (size_t i = 0; i < dictionary->variable_count; i++) {
        const struct variable *vector = &dictionary->variables[i];
        struct view bad;
        size_t element;
        if (vector->length > 0)
            variable_read_vector(dictionary, i, view_of_text("12.5; 1 2"),
                codes + vector->first_element, &element, &bad);
    }
    dictionary_derive_row(dictionary, codes);
    dictionary_destroy(dictionary);
    return 0;
}
