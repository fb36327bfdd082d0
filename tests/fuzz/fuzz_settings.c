#include "node/config.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config config;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "fuzz");
    if (settings_parse(&node_settings, &config, fuzz_view(data, size),
            &diagnostic) == STATUS_OK)
        REQUIRE(config.threads >= 1);
    else
        REQUIRE(diagnostic.message[0] != 0);
    return 0;
}
