/* A remembered set of patients: boxes that anybody may have written to disk,
 * and what stands in a box that was sealed with the right key. */
#include <sodium.h>

#include "node/people_box.h"
#include "tests/fuzz/fuzz.h"

static void unseal(struct view box, const uint8_t *key)
{
    struct people people;
    if (people_unseal(&people, box, key) == STATUS_OK)
        people_fini(&people);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES] = {7};
    const size_t front = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
    unsigned long long sealed = 0;
    uint8_t *box =
        calloc(1, front + size + crypto_aead_xchacha20poly1305_ietf_ABYTES);
    REQUIRE(box != NULL);
    unseal(fuzz_view(data, size), key);
    REQUIRE(crypto_aead_xchacha20poly1305_ietf_encrypt(box + front, &sealed,
                data, size, NULL, 0, NULL, box, key) == 0);
    unseal((struct view){box, front + (size_t)sealed}, key);
    free(box);
    return 0;
}
