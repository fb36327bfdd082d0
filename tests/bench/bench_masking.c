/*
 * bench_masking MEMBERS: one member's work for a vector of 100,000 elements
 * against the floor in the same run: the same key streams and 128-bit additions
 * in a plain loop. Prints CPU milliseconds, bytes sent against the vector's,
 * and what the coordinator needs: to check one vector and add it to its sum,
 * and to open the sum, which takes away a stream a member.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "tests/unit/masking_fixture.h"

#define ELEMENTS ((size_t)100000)
#define REPEATS 5

static double cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void must(enum status status)
{
    if (status != STATUS_OK)
        exit(1);
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

/* The CPU time of one member's masks, and *take of the coordinator for what
 * came of it; *bytes: all that it sent. The crowd has masked nothing else yet.
 */
static double mask_one(
    struct crowd *crowd, size_t members, size_t *bytes, double *take)
{
    struct buffer message, body;
    buffer_init(&message, BUFFER_LIMIT_DEFAULT);
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    crowd_init(crowd, members, ELEMENTS, 3);
    *bytes = 0;
    for (int step = 0; step < 2; step++) {
        must(crowd_step(crowd));
        *bytes += crowd->out[0].size;
    }
    must(collector_write(crowd->collector, 1, &message));
    must(member_take_sealed(crowd->members[0], buffer_view(&message)));
    const double start = cpu_ms();
    must(member_mask(crowd->members[0], &crowd->vectors[0], &body));
    const double took = cpu_ms() - start;
    *bytes += body.size + ELEMENTS * 16;
    const double came = cpu_ms();
    must(collector_take(crowd->collector, 1, buffer_view(&body),
        (struct view){(uint8_t *)crowd->vectors[0].elements, ELEMENTS * 16}));
    *take = cpu_ms() - came;
    buffer_fini(&message);
    buffer_fini(&body);
    return took;
}

/* The rest of an aggregation: the CPU time of its end, in which the
 * coordinator puts the shares together and takes the masks away. */
static double open_sum(struct crowd *crowd, size_t *bytes)
{
    must(crowd_step(crowd)); /* the others' vectors */
    must(crowd_step(crowd));
    *bytes += crowd->out[0].size;
    must(crowd_exchange(crowd));
    *bytes += crowd->out[0].size;
    const double start = cpu_ms();
    must(collector_close_step(crowd->collector));
    return cpu_ms() - start;
}

int main(int argc, char **argv)
{
    static struct crowd crowd;
    size_t members = argc > 1 ? (size_t)atoi(argv[1]) : 13, bytes = 0;
    double mask = 1e9, take = 1e9, once;
    must(keys_start());
    /* A member masks once: each time with another crowd, as often as the
     * floor. */
    for (int r = 0; r < REPEATS; r++) {
        if (r > 0)
            crowd_fini(&crowd);
        const double took = mask_one(&crowd, members, &bytes, &once);
        mask = took < mask ? took : mask;
        take = once < take ? once : take;
    }
    const double opening = open_sum(&crowd, &bytes);
    const double least = floor_ms(members);
    printf("{\"members\": %zu, \"mask_ms\": %.2f, \"floor_ms\": %.2f, "
           "\"ratio\": %.3f, \"bytes\": %.4f, \"take_ms\": %.2f, "
           "\"open_ms\": %.2f}\n",
        members, mask, least, mask / least, (double)bytes / (ELEMENTS * 16.0),
        take, opening);
    crowd_fini(&crowd);
    return 0;
}
