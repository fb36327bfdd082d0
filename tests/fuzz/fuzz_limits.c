#include "policy/limits.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct document *document = NULL;
    struct diagnostic diagnostic;
    struct limits limits, both;
    diagnostic_init(&diagnostic, "fuzz");
    if (document_parse(&document, fuzz_view(data, size), &diagnostic) !=
        STATUS_OK)
        return 0;
    struct field root = document_root(document);
    if (limits_parse(&limits, &root, &diagnostic) == STATUS_OK) {
        limits_stricter(&both, &limits, &limits);
        REQUIRE(both.min_cell == limits.min_cell);
    }
    document_destroy(document);
    return 0;
}
