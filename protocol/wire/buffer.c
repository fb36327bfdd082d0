#include "protocol/wire/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "protocol/wire/little.h"

#define FIRST_CAPACITY 256
#define READ_CHUNK ((size_t)64 * 1024)

void buffer_init(struct buffer *buffer, size_t limit)
{
    *buffer = (struct buffer){.limit = limit};
}

void buffer_fini(struct buffer *buffer)
{
    free(buffer->data);
    buffer_init(buffer, buffer->limit);
}

void buffer_wipe(struct buffer *buffer)
{
    if (buffer->data != NULL)
        sodium_memzero(buffer->data, buffer->capacity);
    buffer_fini(buffer);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
}

enum status buffer_reserve(struct buffer *buffer, size_t size)
{
    if (size > buffer->limit)
        return STATUS_TOO_LARGE;
    if (size < buffer->capacity)
        return STATUS_OK;
    size_t capacity = buffer->capacity < FIRST_CAPACITY / 2
                          ? FIRST_CAPACITY
                          : buffer->capacity * 2;
    if (capacity <= size)
        capacity = size + 1;
    uint8_t *data = realloc(buffer->data, capacity);
    if (data == NULL)
        return STATUS_NO_MEMORY;
    buffer->data = data;
    buffer->capacity = capacity;
    return STATUS_OK;
}

enum status buffer_extend(struct buffer *buffer, uint8_t **out, size_t size)
{
    if (size > buffer->limit - buffer->size)
        return STATUS_TOO_LARGE;
    enum status status = buffer_reserve(buffer, buffer->size + size);
    if (status != STATUS_OK)
        return status;
    *out = buffer->data + buffer->size;
    buffer->size += size;
    return STATUS_OK;
}

enum status buffer_append(struct buffer *buffer, const void *data, size_t size)
{
    uint8_t *room;
    enum status status = buffer_extend(buffer, &room, size);
    if (status == STATUS_OK && size > 0)
        memcpy(room, data, size);
    return status;
}

enum status buffer_append_text(struct buffer *buffer, const char *text)
{
    return buffer_append(buffer, text, strlen(text));
}

enum status buffer_append_little(
    struct buffer *buffer, uint64_t number, size_t size)
{
    uint8_t bytes[sizeof number];
    little_put(bytes, number, size);
    return buffer_append(buffer, bytes, size);
}

enum status buffer_append_format(struct buffer *buffer, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int size = vsnprintf(NULL, 0, format, list);
    va_end(list);
    if (size < 0)
        return STATUS_INTERNAL;
    uint8_t *room;
    enum status status = buffer_extend(buffer, &room, (size_t)size);
    if (status != STATUS_OK)
        return status;
    va_start(list, format);
    vsnprintf((char *)room, (size_t)size + 1, format, list);
    va_end(list);
    return STATUS_OK;
}

const char *buffer_text(struct buffer *buffer)
{
    if (buffer_reserve(buffer, buffer->size) != STATUS_OK)
        return NULL;
    buffer->data[buffer->size] = '\0';
    return (const char *)buffer->data;
}

struct view buffer_view(const struct buffer *buffer)
{
    return (struct view){buffer->data, buffer->size};
}

struct view view_of_text(const char *text)
{
    return (struct view){(const uint8_t *)text, strlen(text)};
}

bool view_equal(struct view a, struct view b)
{
    return a.size == b.size &&
           (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static enum status read_all(struct buffer *buffer, int descriptor)
{
    for (;;) {
        size_t room = buffer->limit - buffer->size;
        if (room == 0) {
            uint8_t extra;
            ssize_t got = read(descriptor, &extra, 1);
            if (got == 0)
                return STATUS_OK;
            return got < 0 ? STATUS_IO : STATUS_TOO_LARGE;
        }
        if (room > READ_CHUNK)
            room = READ_CHUNK;
        enum status status = buffer_reserve(buffer, buffer->size + room);
        if (status != STATUS_OK)
            return status;
        ssize_t got = read(descriptor, buffer->data + buffer->size, room);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return STATUS_IO;
        if (got == 0)
            return STATUS_OK;
        buffer->size += (size_t)got;
    }
}

enum status buffer_read_file(struct buffer *buffer, const char *path)
{
    if (strcmp(path, "-") == 0)
        return read_all(buffer, STDIN_FILENO);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return errno == ENOENT || errno == ENOTDIR ? STATUS_NOT_FOUND
                                                   : STATUS_IO;
    enum status status = read_all(buffer, descriptor);
    close(descriptor);
    return status;
}

static enum status write_all(int descriptor, struct view bytes)
{
    while (bytes.size > 0) {
        ssize_t put = write(descriptor, bytes.data, bytes.size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return STATUS_IO;
        bytes.data += put;
        bytes.size -= (size_t)put;
    }
    return fsync(descriptor) == 0 ? STATUS_OK : STATUS_IO;
}

/* A renamed file is on disk only once its folder is. */
static enum status sync_folder_of(const char *path)
{
    char *copy = strdup(path);
    if (copy == NULL)
        return STATUS_NO_MEMORY;
    char *slash = strrchr(copy, '/');
    if (slash != NULL)
        slash[slash == copy ? 1 : 0] = '\0';
    int folder =
        open(slash == NULL ? "." : copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(copy);
    if (folder < 0)
        return STATUS_IO;
    enum status status = fsync(folder) == 0 ? STATUS_OK : STATUS_IO;
    close(folder);
    return status;
}

enum status file_write_atomic(const char *path, struct view bytes, int mode)
{
    enum status status = STATUS_OK;
    char *temporary = NULL;
    if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
        return STATUS_NO_MEMORY;
    int descriptor = mkostemp(temporary, O_CLOEXEC);
    if (descriptor < 0) {
        free(temporary);
        return STATUS_IO;
    }
    if (fchmod(descriptor, (mode_t)mode) != 0)
        status = STATUS_IO;
    if (status == STATUS_OK)
        status = write_all(descriptor, bytes);
    if (close(descriptor) != 0 && status == STATUS_OK)
        status = STATUS_IO;
    if (status == STATUS_OK && rename(temporary, path) != 0)
        status = STATUS_IO;
    if (status == STATUS_OK)
        status = sync_folder_of(path);
    else
        unlink(temporary);
    free(temporary);
    return status;
}
