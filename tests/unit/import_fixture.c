#include "import_fixture.h"

#include <unistd.h>

struct importing importing;

static char csv_path[] = "/tmp/cohortium-import-XXXXXX";

int import_begin(const char *dictionary)
{
    int file = mkstemp(csv_path);
    close(file);
    diagnostic_init(&importing.diagnostic, "t");
    return file >= 0 && keys_start() == STATUS_OK &&
                   dictionary_parse(&importing.dictionary,
                       view_of_text(dictionary),
                       &importing.diagnostic) == STATUS_OK
               ? 0
               : -1;
}

int import_end(void **state)
{
    (void)state;
    unlink(csv_path);
    dictionary_destroy(importing.dictionary);
    return 0;
}

int open_store(void **state)
{
    (void)state;
    return store_open(&importing.store, ":memory:", importing.dictionary) ==
                   STATUS_OK
               ? 0
               : -1;
}

int close_store(void **state)
{
    (void)state;
    store_close(importing.store);
    return 0;
}

struct frame *frame_now(void)
{
    struct frame *frame = NULL;
    struct store_view now;
    assert_int_equal(store_view_now(importing.store, &now), STATUS_OK);
    assert_int_equal(
        frame_create(&frame, importing.dictionary, importing.store, &now),
        STATUS_OK);
    return frame;
}

enum status import_text(const char *text, const struct import_options *options,
    struct import_report *report)
{
    struct import_options dated = *options;
    FILE *file = fopen(csv_path, "w");
    fputs(text, file);
    fclose(file);
    diagnostic_init(&importing.diagnostic, "x.csv");
    dated.now = 1;
    return import_file(importing.store, importing.dictionary, csv_path, &dated,
        report, &importing.diagnostic);
}
