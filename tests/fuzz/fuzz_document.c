#include "protocol/query/document.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct document *document = NULL;
    struct diagnostic diagnostic;
    static const char *const keys[] = {"a", "b"};
    diagnostic_init(&diagnostic, "fuzz");
    if (document_parse(&document, fuzz_view(data, size), &diagnostic) !=
        STATUS_OK)
        return 0;
    struct field root = document_root(document), field;
    (void)field_expect_object(&root, keys, 2, &diagnostic);
    diagnostic_init(&diagnostic, "fuzz");
    if (field_find(&field, &root, "a")) {
        size_t count;
        const char *text;
        (void)field_text(&field, &text, 100, &diagnostic);
        if (field_array(&field, &count, 100, &diagnostic) == STATUS_OK &&
            count > 0) {
            struct field item = field_item(&field, count - 1);
            field_fail(&item, &diagnostic, "here");
        }
        diagnostic_init(&diagnostic, "fuzz");
        field_fail_inside(&field, 3, &diagnostic, "there");
    }
    document_destroy(document);
    return 0;
}
