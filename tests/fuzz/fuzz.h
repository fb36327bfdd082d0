/*
 * fuzz: what the targets share. Each decodes bytes from anywhere; none may
 * crash, leak or read past the end, whatever the bytes are.
 */
#ifndef COHORTIUM_TESTS_FUZZ_FUZZ_H
#define COHORTIUM_TESTS_FUZZ_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol/query/diagnostic.h"
#include "protocol/query/dictionary.h"
#include "protocol/wire/keys.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                     \
    do {                                                                       \
        if (!(condition))                                                      \
            abort();                                                           \
    } while (0)

static inline struct view fuzz_view(const uint8_t *data, size_t size)
{
    return (struct view){data, size};
}

/* The input as text; caller frees. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    REQUIRE(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

/* A small dictionary with every type. */
static inline const struct dictionary *fuzz_dictionary(void)
{
    static struct dictionary *dictionary;
    static const char text[] =
        "{\"id\":\"fuzz\",\"version\":1,\"variables\":["
        "{\"name\":\"age\",\"type\":\"integer\",\"unit\":\"a\",\"min\":0,"
        "\"max\":120},"
        "{\"name\":\"lvef\",\"type\":\"real\",\"resolution\":0.1,\"min\":0,"
        "\"max\":100,\"unit\":\"%\",\"missing\":[\"-9\"]},"
        "{\"name\":\"sex\",\"type\":\"category\",\"categories\":["
        "{\"code\":\"F\",\"label\":\"female\"},{\"code\":\"M\"}]},"
        "{\"name\":\"mi\",\"type\":\"boolean\"},"
        "{\"name\":\"old\",\"type\":\"boolean\",\"derived\":\"age > 65\"},"
        "{\"name\":\"followup\",\"type\":\"days\",\"knots\":[30,365,3650]},"
        "{\"name\":\"shape\",\"type\":\"vector\",\"length\":3,"
        "\"resolution\":0.01,\"min\":-60,\"max\":60},"
        "{\"name\":\"mesh\",\"type\":\"vector\",\"length\":66,"
        "\"resolution\":1}],"
        "\"plausible\":[\"lvef <= age\",\"shape[1] < followup / 10\"]}";
    if (dictionary == NULL) {
        struct diagnostic diagnostic;
        diagnostic_init(&diagnostic, "fuzz");
        REQUIRE(keys_start() == STATUS_OK);
        REQUIRE(dictionary_parse(
                    &dictionary, view_of_text(text), &diagnostic) == STATUS_OK);
    }
    return dictionary;
}

/* Writes the input to a file that is made once; its path. */
static inline const char *fuzz_file(const uint8_t *data, size_t size, int mode)
{
    static char path[64];
    if (path[0] == '\0')
        snprintf(path, sizeof path, "/tmp/cohortium-fuzz-%d", (int)getpid());
    FILE *file = fopen(path, "wb");
    REQUIRE(file != NULL);
    fwrite(data, 1, size, file);
    fclose(file);
    REQUIRE(chmod(path, (mode_t)mode) == 0);
    return path;
}

#endif
