#include "policy/admission.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct session_header *header = NULL, *again = NULL;
    struct diagnostic diagnostic;
    struct buffer text;
    diagnostic_init(&diagnostic, "fuzz");
    if (session_header_parse(&header, fuzz_view(data, size), &diagnostic) !=
        STATUS_OK)
        return 0;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    REQUIRE(session_header_write(&text, header) == STATUS_OK);
    REQUIRE(session_header_parse(&again, buffer_view(&text), &diagnostic) ==
            STATUS_OK);
    REQUIRE(again->center_count == header->center_count);
    session_header_destroy(header);
    session_header_destroy(again);
    buffer_fini(&text);
    return 0;
}
