#include <string.h>

#include <sodium.h>

#include "node/home.h"
#include "node/slots.h"
#include "protocol/program/lock.h"
#include "protocol/wire/channel.h"
#include "protocol/wire/loop.h"
#include "protocol/wire/worker.h"

/* Messages taken before timers have their turn. */
#define MESSAGES_AT_ONCE 64

/* How long a new endpoint is tried before the last one that worked has its
 * turn: a roster may say where the office will be before it is there. */
#define MOVE_BACK_MS 5000

/* Where the coordinator is: as the roster says, but for who set it here. */
struct line {
    bool is_set;
    struct public_key curve;
    char endpoint[ENDPOINT_MAX]; /* that is tried or connected */
    char other[ENDPOINT_MAX];    /* the one before; "" */
    char named[ENDPOINT_MAX];    /* by the roster that was followed last */
    uint64_t tried_ms;           /* since when */
    enum channel_state state;    /* as it was written down */
    bool welcomed;
};

struct daemon {
    struct home home;
    struct lock lock;
    struct line line;
    struct session *session;
    struct channel_client *channel;
    struct loop *loop;
    struct worker *worker; /* reads many rows while the loop goes on */
    struct session_worker port;
    struct outbox outbox;
    struct buffer body;
    int release_timer;   /* -1: none */
    uint64_t handshakes; /* that were greeted */
    bool said_ready, greeted;
};

static struct session_time read_clock(void)
{
    return (struct session_time){clock_wall_seconds(), clock_monotonic_ms()};
}

/* A failure of the disk is logged; what was not written was not answered. */
static void note(enum status status, const char *what)
{
    if (status != STATUS_OK)
        log_event(LOG_ERROR, "serve", what, "reason=%s", status_name(status));
}

static void on_release(void *arg);

/* Wakes this thread when the next reply has its slot. */
static void wait_for_slot(struct daemon *daemon)
{
    const uint64_t due = session_release_ms(daemon->session);
    const uint64_t now = clock_monotonic_ms();
    if (daemon->release_timer >= 0)
        loop_remove_timer(daemon->loop, daemon->release_timer);
    daemon->release_timer = -1;
    if (due != SLOTS_NONE) {
        note(loop_add_timer(daemon->loop, &daemon->release_timer,
                 due > now ? due - now : 0, on_release, daemon),
            "timer");
    }
}

/* After each call of the session. */
static void send_all(struct daemon *daemon)
{
    note(session_release(daemon->session, read_clock(), &daemon->outbox),
        "failed");
    for (size_t i = 0; i < daemon->outbox.count; i++) {
        note(channel_client_send(
                 daemon->channel, buffer_view(&daemon->outbox.messages[i])),
            "not_sent");
    }
    outbox_clear(&daemon->outbox);
    wait_for_slot(daemon);
}

static void on_release(void *arg)
{
    send_all(arg);
}

static void on_socket(void *arg)
{
    struct daemon *daemon = arg;
    for (int i = 0; i < MESSAGES_AT_ONCE; i++) {
        if (channel_client_receive(daemon->channel, &daemon->body) != STATUS_OK)
            break;
        note(session_receive(daemon->session, buffer_view(&daemon->body),
                 read_clock(), &daemon->outbox),
            "failed");
        send_all(daemon);
    }
    if (session_welcomed(daemon->session) && !daemon->said_ready) {
        daemon->said_ready = true;
        printf("ready %s\n", keypair_identity(daemon->home.keys)->name);
        fflush(stdout);
    }
}

static void run_job(void *job)
{
    session_job_run(job);
}

static enum status submit(void *arg, struct session_job *job)
{
    return worker_submit(arg, job);
}

static void on_worker(void *arg)
{
    struct daemon *daemon = arg;
    struct session_job *job;
    while ((job = worker_take(daemon->worker)) != NULL) {
        note(session_finish_job(
                 daemon->session, job, read_clock(), &daemon->outbox),
            "failed");
        send_all(daemon);
    }
}

/* HELLO until it is answered: a connection is only there once it is used. */
static void greet(struct daemon *daemon)
{
    note(session_connected(daemon->session, read_clock(), &daemon->outbox),
        "failed");
    if (channel_client_send(daemon->channel,
            buffer_view(&daemon->outbox.messages[0])) == STATUS_OK)
        daemon->greeted = true;
    outbox_clear(&daemon->outbox);
}

