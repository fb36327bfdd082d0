#include "protocol/query/decimal.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct decimal value, step = {1, -1};
    int32_t code;
    bool exact;
    char text[DECIMAL_TEXT];
    if (decimal_parse(&value, (const char *)data, size) != STATUS_OK)
        return 0;
    if (decimal_divide(&code, &exact, value, step) == STATUS_OK && exact) {
        struct decimal again;
        int32_t same;
        decimal_multiple_text(text, code, step);
        REQUIRE(decimal_parse(&again, text, strlen(text)) == STATUS_OK);
        REQUIRE(decimal_divide(&same, &exact, again, step) == STATUS_OK);
        REQUIRE(same == code && exact);
    }
    decimal_multiple_text(text, 7, value);
    return 0;
}
