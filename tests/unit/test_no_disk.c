/*
 * The disk fills, or fails, at every step of writing a file: what was there
 * before is still there, whole, and nothing half written stays behind.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol/wire/buffer.h"
#include "protocol/wire/keys.h"
#include "tests/unit/test.h"

static char folder[] = "/tmp/cohortium-disk-XXXXXX";
static char path[128];
static int calls, failing_at; /* 0: none */

/* ---- what the linker puts in place of the calls ---- */

/* The names are the linker's (--wrap). */
/* NOLINTBEGIN(*-reserved-identifier,cert-dcl*,*-identifier-naming) */
ssize_t __real_write(int file, const void *bytes, size_t size);
int __real_fsync(int file);
int __real_rename(const char *from, const char *to);
int __real_fchmod(int file, mode_t mode);
int __real_mkostemp(char *name, int flags);

#pragma GCC visibility push(default)
ssize_t __wrap_write(int file, const void *bytes, size_t size);
int __wrap_fsync(int file);
int __wrap_rename(const char *from, const char *to);
int __wrap_fchmod(int file, mode_t mode);
int __wrap_mkostemp(char *name, int flags);
/* NOLINTEND(*-reserved-identifier,cert-dcl*,*-identifier-naming) */

static bool must_fail(int error)
{
    errno = error;
    return failing_at > 0 && ++calls == failing_at;
}

/* Half of it fits, and then nothing more. */
ssize_t __wrap_write(int file, const void *bytes, size_t size)
{
    static bool full;
    if (full || must_fail(ENOSPC)) {
        bool half = !full && size > 1;
        full = half;
        errno = ENOSPC;
        return half ? __real_write(file, bytes, size / 2) : -1;
    }
    return __real_write(file, bytes, size);
}

int __wrap_fsync(int file)
{
    return must_fail(EIO) ? -1 : __real_fsync(file);
}

int __wrap_rename(const char *from, const char *to)
{
    return must_fail(ENOSPC) ? -1 : __real_rename(from, to);
}

int __wrap_fchmod(int file, mode_t mode)
{
    return must_fail(EIO) ? -1 : __real_fchmod(file, mode);
}

int __wrap_mkostemp(char *name, int flags)
{
    return must_fail(ENOSPC) ? -1 : __real_mkostemp(name, flags);
}
#pragma GCC visibility pop

/* ---- */

static int setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
    return keys_start() == STATUS_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static size_t count_files(void)
{
    size_t count = 0;
    DIR *listing = opendir(folder);
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(listing);
    return count;
}

static void assert_content(const char *expected, size_t size)
{
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    assert_int_equal(buffer_read_file(&bytes, path), STATUS_OK);
    assert_int_equal(bytes.size, size);
    assert_memory_equal(bytes.data, expected, size);
    buffer_fini(&bytes);
}

static void test_write_that_fails_keeps_the_old_file(void **state)
{
    (void)state;
    static const char old[] = "what was there";
    static char new[100000];
    enum status status = STATUS_IO;
    bool renamed = false;
    memset(new, 'n', sizeof new);
    for (int k = 1; status != STATUS_OK; k++) {
        failing_at = 0;
        assert_int_equal(
            file_write_atomic(path, view_of_text(old), 0644), STATUS_OK);
        calls = 0;
        failing_at = k;
        status = file_write_atomic(
            path, (struct view){(const uint8_t *)new, sizeof new}, 0644);
        renamed = calls > 5; /* the folder alone is not on disk yet */
        assert_true(k < 10);
        failing_at = 0;
        assert_true(status == STATUS_OK || status == STATUS_IO);
        if (status == STATUS_OK || renamed)
            assert_content(new, sizeof new);
        else
            assert_content(old, sizeof old - 1);
        assert_int_equal(count_files(), 1);
    }
    assert_true(calls == 6); /* all of them were tried */
    unlink(path);
}

static void test_key_file_that_cannot_be_written_is_not_there(void **state)
{
    (void)state;
    struct keypair *keys = NULL, *read = NULL;
    assert_int_equal(keypair_create(&keys, "center-1"), STATUS_OK);
    for (int k = 1; k <= 5; k++) {
        calls = 0;
        failing_at = k;
        assert_int_equal(keypair_save(keys, path, NULL), STATUS_IO);
        failing_at = 0;
        assert_int_equal(count_files(), 0);
    }
    assert_int_equal(keypair_save(keys, path, NULL), STATUS_OK);
    assert_int_equal(keypair_load(&read, path, NULL), STATUS_OK);
    assert_true(public_key_equal(
        &keypair_identity(keys)->sign, &keypair_identity(read)->sign));
    keypair_destroy(keys);
    keypair_destroy(read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_that_fails_keeps_the_old_file),
        cmocka_unit_test(test_key_file_that_cannot_be_written_is_not_there),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
