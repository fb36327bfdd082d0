#include "protocol/analysis/donors.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "protocol/analysis/tally.h"
#include "protocol/wire/little.h"

/* So many tries miss all rows with a value only where these are few among the
 * numbers: then the next one by number is taken. */
#define TRIES_MAX 4096

struct numbered {
    uint64_t number;
    size_t row;
};

struct donors {
    const struct rows *rows;
    const struct dictionary *dictionary;
    const struct donor_lot *lot;
    struct numbered *order; /* [rows->count] by number */
};

static int by_number(const void *a, const void *b)
{
    const uint64_t x = ((const struct numbered *)a)->number;
    const uint64_t y = ((const struct numbered *)b)->number;
    return (x > y) - (x < y);
}

enum status donors_create(struct donors **out, const struct rows *rows,
    const struct dictionary *dictionary, const struct donor_lot *lot)
{
    struct donors *donors = calloc(1, sizeof *donors);
    *out = donors;
    if (donors == NULL)
        return STATUS_NO_MEMORY;
    *donors = (struct donors){.rows = rows,
        .dictionary = dictionary,
        .lot = lot,
        .order = calloc(rows->count + 1, sizeof *donors->order)};
    if (donors->order == NULL) {
        free(donors);
        *out = NULL;
        return STATUS_NO_MEMORY;
    }
    bool rises = true;
    for (size_t i = 0; i < rows->count; i++) {
        rises = rises && (i == 0 || lot->numbers[i] > lot->numbers[i - 1]);
        donors->order[i] = (struct numbered){lot->numbers[i], i};
    }
    if (!rises)
        qsort(donors->order, rows->count, sizeof *donors->order, by_number);
    return STATUS_OK;
}

void donors_destroy(struct donors *donors)
{
    if (donors != NULL)
        free(donors->order);
    free(donors);
}

/* The first place in the order with this number or a higher one. */
static size_t place_of(const struct donors *donors, uint64_t number)
{
    size_t low = 0, high = donors->rows->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (donors->order[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint64_t lowest_of_patient(const struct donors *donors, size_t row)
{
    const struct rows *rows = donors->rows;
    const uint64_t *numbers = donors->lot->numbers;
    uint64_t lowest = numbers[row];
    if (rows->patients == NULL)
        return lowest;
    for (size_t i = row; i > 0 && rows->patients[i - 1] == rows->patients[row];
         i--)
        lowest = numbers[i - 1] < lowest ? numbers[i - 1] : lowest;
    for (size_t i = row + 1;
         i < rows->count && rows->patients[i] == rows->patients[row]; i++)
        lowest = numbers[i] < lowest ? numbers[i] : lowest;
    return lowest;
}

/* One of the numbers 0 .. end - 1. */
static uint64_t draw(const struct donor_lot *lot, const char *name,
    uint64_t number, uint64_t turn, uint64_t end)
{
    static const char label[] = "cohortium-donor-1";
    uint8_t fixed[24], hash[32];
    uint64_t drawn = 0;
    crypto_generichash_state state;
    little_put(fixed, lot->freeze, 8);
    little_put(fixed + 8, number, 8);
    little_put(fixed + 16, turn, 8);
    crypto_generichash_init(&state, lot->key, DONOR_KEY_BYTES, sizeof hash);
    crypto_generichash_update(&state, (const uint8_t *)label, sizeof label - 1);
    crypto_generichash_update(&state, fixed, sizeof fixed);
    crypto_generichash_update(&state, (const uint8_t *)name, strlen(name));
    crypto_generichash_final(&state, hash, sizeof hash);
    for (size_t i = 0; i < 8; i++)
        drawn |= (uint64_t)hash[i] << 8 * i;
    return (uint64_t)((unsigned __int128)drawn * end >> 64);
}

size_t donors_find_among(const struct donors *donors, size_t column, size_t row,
    donor_takes *takes, const void *arg)
{
    const struct variable *variables = donors->dictionary->variables;
    const struct variable *variable = &variables[variables[column].owner];
    const size_t count = donors->rows->count;
    const uint64_t number = variable->entity == ENTITY_PATIENT
                                ? lowest_of_patient(donors, row)
                                : donors->lot->numbers[row];
    size_t place = 0;
    for (uint64_t turn = 0; turn < TRIES_MAX; turn++) {
        const uint64_t drawn =
            draw(donors->lot, variable->name, number, turn, donors->lot->end);
        place = place_of(donors, drawn);
        if (place < count && donors->order[place].number == drawn &&
            takes(arg, donors->order[place].row))
            return donors->order[place].row;
    }
    for (size_t i = 0; i < count; i++) {
        const size_t next = donors->order[(place + i) % count].row;
        if (takes(arg, next))
            return next;
    }
    return SIZE_MAX;
}

static bool has_value(const void *arg, size_t row)
{
    int32_t code;
    column_read(arg, row, 1, &code);
    return code != VALUE_MISSING;
}

size_t donors_find(const struct donors *donors, size_t column, size_t row)
{
    return donors_find_among(
        donors, column, row, has_value, &donors->rows->columns[column]);
}
