/* The quick reader of an import's cells against the one that it stands for. */
#include "node/value_reader.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct dictionary *dictionary = fuzz_dictionary();
    if (size == 0)
        return 0;
    const struct variable *variable =
        &dictionary->variables[data[0] % dictionary->variable_count];
    if (variable->type == VARIABLE_VECTOR)
        return 0;
    struct value_reader reader;
    int32_t quick = 0, slow = 0;
    char *text = fuzz_text(data + 1, size - 1);
    value_reader_init(&reader, variable);
    enum value_verdict a = value_reader_read(&reader, text, size - 1, &quick);
    enum value_verdict b = variable_read_value(variable, text, size - 1, &slow);
    REQUIRE(a == b && quick == slow);
    free(text);
    return 0;
}
