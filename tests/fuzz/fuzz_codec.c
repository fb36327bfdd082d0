#include "protocol/wire/codec.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct codec_reader reader;
    size_t count;
    uint64_t number;
    int64_t integer;
    bool flag;
    struct view bytes;
    char text[32];
    codec_reader_init(&reader, fuzz_view(data, size));
    codec_read_array(&reader, &count, 64);
    for (size_t i = 0; i < count; i++) {
        struct codec_reader at = reader;
        if (codec_read_uint(&at, &number, UINT64_MAX) != STATUS_OK) {
            at = reader;
            if (codec_read_int(&at, &integer) != STATUS_OK) {
                at = reader;
                if (codec_read_bool(&at, &flag) != STATUS_OK) {
                    at = reader;
                    if (codec_read_bytes(&at, &bytes, 1000) != STATUS_OK) {
                        at = reader;
                        codec_read_text(&at, text, sizeof text);
                    }
                }
            }
        }
        reader = at;
    }
    codec_read_end(&reader);
    return 0;
}
