#include <string.h>

#include <sodium.h>

#include "node/home.h"
#include "node/slots.h"
#include "protocol/wire/channel.h"
#include "protocol/wire/loop.h"
#include "protocol/wire/worker.h"

/* Messages taken before timers have their turn. */
#define MESSAGES_AT_ONCE 64

struct daemon {
    struct home home;
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

static void on_tick(void *arg)
{
    struct daemon *daemon = arg;
    struct session_time now = read_clock();
    if (!daemon->greeted)
        return;
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
    const char *endpoint = argument_value(arguments, "coordinator");
    if (endpoint == NULL && daemon->home.config.coordinator[0] != '\0')
        endpoint = daemon->home.config.coordinator;
    if (endpoint == NULL)
        endpoint = roster->endpoint;
    channel_raise_descriptor_limit();
    enum status status = channel_client_open(&daemon->channel,
        daemon->home.keys, &roster->coordinator.curve, endpoint);
    if (status != STATUS_OK)
        return program_fail(status, "cannot connect to '%s': %s", endpoint,
            status_text(status));
    log_event(LOG_INFO, "serve", "connecting", "endpoint=%s", endpoint);
    return STATUS_OK;
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
    enum status status = home_open(&daemon.home, arguments);
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
    return status;
}
