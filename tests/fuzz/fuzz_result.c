/* A result as any coordinator may have signed it, or a person found it: as
 * tables, pictures, CSV and text. What is printed cannot steer a terminal. */
#include "coordinator/client/plot/plot.h"
#include "coordinator/client/result_export.h"
#include "coordinator/client/result_methods.h"
#include "coordinator/client/result_table.h"
#include "coordinator/client/result_words.h"
#include "protocol/wire/json_text.h"
#include "tests/fuzz/fuzz.h"

/* No control character but line feeds; and, in XML, DEL. */
static void check_text(struct view text, bool xml)
{
    for (size_t i = 0; i < text.size; i++) {
        const uint8_t c = text.data[i];
        REQUIRE(c >= 0x20 || c == '\n');
        REQUIRE(c != 0x7F || xml);
    }
}

static void print(const json_t *result)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    REQUIRE(out != NULL);
    (void)result_table_print(out, result, 0, NULL);
    fclose(out);
    check_text((struct view){(const uint8_t *)text, size}, false);
    free(text);
}

static void draw(const json_t *result, const json_t *entry)
{
    struct buffer out;
    buffer_init(&out, BUFFER_LIMIT_DEFAULT);
    if (plot_entry(&out, result, entry, CANVAS_SVG) == STATUS_OK)
        check_text(buffer_view(&out), true);
    buffer_fini(&out);
}

static void export_entry(const json_t *variables, const json_t *entry)
{
    const char *key;
    json_t *rows;
    json_object_foreach((json_t *)entry, key, rows)
    {
        struct buffer out;
        buffer_init(&out, BUFFER_LIMIT_DEFAULT);
        (void)result_export_table(&out, variables, entry, rows);
        buffer_fini(&out);
    }
}

static void export_methods(const json_t *result)
{
    struct buffer out;
    buffer_init(&out, BUFFER_LIMIT_DEFAULT);
    (void)result_methods(&out, result);
    buffer_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *result = NULL, *entry;
    size_t at;
    REQUIRE(keys_start() == STATUS_OK);
    if (json_text_parse(&result, fuzz_view(data, size), JSON_REJECT_DUPLICATES,
            NULL) != STATUS_OK)
        return 0;
    print(result);
    export_methods(result);
    const json_t *variables = words_of_result(result);
    json_array_foreach(json_object_get(result, "results"), at, entry)
    {
        draw(result, entry);
        export_entry(variables, entry);
    }
    json_decref(result);
    return 0;
}
