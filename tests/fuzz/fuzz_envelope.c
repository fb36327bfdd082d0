#include "protocol/wire/envelope.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct envelope *envelope = NULL, *again = NULL;
    struct buffer text;
    if (envelope_decode(&envelope, fuzz_view(data, size)) != STATUS_OK)
        return 0;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    REQUIRE(envelope_encode(envelope, &text) == STATUS_OK);
    REQUIRE(envelope_decode(&again, buffer_view(&text)) == STATUS_OK);
    REQUIRE(view_equal(
        buffer_view(&envelope->payload), buffer_view(&again->payload)));
    REQUIRE(envelope->signature_count == again->signature_count);
    for (size_t i = 0; i < envelope->signature_count; i++) {
        REQUIRE(
            envelope_verify(
                envelope, envelope->type, &envelope->signatures[i].signer) ==
            envelope_verify(again, again->type, &again->signatures[i].signer));
    }
    envelope_destroy(envelope);
    envelope_destroy(again);
    buffer_fini(&text);
    return 0;
}
