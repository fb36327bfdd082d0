#include "protocol/wire/keys.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct identity identity;
    if (identity_load(&identity, fuzz_file(data, size, 0644)) == STATUS_OK)
        REQUIRE(strlen(identity.name) <= NAME_MAX_BYTES);
    return 0;
}
