#include "protocol/query/diagnostic.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NAME_COMPARED_MAX 64

void diagnostic_init(struct diagnostic *diagnostic, const char *file)
{
    memset(diagnostic, 0, sizeof *diagnostic);
    snprintf(diagnostic->file, sizeof diagnostic->file, "%s", file);
}

void diagnostic_set(struct diagnostic *diagnostic, size_t line, size_t column,
    const char *format, ...)
{
    if (diagnostic->message[0] != '\0')
        return;
    diagnostic->line = line;
    diagnostic->column = column;
    va_list list;
    va_start(list, format);
    vsnprintf(diagnostic->message, sizeof diagnostic->message, format, list);
    va_end(list);
}

void diagnostic_text(
    char *out, size_t capacity, const struct diagnostic *diagnostic)
{
    char place[320] = "";
    if (diagnostic->file[0] != '\0' && diagnostic->line > 0)
        snprintf(place, sizeof place, "%s:%zu:%zu: ", diagnostic->file,
            diagnostic->line, diagnostic->column);
    else if (diagnostic->file[0] != '\0')
        snprintf(place, sizeof place, "%s: ", diagnostic->file);
    snprintf(out, capacity, "%s%s", place, diagnostic->message);
}

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

const char *nearest_name(
    const char *name, const char *const *names, size_t count)
{
    size_t allowed = strlen(name) / 3 > 1 ? strlen(name) / 3 : 1;
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

const char *name_hint(char out[NAME_HINT_MAX], const char *near)
{
    out[0] = '\0';
    if (near != NULL)
        snprintf(out, NAME_HINT_MAX, "; did you mean '%s'?", near);
    return out;
}
