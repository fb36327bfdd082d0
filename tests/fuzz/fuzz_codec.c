#include "protocol/wire/codec.h"
#include "tests/fuzz/fuzz.h"

/* Whatever it is, by the first reader that takes it. */
static void read_any(struct codec_reader *reader)
{
    const struct codec_reader start = *reader;
    uint64_t number;
    int64_t integer;
    bool flag;
    struct view bytes;
    char text[32];
    if (codec_read_uint(reader, &number, UINT64_MAX) == STATUS_OK)
        return;
    *reader = start;
    if (codec_read_int(reader, &integer) == STATUS_OK)
        return;
    *reader = start;
    if (codec_read_bool(reader, &flag) == STATUS_OK)
        return;
    *reader = start;
    if (codec_read_bytes(reader, &bytes, 1000) == STATUS_OK)
        return;
    *reader = start;
    codec_read_text(reader, text, sizeof text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct codec_reader reader;
    size_t count;
    codec_reader_init(&reader, fuzz_view(data, size));
    codec_read_array(&reader, &count, 64);
    for (size_t i = 0; i < count; i++)
        read_any(&reader);
    codec_read_end(&reader);
    return 0;
}
