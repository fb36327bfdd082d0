#include "protocol/query/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NAME_COMPARED_MAX 64

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Damerau-Levenshtein distance with adjacent transpositions (optimal string
 * alignment), three rows at a time. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][NAME_COMPARED_MAX + 1];
    size_t a_size = strlen(a), b_size = strlen(b);
    if (a_size > NAME_COMPARED_MAX || b_size > NAME_COMPARED_MAX)
        return NAME_COMPARED_MAX;
    for (size_t j = 0; j <= b_size; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t *now = rows[i % 3];
        const size_t *before = rows[(i + 2) % 3];
        const size_t *earlier = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t change = same_letter(a[i - 1], b[j - 1]) ? 0 : 1;
            now[j] =
                min3(before[j] + 1, now[j - 1] + 1, before[j - 1] + change);
            if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
                same_letter(a[i - 2], b[j - 1]) && earlier[j - 2] + 1 < now[j])
                now[j] = earlier[j - 2] + 1;
        }
    }
    return rows[a_size % 3][b_size];
}

static const char *find_misspelled(
    const char *name, const char *const *names, size_t count)
{
    /* Of one or two letters any other is near: only their case may differ. */
    const size_t size = strlen(name);
    size_t allowed = size < 3 ? 0 : size / 3;
    const char *nearest = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t found = distance(name, names[i]);
        if (found > allowed)
            continue;
        nearest = names[i];
        if (found == 0)
            break;
        allowed = found - 1;
    }
    return nearest;
}

/* Words of a name stand between anything that is no letter and no digit. */
static const char *next_word(const char *at, size_t *size)
{
    while (*at != '\0' && !isalnum((unsigned char)*at))
        at++;
    *size = 0;
    while (isalnum((unsigned char)at[*size]))
        (*size)++;
    return at;
}

static bool has_word(const char *name, const char *word, size_t word_size)
{
    size_t size;
    for (name = next_word(name, &size); size > 0;
         name = next_word(name + size, &size)) {
        if (size == word_size && strncasecmp(name, word, size) == 0)
            return true;
    }
    return false;
}

static bool has_words_of(const char *name, const char *other)
{
    size_t size;
    const char *word = next_word(other, &size);
    bool any = size > 0;
    for (; size > 0; word = next_word(word + size, &size)) {
        if (!has_word(name, word, size))
            return false;
    }
    return any;
}

/* The shortest that has every word of the name, in whatever order. */
static const char *find_by_words(
    const char *name, const char *const *names, size_t count)
{
    const char *found = NULL;
    for (size_t i = 0; i < count; i++) {
        if (has_words_of(names[i], name) &&
            /* NOLINTNEXTLINE(*-core.NonNullParamChecker): names are no NULL */
            (found == NULL || strlen(names[i]) < strlen(found)))
            found = names[i];
    }
    return found;
}

const char *nearest_name(
    const char *name, const char *const *names, size_t count)
{
    const char *found = find_misspelled(name, names, count);
    return found != NULL ? found : find_by_words(name, names, count);
}

const char *name_hint(char out[NAME_HINT_MAX], const char *near)
{
    out[0] = '\0';
    if (near != NULL)
        snprintf(out, NAME_HINT_MAX, "; did you mean '%s'?", near);
    return out;
}
