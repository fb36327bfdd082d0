#include "protocol/query/query.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t seconds, again;
    char *text = fuzz_text(data, size);
    if (time_parse(&seconds, text) == STATUS_OK) {
        char out[TIME_TEXT];
        time_text(out, seconds);
        REQUIRE(time_parse(&again, out) == STATUS_OK && again == seconds);
    }
    free(text);
    return 0;
}
