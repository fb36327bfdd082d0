#include "node/import.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct import_report report;
    struct diagnostic diagnostic;
    const struct import_options options = {.dry_run = true};
    const char *path = fuzz_file(data, size, 0644);
    diagnostic_init(&diagnostic, "fuzz");
    enum status status = import_file(
        NULL, fuzz_dictionary(), path, &options, 0, &report, &diagnostic);
    REQUIRE(status == STATUS_OK || diagnostic.message[0] != 0);
    import_report_fini(&report);
    return 0;
}
