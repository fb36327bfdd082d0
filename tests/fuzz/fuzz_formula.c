#include "protocol/query/formula.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct formula *formula = NULL;
    struct formula_error error;
    char *text = fuzz_text(data, size);
    if (formula_parse(&formula, text, fuzz_dictionary(), &error) == STATUS_OK) {
        int32_t codes[6] = {70, 543, 0, 1, 1, VALUE_MISSING};
        for (size_t i = 0; i < formula->atom_count; i++) {
            const struct formula_atom *atom = &formula->atoms[i];
            if (atom->kind == ATOM_NUMBER)
                (void)formula_atom_value(atom, fuzz_dictionary(), codes);
        }
        formula_destroy(formula);
    } else {
        REQUIRE(error.offset <= strlen(text));
    }
    free(text);
    return 0;
}
