#include "policy/study.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct study *study = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "fuzz");
    if (study_parse(&study, fuzz_view(data, size), &diagnostic) == STATUS_OK)
        (void)study_check(study, fuzz_dictionary(), &diagnostic);
    else
        REQUIRE(diagnostic.message[0] != 0);
    study_destroy(study);
    return 0;
}
