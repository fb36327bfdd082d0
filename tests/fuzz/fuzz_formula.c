#include "protocol/query/formula.h"
#include "tests/fuzz/fuzz.h"

/* One center, two, or not known, by the first byte. */
static const struct center_list *choose_centers(
    const uint8_t *data, size_t size)
{
    static char names[2][NAME_MAX_BYTES + 1] = {"basel", "zurich"};
    static const struct center_list lists[] = {{1, names}, {2, names}};
    return size == 0 || data[0] % 3 == 2 ? NULL : &lists[data[0] % 3];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct formula *formula = NULL;
    struct formula_error error;
    char *text = fuzz_text(data, size);
    if (formula_parse(&formula, text, fuzz_dictionary(),
            choose_centers(data, size), &error) == STATUS_OK) {
        int32_t codes[128] = {70, 543, 0, 1, 1, VALUE_MISSING};
        REQUIRE(fuzz_dictionary()->column_count <= 128);
        for (size_t i = 0; i < formula->atom_count; i++) {
            const struct formula_atom *atom = &formula->atoms[i];
            if (atom->kind == ATOM_NUMBER)
                (void)formula_atom_value(atom, fuzz_dictionary(), codes);
            char level[512];
            if (atom->kind == ATOM_LEVELS)
                formula_level_text(atom, fuzz_dictionary(),
                    atom->level_count - 1, level, sizeof level);
        }
        formula_destroy(formula);
    } else {
        REQUIRE(error.offset <= strlen(text));
    }
    free(text);
    return 0;
}
