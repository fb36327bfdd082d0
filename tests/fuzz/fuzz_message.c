#include "protocol/wire/message.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct message message;
    struct buffer bytes;
    unsigned all = SENDER_CENTER | SENDER_COORDINATOR | SENDER_PERSON;
    if (message_decode(&message, fuzz_view(data, size), all) != STATUS_OK)
        return 0;
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    static struct message again;
    REQUIRE(message_encode(&message, &bytes) == STATUS_OK);
    REQUIRE(message_decode(&again, buffer_view(&bytes), all) == STATUS_OK);
    REQUIRE(again.type == message.type);
    REQUIRE(view_equal(again.vector, message.vector));
    REQUIRE(again.document_count == message.document_count);
    buffer_fini(&bytes);
    return 0;
}
