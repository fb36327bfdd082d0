/*
 * Answers what span_values.py asks on standard input, a line a word:
 *   new UNIT K            an empty memory
 *   ask W SHARED...       prints how the set is answered, and remembers it
 *                         where the answer is exact
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/span.h"

static void print_decision(const struct span_decision *decision)
{
    static const char *const names[] = {
        [SPAN_FEW] = "few", [SPAN_COMBINE] = "combine", [SPAN_EXACT] = "exact"};
    printf("%s %d %" PRId64, names[decision->answer], decision->is_set,
        decision->difference);
    for (size_t i = 0; i < decision->term_count; i++)
        printf(" %zu:%d", decision->terms[i].anchor,
            decision->terms[i].coefficient);
    printf("\n");
}

static bool read_numbers(char *text, int64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *end;
        numbers[i] = strtoll(text, &end, 10);
        if (end == text)
            return false;
        text = end;
    }
    return strtok(text, " \n") == NULL;
}

static bool ask(struct span *span, int64_t people, char *text)
{
    static int64_t numbers[SPAN_ANCHORS_MAX + 1];
    struct span_decision decision;
    if (!read_numbers(text, numbers, span_count(span) + 1) ||
        span_decide(span, people, numbers[0], numbers + 1, &decision) != STATUS_OK)
        return false;
    print_decision(&decision);
    return decision.answer != SPAN_EXACT ||
           span_add(span, numbers[0], numbers + 1) == STATUS_OK;
}

static bool begin(struct span **span, int64_t *people, char *text)
{
    int64_t numbers[2];
    span_destroy(*span);
    *span = NULL;
    if (!read_numbers(text, numbers, 2))
        return false;
    *people = numbers[1];
    return span_create(span, numbers[0]) == STATUS_OK;
}

int main(void)
{
    struct span *span = NULL;
    char *line = NULL;
    size_t room = 0;
    int64_t people = 1;
    bool fine = true;
    while (fine && getline(&line, &room, stdin) > 4) {
        if (memcmp(line, "new ", 4) == 0)
            fine = begin(&span, &people, line + 4);
        else
            fine = span != NULL && memcmp(line, "ask ", 4) == 0 &&
                   ask(span, people, line + 4);
    }
    span_destroy(span);
    free(line);
    return fine ? 0 : 1;
}
