#include "protocol/wire/keys.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct keypair *keys = NULL;
    const char *path = fuzz_file(data, size, 0600);
    REQUIRE(keys_start() == STATUS_OK);
    if (keypair_load(&keys, path, NULL) == STATUS_OK)
        REQUIRE(keypair_identity(keys)->name[0] != 0);
    keypair_destroy(keys);
    return 0;
}
