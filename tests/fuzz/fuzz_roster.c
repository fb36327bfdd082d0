#include "policy/roster.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct roster *roster = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "fuzz");
    if (roster_parse(&roster, fuzz_view(data, size), &diagnostic) == STATUS_OK)
        REQUIRE(roster->threshold <= roster->committee_count);
    else
        REQUIRE(diagnostic.message[0] != 0);
    roster_destroy(roster);
    return 0;
}
