#include "protocol/analysis/vector.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vector vector = {.length = 0};
    struct buffer bytes;
    const size_t length = size / VECTOR_ELEMENT_BYTES;
    const struct view told = fuzz_view(data, size);
    REQUIRE(vector_decode(&vector, length + 1, told) != STATUS_OK);
    enum status status = vector_decode(&vector, length, told);
    REQUIRE((status == STATUS_OK) == (size % VECTOR_ELEMENT_BYTES == 0) ||
            length == 0);
    if (status != STATUS_OK)
        return 0;
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    REQUIRE(vector_encode(&vector, &bytes) == STATUS_OK);
    REQUIRE(view_equal(buffer_view(&bytes), told));
    vector_fini(&vector);
    buffer_fini(&bytes);
    return 0;
}
