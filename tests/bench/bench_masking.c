/*
 * bench_masking MEMBERS: one member's work for a vector of 100,000 elements
 * against the floor in the same run: the same key streams and 128-bit additions
 * in a plain loop. Prints CPU milliseconds, bytes sent against the vector's,
 * and what the coordinator needs for its sum.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "tests/unit/masking_fixture.h"

#define ELEMENTS 100000
#define REPEATS 5

static double cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* One whole stream, then one pass of additions: what a first try would do. */
static double floor_ms(size_t streams)
{
    uint8_t key[32] = {3}, nonce[12] = {0};
    unsigned __int128 *sum = calloc(ELEMENTS, sizeof *sum);
    unsigned __int128 *stream = calloc(ELEMENTS, sizeof *stream);
    double best = 1e9;
    for (int r = 0; r < REPEATS; r++) {
        double start = cpu_ms();
        for (size_t s = 0; s < streams; s++) {
            key[1] = (uint8_t)s;
            crypto_stream_chacha20_ietf(
                (uint8_t *)stream, ELEMENTS * sizeof *stream, nonce, key);
            for (size_t i = 0; i < ELEMENTS; i++)
                sum[i] += stream[i];
        }
        double took = cpu_ms() - start;
        best = took < best ? took : best;
    }
    if ((uint64_t)sum[0] == 1)
        puts("");
    free(sum);
    free(stream);
    return best;
}

int main(int argc, char **argv)
{
    size_t members = argc > 1 ? (size_t)atoi(argv[1]) : 13, bytes = 0;
    static struct crowd crowd;
    struct buffer message, body;
    double mask = 1e9;
    if (keys_start() != STATUS_OK)
        return 1;
    crowd_init(&crowd, members, ELEMENTS, 3);
    buffer_init(&message, BUFFER_LIMIT_DEFAULT);
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    for (int step = 0; step < 2; step++) {
        if (crowd_step(&crowd) != STATUS_OK)
            return 1;
        bytes += crowd.out[0].size;
    }
    if (collector_write(crowd.collector, 1, &message) != STATUS_OK ||
        member_take_sealed(crowd.members[0], buffer_view(&message)) !=
            STATUS_OK)
        return 1;
    double start = cpu_ms();
    if (member_mask(crowd.members[0], &crowd.vectors[0], &body) != STATUS_OK)
        return 1;
    mask = cpu_ms() - start;
    bytes += body.size + ELEMENTS * 16;
    if (collector_take(crowd.collector, 1, buffer_view(&body),
            (struct view){(uint8_t *)crowd.vectors[0].elements,
                ELEMENTS * 16}) != STATUS_OK ||
        crowd_step(&crowd) != STATUS_OK)
        return 1;
    double opening = 0;
    for (int step = 0; step < 2; step++) {
        start = cpu_ms();
        if (crowd_step(&crowd) != STATUS_OK)
            return 1;
        opening = cpu_ms() - start;
        bytes += crowd.out[0].size;
    }
    double least = floor_ms(members);
    printf("{\"members\": %zu, \"mask_ms\": %.2f, \"floor_ms\": %.2f, "
           "\"ratio\": %.3f, \"bytes\": %.4f, \"open_ms\": %.2f}\n",
        members, mask, least, mask / least, (double)bytes / (ELEMENTS * 16.0),
        opening);
    crowd_fini(&crowd);
    return 0;
}
