#include "node/import.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct store *store;
    struct import_report report;
    struct diagnostic diagnostic;
    const struct import_options options = {.dry_run = true};
    const char *path = fuzz_file(data, size, 0644);
    if (store == NULL)
        REQUIRE(store_open(&store, ":memory:", fuzz_dictionary()) == STATUS_OK);
    diagnostic_init(&diagnostic, "fuzz");
    enum status status = import_file(
        store, fuzz_dictionary(), path, &options, &report, &diagnostic);
    REQUIRE(status == STATUS_OK || diagnostic.message[0] != 0);
    import_report_fini(&report);
    return 0;
}
