/*
 * dictionary_words: a dictionary's words for its variables as JSON, for people
 * who read names and codes without a dictionary at hand.
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_DICTIONARY_WORDS_H
#define COHORTIUM_PROTOCOL_QUERY_DICTIONARY_WORDS_H

#include "protocol/query/dictionary.h"

/* {"sex": {"label": "Sex", "type": "category", "levels": {"1": "Male", ...}},
 *  "lvef": {"label": "LV ejection fraction", "type": "real", "unit": "%"},
 *  "old_or_ill": {"label": "Old or ill", "type": "boolean", "where": "..."}}
 * in the dictionary's order, what a study derives behind it. "levels" is code
 * to label, the reference first; a boolean has none. used[column_count]: which
 * of the dictionary's; NULL: all that it names. A new reference; NULL without
 * memory. */
json_t *dictionary_words(const struct dictionary *dictionary, const bool *used);

#endif
