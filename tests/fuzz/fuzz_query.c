#include "protocol/query/query.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct query *query = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "fuzz");
    enum status status = query_parse(
        &query, fuzz_view(data, size), fuzz_dictionary(), &diagnostic);
    REQUIRE(status == STATUS_OK || diagnostic.message[0] != 0);
    query_destroy(query);
    return 0;
}