static void on_fast_tick(void *arg)
{
    struct daemon *daemon = arg;
    uint64_t handshakes = channel_client_handshakes(daemon->channel);
    if (!daemon->greeted || handshakes != daemon->handshakes)
        greet(daemon);
    daemon->handshakes = handshakes;
}

/* ---- where the coordinator is ---- */

static void move_to(struct daemon *daemon, const char *endpoint)
{
    struct line *line = &daemon->line;
    char to[ENDPOINT_MAX];
    snprintf(to, sizeof to, "%s", endpoint);
    snprintf(line->other, sizeof line->other, "%s", line->endpoint);
    snprintf(line->endpoint, sizeof line->endpoint, "%s", to);
    line->tried_ms = clock_monotonic_ms();
    daemon->greeted = false;
    log_event(LOG_INFO, "serve", "connecting", "endpoint=%s", to);
    note(channel_client_move(daemon->channel, &line->curve, to), "move");
}

/* A new roster may name another endpoint, or another key there. */
static void follow_roster(struct daemon *daemon)
{
    const struct roster *roster = session_roster(daemon->session);
    struct line *line = &daemon->line;
    const bool rekeyed =
        !public_key_equal(&line->curve, &roster->coordinator.curve);
    const bool moved = strcmp(line->named, roster->endpoint) != 0;
    if (!rekeyed && !moved)
        return;
    line->curve = roster->coordinator.curve;
    snprintf(line->named, sizeof line->named, "%s", roster->endpoint);
    if (!line->is_set && moved)
        move_to(daemon, roster->endpoint);
    else if (rekeyed)
        move_to(daemon, line->endpoint);
}

/* While there is no connection: the two endpoints take turns. */
static void take_turns(struct daemon *daemon, enum channel_state state)
{
    struct line *line = &daemon->line;
    const uint64_t now = clock_monotonic_ms();
    if (state == CHANNEL_CONNECTED)
        line->tried_ms = now;
    else if (line->other[0] != '\0' &&
             strcmp(line->other, line->endpoint) != 0 &&
             now - line->tried_ms > MOVE_BACK_MS)
        move_to(daemon, line->other);
}

/* For the status command, when it changes. */
static void write_state(struct daemon *daemon, enum channel_state state)
{
    struct line *line = &daemon->line;
    /* not by the connection before this one */
    const bool welcomed = state == CHANNEL_CONNECTED && daemon->greeted &&
                          session_welcomed(daemon->session);
    char text[LOCK_TEXT_MAX], since[TIME_TEXT];
    if (state == line->state && welcomed == line->welcomed)
        return;
    line->state = state;
    line->welcomed = welcomed;
    time_text(since, clock_wall_seconds());
    if (welcomed)
        snprintf(text, sizeof text, "connected since %s to %s", since,
            line->endpoint);
    else
        snprintf(text, sizeof text, "not connected since %s to %s: %s", since,
            line->endpoint,
            state == CHANNEL_CONNECTED
                ? "waiting for the coordinator's greeting"
                : channel_state_text(state));
    log_event(LOG_INFO, "serve", "line", "text=\"%s\"", text);
    note(lock_write(&daemon->lock, text), "lock");
}

static void watch_line(struct daemon *daemon)
{
    uint64_t since_ms;
    follow_roster(daemon);
    enum channel_state state = channel_client_state(daemon->channel, &since_ms);
    write_state(daemon, state);
    take_turns(daemon, state);
}

static void on_tick(void *arg)
{
    struct daemon *daemon = arg;
    struct session_time now = read_clock();
    on_fast_tick(daemon); /* a new connection is greeted before it is told of */
    watch_line(daemon);
    if (!daemon->greeted) {
        /* a roster may be installed that says where else to look */
        note(session_tick(daemon->session, now, &daemon->outbox), "failed");
        outbox_clear(&daemon->outbox);
        return;
    }
    if (session_lost(daemon->session, now)) {
        log_event(LOG_WARN, "serve", "lost", "reconnecting=1");
        note(channel_client_reconnect(daemon->channel), "reconnect");
        daemon->greeted = false;
        return;
    }
    note(session_tick(daemon->session, now, &daemon->outbox), "failed");
    send_all(daemon);
}

