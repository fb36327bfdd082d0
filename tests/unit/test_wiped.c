/*
 * What is left in memory of a secret when its owner is done with it: all that
 * this process may read and write is searched for it. What is looked for is
 * kept inverted, so that it does not find itself. libzmq's own copies of CURVE
 * keys are not ours to wipe: what keeps them in is that there are no dumps.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <sodium.h>

#include "protocol/masking/member_internal.h"
#include "protocol/program/program.h"
#include "tests/unit/test.h"

#define MAPPINGS_MAX 4096
#define MAPPING_BYTES_MAX                                                      \
    ((size_t)1 << 30) /* the sanitizer's shadow is more                        \
                       */
#define PART 16

/* The first bytes of a secret, inverted. */
struct wanted {
    uint8_t inverted[PART];
};

static struct wanted wanted_of(const uint8_t *secret)
{
    struct wanted wanted;
    for (size_t i = 0; i < PART; i++)
        wanted.inverted[i] = (uint8_t)~secret[i];
    return wanted;
}

/* Of its text in hexadecimal. */
static struct wanted wanted_text(const uint8_t *secret)
{
    static const char digits[] = "0123456789abcdef";
    struct wanted wanted;
    for (size_t i = 0; i < PART; i++) {
        const unsigned nibble =
            i % 2 == 0 ? secret[i / 2] >> 4 : secret[i / 2] & 15;
        wanted.inverted[i] = (uint8_t)~digits[nibble];
    }
    return wanted;
}

#ifdef __clang__ /* has no such attribute */
#define FAST
#else
#define FAST , optimize("O2")
#endif

/* Freed memory is looked at as well, where the sanitizer keeps it. */
__attribute__((no_sanitize("address", "undefined") FAST)) static size_t
count_in(const uint8_t *from, size_t size, const struct wanted *wanted)
{
    size_t found = 0;
    uint64_t half, here;
    __builtin_memcpy(&half, wanted->inverted, sizeof half);
    for (size_t i = 0; i + PART <= size; i++) {
        __builtin_memcpy(&here, from + i, sizeof here);
        if ((here ^ half) != UINT64_MAX)
            continue;
        size_t same = sizeof half;
        while (same < PART && (from[i + same] ^ wanted->inverted[same]) == 0xff)
            same++;
        found += same == PART;
    }
    return found;
}

static size_t count_copies(const struct wanted *wanted)
{
    static struct {
        uintptr_t from, to;
    } mappings[MAPPINGS_MAX];
    char line[512];
    size_t count = 0, found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        char rights[5];
        assert_true(count < MAPPINGS_MAX);
        if (sscanf(line, "%lx-%lx %4s", &mappings[count].from,
                &mappings[count].to, rights) == 3 &&
            strncmp(rights, "rw", 2) == 0 &&
            mappings[count].to - mappings[count].from <= MAPPING_BYTES_MAX)
            count++;
    }
    fclose(maps);
    for (size_t i = 0; i < count; i++)
        found += count_in((const uint8_t *)mappings[i].from,
            mappings[i].to - mappings[i].from, wanted);
    return found;
}

static void make_path(char path[64])
{
    strcpy(path, "/tmp/cohortium-wiped-XXXXXX");
    assert_non_null(mkdtemp(path));
    strcat(path, "/key");
}

static void remove_path(char *path)
{
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
}

static void check_key_file(const char *passphrase)
{
    struct keypair *keys = NULL;
    char path[64];
    make_path(path);
    assert_int_equal(keypair_create(&keys, "cleveland"), STATUS_OK);
    const struct wanted key = wanted_of(keypair_curve_secret(keys));
    const struct wanted text = wanted_text(keypair_curve_secret(keys));
    assert_int_equal(count_copies(&key), 1); /* what it looks for is found */
    assert_int_equal(keypair_save(keys, path, passphrase), STATUS_OK);
    keypair_destroy(keys);
    assert_int_equal(count_copies(&key), 0);
    assert_int_equal(count_copies(&text), 0);
    assert_int_equal(keypair_load(&keys, path, passphrase), STATUS_OK);
    assert_int_equal(count_copies(&key), 1);
    assert_int_equal(count_copies(&text), 0);
    keypair_destroy(keys);
    assert_int_equal(count_copies(&key), 0);
    remove_path(path);
}

