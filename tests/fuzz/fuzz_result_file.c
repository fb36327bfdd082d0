#include "policy/result_file.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct envelope *envelope = NULL;
    struct buffer text;
    if (result_file_read(&envelope, fuzz_view(data, size)) != STATUS_OK)
        return 0;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    REQUIRE(result_file_write(&text, envelope) == STATUS_OK);
    envelope_destroy(envelope);
    buffer_fini(&text);
    return 0;
}
