#include "failing_allocator.h"

#include <stdatomic.h>

#include <sqlite3.h>

#include "protocol/wire/keys.h"
#include "tests/unit/test.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

#define OUTCOME_MAX ((size_t)64 * 1024 * 1024)
#define COMPLAINTS_MAX 5 /* told, of one scenario */

static atomic_size_t counted, failing_at;
static atomic_bool armed, for_good_on, failed;

void allocator_arm(size_t k, bool for_good)
{
    counted = 0;
    failing_at = k;
    for_good_on = for_good;
    failed = false;
    armed = true;
}

bool allocator_disarm(void)
{
    armed = false;
    return failed;
}

static bool must_fail(void)
{
    if (!armed)
        return false;
    size_t number = ++counted;
    bool now = number == failing_at || (for_good_on && number > failing_at);
    if (now)
        failed = true;
    return now;
}

/* ---- what the linker puts in place of the allocating functions ---- */

/* Also shared libraries that name such a function must find it at link time. */
#pragma GCC visibility push(default)

/* The names are the linker's (--wrap). */
/* NOLINTBEGIN(*-reserved-identifier,cert-dcl*,*-identifier-naming) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_reallocarray(void *memory, size_t count, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
void *__real_sodium_malloc(size_t size);
void *__real_sodium_allocarray(size_t count, size_t size);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
__attribute__((format(printf, 2, 3))) int __wrap_asprintf(
    char **out, const char *format, ...);
void *__wrap_sodium_malloc(size_t size);
void *__wrap_sodium_allocarray(size_t count, size_t size);
/* NOLINTEND(*-reserved-identifier,cert-dcl*,*-identifier-naming) */

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return must_fail() ? NULL : __real_realloc(memory, size);
}

void *__wrap_reallocarray(void *memory, size_t count, size_t size)
{
    return must_fail() ? NULL : __real_reallocarray(memory, count, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return must_fail() ? NULL : __real_aligned_alloc(alignment, size);
}

char *__wrap_strdup(const char *text)
{
    return must_fail() ? NULL : __real_strdup(text);
}

int __wrap_asprintf(char **out, const char *format, ...)
{
    if (must_fail())
        return -1;
    va_list list;
    va_start(list, format);
    int size = vasprintf(out, format, list);
    va_end(list);
    return size;
}

void *__wrap_sodium_malloc(size_t size)
{
    return must_fail() ? NULL : __real_sodium_malloc(size);
}

void *__wrap_sodium_allocarray(size_t count, size_t size)
{
    return must_fail() ? NULL : __real_sodium_allocarray(count, size);
}

#pragma GCC visibility pop

/* ---- SQLite: each block has its size in front, which xSize must know ---- */

#define FRONT 16

static void *sqlite_malloc(int size)
{
    char *memory = must_fail() ? NULL : __real_malloc((size_t)size + FRONT);
    if (memory == NULL)
        return NULL;
    memcpy(memory, &size, sizeof size);
    return memory + FRONT;
}

static void sqlite_free(void *memory)
{
    free((char *)memory - FRONT);
}

static void *sqlite_realloc(void *memory, int size)
{
    char *larger = must_fail() ? NULL
                               : __real_realloc((char *)memory - FRONT,
                                     (size_t)size + FRONT);
    if (larger == NULL)
        return NULL;
    memcpy(larger, &size, sizeof size);
    return larger + FRONT;
}

static int sqlite_size(void *memory)
{
    int size;
    memcpy(&size, (char *)memory - FRONT, sizeof size);
    return size;
}

static int sqlite_roundup(int size)
{
    return (size + 7) / 8 * 8;
}

static int sqlite_init(void *data)
{
    (void)data;
    return SQLITE_OK;
}

static void sqlite_shutdown_memory(void *data)
{
    (void)data;
}

void allocator_start(void)
{
    static const sqlite3_mem_methods methods = {sqlite_malloc, sqlite_free,
        sqlite_realloc, sqlite_size, sqlite_roundup, sqlite_init,
        sqlite_shutdown_memory, NULL};
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods), SQLITE_OK);
    assert_int_equal(keys_start(), STATUS_OK);
}

/* ---- stepping ---- */

static bool leaks(void)
{
#if defined(__SANITIZE_ADDRESS__)
    return __lsan_do_recoverable_leak_check() != 0;
#else
    return false;
#endif
}

/* What there is to say against the outcome; NULL: nothing. */
static const char *judge(const struct scenario *scenario, enum status status,
    bool one_failed, bool same)
{
    if (status == STATUS_OK)
        return same ? NULL : "another outcome, and nobody says so";
    if (one_failed && (status == STATUS_NO_MEMORY || status == scenario->also))
        return NULL;
    return status_name(status);
}

static enum status run_once(const struct scenario *scenario, size_t k,
    bool for_good, struct buffer *out, bool *one_failed)
{
    buffer_init(out, OUTCOME_MAX);
    if (scenario->prepare != NULL)
        scenario->prepare();
    allocator_arm(k, for_good);
    enum status status = scenario->run(out);
    *one_failed = allocator_disarm();
    if (scenario->finish != NULL)
        scenario->finish(status);
    return status;
}

/* Every allocation where there are few; of a database's many thousand every
 * nth, unless COHORTIUM_EVERY_ALLOCATION asks for all. */
static size_t stride_of(const struct scenario *scenario, size_t allocations)
{
    if (getenv("COHORTIUM_EVERY_ALLOCATION") != NULL)
        return 1;
    return 1 +
           allocations / (scenario->steps == 0 ? STEPS_MAX : scenario->steps);
}

/* Steps until nothing fails; how many steps went wrong. */
static size_t step_all(const struct scenario *scenario, bool for_good,
    const struct buffer *expected, size_t stride)
{
    size_t wrong = 0;
    bool one_failed = true;
    for (size_t k = for_good ? stride : 1; one_failed; k += stride) {
        struct buffer out;
        enum status status = run_once(scenario, k, for_good, &out, &one_failed);
        const char *complaint = judge(scenario, status, one_failed,
            view_equal(buffer_view(&out), buffer_view(expected)));
        buffer_fini(&out);
        if (complaint == NULL)
            continue;
        if (++wrong <= COMPLAINTS_MAX)
            print_error("%s, allocation %zu%s: %s\n", scenario->name, k,
                for_good ? " and all after it" : "", complaint);
    }
    return wrong;
}

void step_through(const struct scenario *scenario)
{
    struct buffer expected;
    bool one_failed;
    enum status status = run_once(scenario, 0, false, &expected, &one_failed);
    if (status != STATUS_OK)
        fail_msg("%s: %s", scenario->name, status_name(status));
    print_message("%s: %zu allocations\n", scenario->name, (size_t)counted);
    const size_t stride = stride_of(scenario, counted);
    size_t wrong = step_all(scenario, false, &expected, stride);
    wrong += step_all(scenario, true, &expected, stride);
    buffer_fini(&expected);
    if (leaks())
        fail_msg("%s: memory leaks", scenario->name);
    if (wrong > 0)
        fail_msg("%s: %zu steps went wrong", scenario->name, wrong);
}
