#include "node/remembered.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "node/people_box.h"
#include "node/remembered_internal.h"
#include "protocol/analysis/donors.h"

/* ---- arrangements ---- */

void arrangement_release(struct arrangement *arrangement)
{
    if (arrangement == NULL || --arrangement->holders > 0)
        return;
    for (size_t i = 0; i < arrangement->count; i++)
        free(arrangement->bits[i]);
    free(arrangement->bits);
    free(arrangement->places);
    row_order_fini(&arrangement->order);
    free(arrangement);
}

static enum status number_rows(
    struct arrangement *arrangement, const struct frame *frame)
{
    const uint32_t *numbers = frame_numbers(frame);
    const size_t end = frame_number_end(frame);
    arrangement->places = malloc((end + 1) * sizeof(uint32_t));
    if (arrangement->places == NULL)
        return STATUS_NO_MEMORY;
    memset(arrangement->places, 0xFF, (end + 1) * sizeof(uint32_t));
    for (size_t i = 0; i < arrangement->row_count; i++)
        arrangement->places[numbers[i]] = (uint32_t)i;
    arrangement->number_end = (uint32_t)end;
    return STATUS_OK;
}

static enum status arrange(struct arrangement **out, const struct frame *frame)
{
    const struct rows *rows = frame_rows(frame);
    struct arrangement *arrangement = calloc(1, sizeof *arrangement);
    if (arrangement == NULL)
        return STATUS_NO_MEMORY;
    arrangement->holders = 1;
    arrangement->view = *frame_view(frame);
    arrangement->row_count = rows->count;
    enum status status = row_order_init(&arrangement->order, rows);
    if (status == STATUS_OK)
        status = number_rows(arrangement, frame);
    if (status != STATUS_OK) {
        arrangement_release(arrangement);
        return status;
    }
    *out = arrangement;
    return STATUS_OK;
}

/* Rows that are in no frame any more are left out: what they weigh is missing
 * from then on. */
static enum status arrange_set(
    struct arrangement *arrangement, const struct people *rows)
{
    if (arrangement->count == arrangement->room) {
        const size_t room = arrangement->room == 0 ? 64 : 2 * arrangement->room;
        uint64_t **larger =
            reallocarray(arrangement->bits, room, sizeof *larger);
        if (larger == NULL)
            return STATUS_NO_MEMORY;
        arrangement->bits = larger;
        arrangement->room = room;
    }
    uint64_t *bits = calloc(arrangement->order.word_count + 1, sizeof *bits);
    if (bits == NULL)
        return STATUS_NO_MEMORY;
    for (size_t w = 0; w < rows->word_count; w++) {
        for (uint64_t left = rows->words[w]; left != 0; left &= left - 1) {
            const size_t number = w * 64 + (size_t)__builtin_ctzll(left);
            const uint32_t row = number < arrangement->number_end
                                     ? arrangement->places[number]
                                     : UINT32_MAX;
            if (row == UINT32_MAX)
                continue;
            const uint32_t bit = arrangement->order.bits[row];
            bits[bit / 64] |= (uint64_t)1 << (bit % 64);
        }
    }
    arrangement->bits[arrangement->count++] = bits;
    return STATUS_OK;
}

enum status remembered_arrange(
    struct remembered *remembered, const struct frame *frame)
{
    struct arrangement *arrangement = remembered->arrangement;
    enum status status = STATUS_OK;
    if (arrangement == NULL ||
        !store_view_equal(&arrangement->view, frame_view(frame))) {
        arrangement_release(arrangement);
        remembered->arrangement = NULL;
        status = arrange(&remembered->arrangement, frame);
    }
    arrangement = remembered->arrangement;
    while (status == STATUS_OK && arrangement->count < remembered->count)
        status = arrange_set(
            arrangement, &remembered->sets[arrangement->count].rows);
    return status;
}

/* ---- what is kept ---- */

