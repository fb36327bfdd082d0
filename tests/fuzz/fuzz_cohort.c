#include "protocol/query/cohort.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cohort *cohort = NULL;
    struct cohort_error error;
    char *text = fuzz_text(data, size);
    if (cohort_parse(&cohort, text, fuzz_dictionary(), &error) == STATUS_OK) {
        int32_t codes[6] = {70, 543, 0, 1, 1, VALUE_MISSING};
        (void)cohort_contains(cohort, codes);
        REQUIRE(cohort_implies(cohort, cohort) || size > 200);
        cohort_destroy(cohort);
    } else {
        REQUIRE(error.offset <= strlen(text));
    }
    free(text);
    return 0;
}
