/* What libzmq may ask ZAP, frame by frame: a byte is the length of the next
 * frame, its highest bit says that it is the last. Only the very request of an
 * enrolled key is let in, whatever the frames are. */
#include <errno.h>

#include <zmq.h>

#include "protocol/wire/zap.h"
#include "tests/fuzz/fuzz.h"

#define FRAMES_MAX 12
#define LONG_FRAME 300

struct frames {
    size_t count;
    struct view items[FRAMES_MAX];
};

static const struct channel_member member = {
    .curve = {"0123456789abcdef0123456789ABCDE"}, .user = "center:one"};
static const char *const good[] = {
    "1.0", NULL, "cohortium", NULL, NULL, "CURVE", NULL};

static void *context, *asking;

static void set_up(void)
{
    static struct zap *zap;
    const int patience = 9000; /* less than the fuzzer's own */
    context = zmq_ctx_new();
    REQUIRE(context != NULL && keys_start() == STATUS_OK);
    REQUIRE(zap_start(&zap, context) == STATUS_OK);
    REQUIRE(zap_enroll(zap, &member, 1) == STATUS_OK);
    asking = zmq_socket(context, ZMQ_REQ);
    REQUIRE(asking != NULL);
    zmq_setsockopt(asking, ZMQ_RCVTIMEO, &patience, sizeof patience);
    REQUIRE(zmq_connect(asking, "inproc://zeromq.zap.01") == 0);
}

/* Lengths of 127 stand for a frame longer than any. */
static void cut(struct frames *frames, const uint8_t *data, size_t size)
{
    static uint8_t long_frame[LONG_FRAME];
    bool last = false;
    while (!last && size > 0 && frames->count < FRAMES_MAX) {
        size_t length = data[0] & 127;
        last = (data[0] & 128) != 0;
        data++;
        size--;
        if (length == 127) {
            frames->items[frames->count++] =
                (struct view){long_frame, LONG_FRAME};
            continue;
        }
        length = length < size ? length : size;
        frames->items[frames->count++] = fuzz_view(data, length);
        data += length;
        size -= length;
    }
}

static bool is_good(const struct frames *frames)
{
    bool same =
        frames->count == 7 && frames->items[6].size == KEY_BYTES &&
        memcmp(frames->items[6].data, member.curve.bytes, KEY_BYTES) == 0;
    for (size_t i = 0; same && i < 7; i++)
        same = good[i] == NULL ||
               view_equal(frames->items[i], view_of_text(good[i]));
    return same;
}

/* The fuzzer's own clock interrupts. */
static int receive(char *frame, size_t size)
{
    int received;
    do
        received = zmq_recv(asking, frame, size, 0);
    while (received < 0 && zmq_errno() == EINTR);
    return received;
}

static int send_frame(struct view frame, int flags)
{
    int sent;
    do
        sent = zmq_send(asking, frame.data, frame.size, flags);
    while (sent < 0 && zmq_errno() == EINTR);
    return sent;
}

static void ask(const struct frames *frames)
{
    for (size_t i = 0; i < frames->count; i++)
        REQUIRE(send_frame(frames->items[i],
                    i + 1 < frames->count ? ZMQ_SNDMORE : 0) >= 0);
}

/* Version, request id, code, text, User-Id, metadata. */
static void check_answer(bool admitted)
{
    char frame[256], key[KEY_TEXT];
    int more = 1;
    size_t length = sizeof more, count = 0;
    public_key_to_text(key, &member.curve);
    for (; more != 0; count++) {
        const int size = receive(frame, sizeof frame);
        REQUIRE(size >= 0 && size < (int)sizeof frame);
        frame[size] = '\0';
        if (count == 2)
            REQUIRE(strcmp(frame, admitted ? "200" : "400") == 0);
        if (count == 4)
            REQUIRE(strcmp(frame, admitted ? key : "") == 0);
        zmq_getsockopt(asking, ZMQ_RCVMORE, &more, &length);
    }
    REQUIRE(count == 6);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct frames frames = {.count = 0};
    if (asking == NULL)
        set_up();
    cut(&frames, data, size);
    if (frames.count == 0)
        return 0;
    ask(&frames);
    check_answer(is_good(&frames));
    return 0;
}
