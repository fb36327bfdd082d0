#include "policy/opt_in.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct opt_in opt_in, again;
    struct diagnostic diagnostic;
    struct buffer text;
    diagnostic_init(&diagnostic, "fuzz");
    if (opt_in_parse(&opt_in, fuzz_view(data, size), &diagnostic) !=
        STATUS_OK) {
        REQUIRE(diagnostic.message[0] != 0);
        return 0;
    }
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    REQUIRE(opt_in_write(&text, &opt_in) == STATUS_OK);
    REQUIRE(opt_in_parse(&again, buffer_view(&text), &diagnostic) == STATUS_OK);
    REQUIRE(again.in == opt_in.in && again.sequence == opt_in.sequence &&
            again.date == opt_in.date);
    buffer_fini(&text);
    return 0;
}
