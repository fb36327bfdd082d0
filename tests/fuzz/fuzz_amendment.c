#include "policy/amendment.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct amendment *amendment = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "fuzz");
    if (amendment_parse(&amendment, fuzz_view(data, size), &diagnostic) ==
        STATUS_OK) {
        REQUIRE(amendment->cohort_count >= 1);
        REQUIRE(amendment->cohort_count <= TERMS_AMENDED_MAX);
        for (size_t i = 0; i < amendment->cohort_count; i++)
            REQUIRE(amendment->cohorts[i].name[0] != '\0' &&
                    amendment->cohorts[i].where[0] != '\0');
    }
    amendment_destroy(amendment);
    return 0;
}