/* The keys of what is sealed and of donors, one after the other. */
static void derive_keys(uint8_t *key, const struct keypair *keys)
{
    static const char sealed[] = "cohortium/remembered/1";
    static const char donors[] = "cohortium/donors/1";
    crypto_generichash(key, SEAL_KEY_BYTES, (const uint8_t *)sealed,
        sizeof sealed, keypair_curve_secret(keys), KEY_BYTES);
    crypto_generichash(key + SEAL_KEY_BYTES, DONOR_KEY_BYTES,
        (const uint8_t *)donors, sizeof donors, keypair_curve_secret(keys),
        KEY_BYTES);
}

enum status remembered_create(
    struct remembered **out, const struct keypair *keys)
{
    *out = NULL;
    struct remembered *remembered = calloc(1, sizeof *remembered);
    if (remembered == NULL)
        return STATUS_NO_MEMORY;
    remembered->key = sodium_malloc(SEAL_KEY_BYTES + DONOR_KEY_BYTES);
    if (remembered->key == NULL) {
        free(remembered);
        return STATUS_NO_MEMORY;
    }
    derive_keys(remembered->key, keys);
    *out = remembered;
    return STATUS_OK;
}

const uint8_t *remembered_donor_key(const struct remembered *remembered)
{
    return remembered->key + SEAL_KEY_BYTES;
}

static void forget_all(struct remembered *remembered)
{
    for (size_t i = 0; i < remembered->count; i++)
        people_fini(&remembered->sets[i].rows);
    arrangement_release(remembered->arrangement);
    remembered->arrangement = NULL;
    remembered->count = 0;
    remembered->loaded = 0;
}

void remembered_destroy(struct remembered *remembered)
{
    if (remembered == NULL)
        return;
    forget_all(remembered);
    free(remembered->sets);
    sodium_free(remembered->key);
    free(remembered);
}

static enum status make_room(struct remembered *remembered)
{
    if (remembered->count < remembered->room)
        return STATUS_OK;
    const size_t room = remembered->room == 0 ? 64 : 2 * remembered->room;
    struct kept *larger = reallocarray(remembered->sets, room, sizeof *larger);
    if (larger == NULL)
        return STATUS_NO_MEMORY;
    remembered->sets = larger;
    remembered->room = room;
    return STATUS_OK;
}

/* Its places are numbers of kept sets, whatever their count is: it was written
 * here. */
static enum status read_told(struct weighed_set *told, struct view bytes)
{
    const struct weighing_shape shape = {.remembered = SIZE_MAX, .sets = 1};
    struct instruction one;
    if (instruction_read(&one, &shape, bytes) != STATUS_OK)
        return STATUS_CORRUPT;
    *told = one.sets[0];
    instruction_fini(&one);
    return STATUS_OK;
}

static enum status load_set(
    void *arg, int64_t number, const struct store_set *set)
{
    struct remembered *remembered = arg;
    struct kept kept = {
        .number = number, .id = set->id, .alone = set->told.size > 0};
    enum status status = make_room(remembered);
    if (status == STATUS_OK && kept.alone)
        status = read_told(&kept.told, set->told);
    if (status == STATUS_OK)
        status = people_unseal(&kept.rows, set->rows, remembered->key);
    if (status != STATUS_OK)
        return status;
    remembered->sets[remembered->count++] = kept;
    remembered->loaded = number;
    return STATUS_OK;
}

enum status remembered_load(
    struct remembered *remembered, struct store *store, int64_t now)
{
    bool dropped = false;
    enum status status = store_drop_sets(store, now, &dropped);
    if (dropped)
        forget_all(remembered);
    return status == STATUS_OK ? store_visit_sets(store, remembered->loaded,
                                     load_set, remembered)
                               : status;
}

size_t remembered_find(
    const struct remembered *remembered, const struct digest *id)
{
    size_t at = 0;
    while (
        at < remembered->count && !digest_equal(&remembered->sets[at].id, id))
        at++;
    return at;
}