static void test_key_is_gone_when_it_is_destroyed(void **state)
{
    (void)state;
    check_key_file(NULL);
}

static void test_sealed_key_is_gone_when_it_is_destroyed(void **state)
{
    (void)state;
    check_key_file("correct horse battery staple");
}

static void test_passphrase_is_gone_when_it_is_destroyed(void **state)
{
    static uint8_t drawn[PART / 2];
    (void)state;
    char path[64], line[PART + 2], *passphrase = NULL;
    make_path(path);
    randombytes_buf(drawn, sizeof drawn);
    const struct wanted wanted = wanted_text(drawn);
    hex_encode(line, drawn, sizeof drawn);
    strcat(line, "\n");
    assert_int_equal(
        file_write_atomic(path, view_of_text(line), 0600), STATUS_OK);
    sodium_memzero(line, sizeof line);
    assert_int_equal(count_copies(&wanted), 0);
    assert_int_equal(
        passphrase_read(&passphrase, path, "Passphrase", false), STATUS_OK);
    assert_int_equal(count_copies(&wanted), 1);
    passphrase_destroy(passphrase);
    assert_int_equal(count_copies(&wanted), 0);
    remove_path(path);
}

/* A center's seeds, its secret keys and what it agreed on with others. */
static void test_seeds_are_gone_with_their_member(void **state)
{
    (void)state;
    enum { COUNT = 3 };
    struct keypair *keys[COUNT];
    struct member *members[COUNT];
    struct masking_party parties[COUNT];
    struct buffer peers, shares;
    buffer_init(&peers, BUFFER_LIMIT_DEFAULT);
    buffer_init(&shares, BUFFER_LIMIT_DEFAULT);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(keypair_create(&keys[i], "center"), STATUS_OK);
        parties[i] = (struct masking_party){
            (uint32_t)i + 1, keypair_identity(keys[i])->sign};
    }
    const struct masking_terms terms = {
        .min_centers = COUNT, .party_count = COUNT, .parties = parties};
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(
            member_create(&members[i], &terms, (uint32_t)i + 1, keys[i]),
            STATUS_OK);
        assert_int_equal(member_write_keys(members[i], &peers), STATUS_OK);
    }
    assert_int_equal(
        member_take_peers(members[0], buffer_view(&peers), &shares), STATUS_OK);
    const struct vault *vault = members[0]->vault;
    const struct wanted wanted[] = {wanted_of(vault->self_seed.bytes),
        wanted_of(vault->mask_seed.bytes), wanted_of(vault->mask_secret.bytes),
        wanted_of(vault->share_secret.bytes),
        wanted_of(agreed_with(members[0], 1)->bytes),
        wanted_of(box_key_of(members[0], 1)->bytes),
        wanted_of(shares_of(members[0], 0)->bytes)};
    const size_t count = sizeof wanted / sizeof wanted[0];
    for (size_t i = 0; i < count; i++)
        assert_true(count_copies(&wanted[i]) > 0);
    for (size_t i = 0; i < COUNT; i++)
        member_destroy(members[i]);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(count_copies(&wanted[i]), 0);
    for (size_t i = 0; i < COUNT; i++)
        keypair_destroy(keys[i]);
    buffer_fini(&peers);
    buffer_fini(&shares);
}

/* Last: after it nobody may look into this process. */
static void test_no_dump_is_made_of_a_program(void **state)
{
    (void)state;
    struct rlimit limit;
    assert_int_equal(program_forbid_dumps(), STATUS_OK);
    assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
    assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
    assert_true(limit.rlim_cur == 0 && limit.rlim_max == 0);
}

static int setup(void **state)
{
    (void)state;
    return keys_start() == STATUS_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_is_gone_when_it_is_destroyed),
        cmocka_unit_test(test_sealed_key_is_gone_when_it_is_destroyed),
        cmocka_unit_test(test_passphrase_is_gone_when_it_is_destroyed),
        cmocka_unit_test(test_seeds_are_gone_with_their_member),
        cmocka_unit_test(test_no_dump_is_made_of_a_program),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
