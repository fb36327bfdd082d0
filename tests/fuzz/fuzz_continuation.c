#include "policy/continuation.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct continuation continuation, again;
    struct buffer text;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "fuzz");
    if (continuation_parse(&continuation, fuzz_view(data, size), &diagnostic) !=
        STATUS_OK)
        return 0;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    REQUIRE(continuation_write(&text, &continuation, NULL) == STATUS_OK);
    REQUIRE(continuation_parse(&again, buffer_view(&text), &diagnostic) ==
            STATUS_OK);
    REQUIRE(again.seen == continuation.seen && again.date == continuation.date);
    buffer_fini(&text);
    return 0;
}
