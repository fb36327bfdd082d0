#include "protocol/wire/channel_trouble.h"

#include <zmq.h>

#include "protocol/wire/log.h"

#define SILENT_MS 3000  /* of an attempt, before it is called so */
#define REMIND_MS 60000 /* between two lines about the same trouble */

static const char *const texts[] = {
    [CHANNEL_CONNECTING] = "connecting",
    [CHANNEL_CONNECTED] = "connected",
    [CHANNEL_NO_HOST] = "the host's name does not resolve, or there is no "
                        "network",
    [CHANNEL_NOT_REACHED] = "cannot be reached: nothing listens there, or "
                            "there is no way there",
    [CHANNEL_SILENT] = "no answer: a firewall, or no such host",
    [CHANNEL_NO_HANDSHAKE] = "something answers, but makes no handshake: a "
                             "coordinator that is busy or has another key than "
                             "the roster's, or another program",
    [CHANNEL_STRANGER] = "the coordinator does not know this key",
};

const char *channel_state_text(enum channel_state state)
{
    return texts[state];
}

static void say(const struct channel_trouble *trouble, const char *endpoint)
{
    if (trouble->state == CHANNEL_CONNECTED)
        log_event(LOG_DEBUG, "channel", "connected", "endpoint=%s", endpoint);
    else
        log_event(LOG_WARN, "channel", "not_connected",
            "endpoint=%s reason=\"%s\"", endpoint,
            channel_state_text(trouble->state));
}

static void set_state(struct channel_trouble *trouble, enum channel_state state,
    const char *endpoint, uint64_t now_ms)
{
    const bool changed = state != trouble->state;
    if (changed)
        trouble->since_ms = now_ms;
    trouble->state = state;
    if (state == CHANNEL_CONNECTING ||
        (!changed && (state == CHANNEL_CONNECTED ||
                         now_ms - trouble->said_ms < REMIND_MS)))
        return;
    trouble->said_ms = now_ms;
    say(trouble, endpoint);
}

static void set_phase(
    struct channel_trouble *trouble, enum channel_phase phase, uint64_t now_ms)
{
    trouble->phase = phase;
    trouble->phase_ms = now_ms;
}

void channel_trouble_begin(struct channel_trouble *trouble, uint64_t now_ms)
{
    set_phase(trouble, PHASE_NONE, now_ms);
}

/* What an attempt was that libzmq gave up, to make another later. */
static enum channel_state judge_attempt(
    const struct channel_trouble *trouble, uint64_t now_ms)
{
    switch (trouble->phase) {
    case PHASE_NONE: return CHANNEL_NO_HOST;
    case PHASE_SHAKING: return CHANNEL_NO_HANDSHAKE;
    case PHASE_OVER: return trouble->state;
    default:
        return now_ms - trouble->phase_ms >= SILENT_MS ? CHANNEL_SILENT
                                                       : CHANNEL_NOT_REACHED;
    }
}

/* Nothing happened: for long enough to say what does not. */
static enum channel_state judge_silence(
    const struct channel_trouble *trouble, uint64_t now_ms)
{
    if (now_ms - trouble->phase_ms < SILENT_MS)
        return trouble->state;
    if (trouble->phase == PHASE_CONNECTING)
        return CHANNEL_SILENT;
    return trouble->phase == PHASE_SHAKING ? CHANNEL_NO_HANDSHAKE
                                           : trouble->state;
}

/* The connection is gone, or the handshake failed. */
static enum channel_state end_attempt(
    struct channel_trouble *trouble, int event, uint64_t now_ms)
{
    const enum channel_phase phase = trouble->phase;
    set_phase(trouble, PHASE_OVER, now_ms);
    if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
        return CHANNEL_STRANGER;
    if (event != ZMQ_EVENT_DISCONNECTED || phase == PHASE_SHAKING)
        return CHANNEL_NO_HANDSHAKE;
    return trouble->state == CHANNEL_CONNECTED ? CHANNEL_CONNECTING
                                               : trouble->state;
}

void channel_trouble_take(struct channel_trouble *trouble, int event,
    const char *endpoint, uint64_t now_ms)
{
    enum channel_state state = trouble->state;
    switch (event) {
    case 0:
        if (state != CHANNEL_CONNECTED)
            state = judge_silence(trouble, now_ms);
        break;
    case ZMQ_EVENT_CONNECT_DELAYED:
        set_phase(trouble, PHASE_CONNECTING, now_ms);
        break;
    case ZMQ_EVENT_CONNECTED: set_phase(trouble, PHASE_SHAKING, now_ms); break;
    case ZMQ_EVENT_CLOSED:
        if (trouble->phase == PHASE_NONE)
            set_phase(trouble, PHASE_CLOSED, now_ms);
        break;
    case ZMQ_EVENT_CONNECT_RETRIED:
        state = judge_attempt(trouble, now_ms);
        set_phase(trouble, PHASE_NONE, now_ms);
        break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        set_phase(trouble, PHASE_OVER, now_ms);
        state = CHANNEL_CONNECTED;
        break;
    default: state = end_attempt(trouble, event, now_ms); break;
    }
    set_state(trouble, state, endpoint, now_ms);
}
