#include "protocol/wire/json_text.h"

#include <malloc.h>
#include <stdlib.h>

#include <sodium.h>

static _Thread_local bool ran_out;

static void *allocate(size_t size)
{
    void *memory = malloc(size);
    if (memory == NULL)
        ran_out = true;
    return memory;
}

/* Values hold keys on their way to a file and back: what is freed is wiped. */
static void release(void *memory)
{
    if (memory != NULL)
        sodium_memzero(memory, malloc_usable_size(memory));
    free(memory);
}

void json_text_start(void)
{
    json_set_alloc_funcs(allocate, release);
}

/* Whether memory ran out, and forgets it. */
static bool take_failure(void)
{
    bool failed = ran_out;
    ran_out = false;
    return failed;
}

struct writing {
    struct buffer *out;
    enum status status;
};

static int append_piece(const char *piece, size_t size, void *arg)
{
    struct writing *writing = arg;
    if (writing->status == STATUS_OK) /* Jansson does not always stop at once */
        writing->status = buffer_append(writing->out, piece, size);
    return writing->status == STATUS_OK ? 0 : -1;
}

enum status json_text_append(
    struct buffer *out, const json_t *value, size_t flags)
{
    const size_t before = out->size;
    struct writing writing = {out, STATUS_OK};
    int result = value == NULL
                     ? -1
                     : json_dump_callback(value, append_piece, &writing, flags);
    enum status status = writing.status;
    if (take_failure() || value == NULL)
        status = STATUS_NO_MEMORY;
    else if (status == STATUS_OK && result != 0)
        status = STATUS_INTERNAL;
    if (status != STATUS_OK)
        out->size = before;
    return status;
}

enum status json_text_parse(
    json_t **out, struct view text, size_t flags, json_error_t *error)
{
    (void)take_failure();
    *out = json_loadb((const char *)text.data, text.size, flags, error);
    if (take_failure()) {
        json_decref(*out);
        *out = NULL;
        return STATUS_NO_MEMORY;
    }
    return *out == NULL ? STATUS_MALFORMED : STATUS_OK;
}
