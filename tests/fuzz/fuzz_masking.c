/* A coordinator's first word to a member, and members' words to a collector:
 * bytes that nobody signed. Nothing of it may be believed, or break. */
#include "protocol/masking/collector.h"
#include "protocol/masking/member.h"
#include "tests/fuzz/fuzz.h"

#define CENTERS 4

static struct keypair *keys[CENTERS];
static struct masking_party parties[CENTERS];
static struct masking_terms terms = {
    .min_centers = 3, .party_count = CENTERS, .parties = parties};

static void set_up(void)
{
    REQUIRE(keys_start() == STATUS_OK);
    for (uint32_t i = 0; i < CENTERS; i++) {
        REQUIRE(keypair_create(&keys[i], "center") == STATUS_OK);
        parties[i] =
            (struct masking_party){i + 1, keypair_identity(keys[i])->sign};
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct member *member;
    struct collector *collector;
    struct buffer out;
    const struct view bytes = {data, size};
    if (keys[0] == NULL)
        set_up();
    buffer_init(&out, BUFFER_LIMIT_DEFAULT);
    REQUIRE(member_create(&member, &terms, 1, keys[0]) == STATUS_OK);
    REQUIRE(collector_create(&collector, &terms, 2) == STATUS_OK);
    REQUIRE(member_take_peers(member, bytes, &out) != STATUS_OK);
    REQUIRE(out.size == 0);
    REQUIRE(member_take_sealed(member, bytes) == STATUS_NOT_ALLOWED);
    REQUIRE(member_take_votes(member, bytes, &out) == STATUS_NOT_ALLOWED);
    for (uint32_t i = 0; i <= CENTERS + 1; i++)
        REQUIRE(collector_take(collector, i, bytes, bytes) != STATUS_OK);
    REQUIRE(collector_close_step(collector) == STATUS_TOO_FEW_CENTERS);
    member_destroy(member);
    collector_destroy(collector);
    buffer_fini(&out);
    return 0;
}
