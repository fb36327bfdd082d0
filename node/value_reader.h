/*
 * value_reader: variable_read_value for millions of cells. Short forms (a
 * plain decimal, a category of one letter) are read without looking anything
 * up; every other text takes the long way, with the same outcome.
 */
#ifndef COHORTIUM_NODE_VALUE_READER_H
#define COHORTIUM_NODE_VALUE_READER_H

#include "protocol/query/dictionary.h"

#define VALUE_READER_MISSING_MAX 32

struct value_reader {
    const struct variable *variable;
    int decimals; /* digits after the point of the resolution; -1: long way */
    size_t missing_count;
    int32_t missing[VALUE_READER_MISSING_MAX]; /* codes that mean missing */
    bool by_letter;
    int32_t letters[256]; /* code of a text of one byte */
    uint8_t letter_verdicts[256];
};

void value_reader_init(
    struct value_reader *reader, const struct variable *variable);
enum value_verdict value_reader_read(const struct value_reader *reader,
    const char *text, size_t size, int32_t *code);

#endif
