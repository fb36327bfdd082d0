#include "node/people.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/bits.h"

enum status people_init(struct people *people, uint32_t end)
{
    size_t word_count = (size_t)end / 64 + 1;
    *people = (struct people){.word_count = word_count,
        .words = calloc(word_count, sizeof *people->words)};
    return people->words == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

void people_fini(struct people *people)
{
    free(people->words);
    *people = (struct people){0};
}

static size_t least_words(const struct people *a, const struct people *b)
{
    return a->word_count < b->word_count ? a->word_count : b->word_count;
}

void people_count(struct people *people)
{
    people->count = bits_count(people->words, people->word_count);
}

uint64_t people_common(const struct people *a, const struct people *b)
{
    return bits_common(a->words, b->words, least_words(a, b));
}

/* With as many people as each other, and these in the words of both. */
bool people_equal(const struct people *a, const struct people *b)
{
    return a->count == b->count &&
           memcmp(a->words, b->words, least_words(a, b) * sizeof *a->words) ==
               0 &&
           people_common(a, b) == a->count;
}

void people_list(const struct people *people, uint32_t *numbers)
{
    for (size_t i = 0; i < people->word_count; i++) {
        for (uint64_t word = people->words[i]; word != 0; word &= word - 1)
            *numbers++ = (uint32_t)(i * 64) + (uint32_t)__builtin_ctzll(word);
    }
}
