/* The first byte says how far a session has come; the rest is what a
 * coordinator says to a member then, and a member to the collector. Nothing
 * made up is taken but shares: they are of secret numbers, which any number
 * can be, and are tried when all are there. */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/masking_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct crowd crowd;
    if (size == 0)
        return 0;
    REQUIRE(keys_start() == STATUS_OK);
    crowd_init(&crowd, 3, 2, 3);
    for (int i = 0; i < data[0] % COLLECT_ROUND; i++)
        REQUIRE(crowd_step(&crowd) == STATUS_OK);
    enum collector_step step = collector_step(crowd.collector);
    const struct view body = fuzz_view(data + 1, size - 1);
    struct buffer out;
    buffer_init(&out, BUFFER_LIMIT_DEFAULT);
    if (step != COLLECT_KEYS && step <= COLLECT_REVEALS)
        REQUIRE(crowd_answer(step, crowd.members[0], body, &crowd.vectors[0],
                    &out) != STATUS_OK);
    REQUIRE(collector_take(crowd.collector, 1, body, body) != STATUS_OK ||
            step == COLLECT_REVEALS);
    buffer_fini(&out);
    crowd_fini(&crowd);
    return 0;
}
