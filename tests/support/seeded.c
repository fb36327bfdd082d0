#include "tests/support/seeded.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

static uint8_t draw_key[32];
static uint64_t drawn;

static void draw(void *const out, const size_t size)
{
    uint8_t nonce[8];
    memcpy(nonce, &drawn, sizeof nonce);
    drawn++;
    crypto_stream_chacha20(out, size, nonce, draw_key);
}

static uint32_t draw_number(void)
{
    uint32_t value;
    draw(&value, sizeof value);
    return value;
}

static const char *name_of_source(void)
{
    return "seeded";
}

void seeded_start(uint8_t stream, uint64_t seed)
{
    static struct randombytes_implementation seeded = {
        .implementation_name = name_of_source,
        .random = draw_number,
        .buf = draw,
    };
    memset(draw_key, 0, sizeof draw_key);
    draw_key[0] = stream;
    memcpy(draw_key + 8, &seed, sizeof seed);
    randombytes_set_implementation(&seeded);
    if (sodium_init() < 0) /* draws too, the first time */
        abort();
    drawn = 0;
}

uint32_t seeded_below(uint32_t limit)
{
    return draw_number() % limit;
}

bool seeded_once_in(uint32_t times)
{
    return times > 0 && seeded_below(times) == 0;
}
