#include "protocol/wire/json_text.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *value = NULL, *again = NULL;
    struct buffer text;
    if (json_text_parse(&value, fuzz_view(data, size), JSON_REJECT_DUPLICATES,
            NULL) != STATUS_OK)
        return 0;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    REQUIRE(json_text_append(&text, value,
                JSON_COMPACT | JSON_REAL_PRECISION(17)) == STATUS_OK);
    REQUIRE(json_text_parse(&again, buffer_view(&text), JSON_REJECT_DUPLICATES,
                NULL) == STATUS_OK);
    REQUIRE(json_equal(value, again));
    json_decref(value);
    json_decref(again);
    buffer_fini(&text);
    return 0;
}