static enum status open_channel(
    struct daemon *daemon, const struct arguments *arguments)
{
    const struct roster *roster = session_roster(daemon->session);
    struct line *line = &daemon->line;
    const char *endpoint = argument_value(arguments, "coordinator");
    if (endpoint == NULL && daemon->home.config.coordinator[0] != '\0')
        endpoint = daemon->home.config.coordinator;
    line->is_set = endpoint != NULL;
    line->curve = roster->coordinator.curve;
    line->tried_ms = clock_monotonic_ms();
    snprintf(line->named, sizeof line->named, "%s", roster->endpoint);
    snprintf(line->endpoint, sizeof line->endpoint, "%s",
        line->is_set ? endpoint : roster->endpoint);
    channel_raise_descriptor_limit();
    enum status status = channel_client_open(
        &daemon->channel, daemon->home.keys, &line->curve, line->endpoint);
    if (status != STATUS_OK)
        return program_fail(status, "cannot connect to '%s': %s",
            line->endpoint, status_text(status));
    log_event(LOG_INFO, "serve", "connecting", "endpoint=%s", line->endpoint);
    return STATUS_OK;
}

/* The center is told where it stands: nobody else would say. */
static void say_standing(const struct daemon *daemon)
{
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    if (session_check_standing(daemon->session, &diagnostic) != STATUS_OK)
        log_event(LOG_WARN, "serve", "not_on_roster", "text=\"%s\"",
            diagnostic.message);
}

static enum status open_session(struct daemon *daemon)
{
    struct session_setup setup = home_setup(&daemon->home);
    enum status status = worker_create(&daemon->worker, run_job);
    if (status != STATUS_OK)
        return status;
    daemon->port = (struct session_worker){daemon->worker, submit};
    setup.worker = &daemon->port;
    status = session_create(&daemon->session, &setup);
    return status == STATUS_OK
               ? loop_add_socket(daemon->loop, worker_socket(daemon->worker),
                     on_worker, daemon)
               : status;
}

static enum status run(struct daemon *daemon, const struct arguments *arguments)
{
    int timer = 0, fast_timer = 0;
    daemon->release_timer = -1;
    enum status status = loop_create(&daemon->loop);
    if (status != STATUS_OK)
        return status;
    status = open_session(daemon);
    if (status == STATUS_NOT_FOUND)
        return program_fail(status,
            "no roster is installed; 'cohortium-node roster FILE' does it");
    if (status != STATUS_OK)
        return program_fail(
            status, "the node cannot start: %s", status_text(status));
    say_standing(daemon);
    status = open_channel(daemon, arguments);
    if (status == STATUS_OK)
        status = loop_add_socket(daemon->loop,
            channel_client_socket(daemon->channel), on_socket, daemon);
    if (status == STATUS_OK)
        status = loop_add_timer(
            daemon->loop, &timer, SESSION_TICK_MS, on_tick, daemon);
    if (status == STATUS_OK)
        status =
            loop_add_timer(daemon->loop, &fast_timer, 50, on_fast_tick, daemon);
    return status == STATUS_OK ? loop_run(daemon->loop) : status;
}

static enum status show_config(const struct arguments *arguments)
{
    struct config config;
    struct buffer text;
    enum status status = home_load_config(&config, home_of(arguments));
    if (status != STATUS_OK)
        return status;
    if (argument_flag(arguments, "check-config")) {
        puts("the configuration is right");
        return STATUS_OK;
    }
    buffer_init(&text, (size_t)1 << 16);
    status = settings_write(&node_settings, &config, &text);
    if (status == STATUS_OK)
        fputs(buffer_text(&text), stdout);
    buffer_fini(&text);
    return status;
}

enum status command_serve(const struct arguments *arguments)
{
    static struct daemon daemon; /* an outbox is large for a stack */
    if (argument_flag(arguments, "check-config") ||
        argument_flag(arguments, "print-config"))
        return show_config(arguments);
    buffer_init(&daemon.body, BUFFER_LIMIT_DEFAULT);
    char path[HOME_PATH_MAX];
    daemon.lock.descriptor = -1;
    enum status status = home_open(&daemon.home, arguments);
    if (status == STATUS_OK)
        status = home_file(path, daemon.home.path, HOME_LOCK);
    if (status == STATUS_OK)
        status = lock_take(&daemon.lock, path);
    if (status == STATUS_OK)
        status = run(&daemon, arguments);
    log_event(LOG_INFO, "serve", "stopped", NULL);
    outbox_clear(&daemon.outbox);
    channel_client_close(daemon.channel);
    loop_destroy(daemon.loop);
    worker_destroy(daemon.worker); /* waits for its job */
    session_destroy(daemon.session);
    home_close(&daemon.home);
    buffer_fini(&daemon.body);
    lock_release(&daemon.lock);
    return status;
}
