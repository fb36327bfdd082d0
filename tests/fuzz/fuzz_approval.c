#include "policy/study.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct approval approval;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "fuzz");
    if (approval_parse(&approval, fuzz_view(data, size), &diagnostic) ==
        STATUS_OK) {
        struct buffer text;
        struct approval again;
        buffer_init(&text, BUFFER_LIMIT_DEFAULT);
        REQUIRE(approval_write(&text, &approval, NULL) == STATUS_OK);
        REQUIRE(approval_parse(&again, buffer_view(&text), &diagnostic) ==
                STATUS_OK);
        buffer_fini(&text);
    }
    return 0;
}
