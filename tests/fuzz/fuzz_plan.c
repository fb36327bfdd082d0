#include "policy/disclosure.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* text of a query, a zero byte, then a vector that a center may send */
    struct query *query = NULL;
    struct plan *plan = NULL;
    struct diagnostic diagnostic;
    const uint8_t *end = memchr(data, 0, size);
    size_t text_size = end == NULL ? size : (size_t)(end - data);
    diagnostic_init(&diagnostic, "fuzz");
    if (query_parse(&query, fuzz_view(data, text_size), fuzz_dictionary(),
            &diagnostic) == STATUS_OK &&
        plan_create(&plan, query, fuzz_dictionary(), &diagnostic) ==
            STATUS_OK) {
        struct vector vector;
        json_t *results = NULL;
        REQUIRE(vector_init(&vector, plan->vector_length) == STATUS_OK);
        size_t left = end == NULL ? 0 : size - text_size - 1;
        for (size_t i = 0; i < left && i < vector.length; i++) {
            /* NOLINTNEXTLINE(*-signed-char-misuse,cert-str34-c): of any sign */
            vector.elements[i] = (int8_t)end[1 + i];
        }
        if (plan_check_vector(plan, &vector) == STATUS_OK)
            REQUIRE(plan_finish(plan, &vector, left % 2 ? 1 : 11, &results) ==
                    STATUS_OK);
        json_decref(results);
        vector_fini(&vector);
    }
    plan_destroy(plan);
    query_destroy(query);
    return 0;
}
