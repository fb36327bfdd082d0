#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "coordinator/calculations.h"
#include "coordinator/home.h"
#include "coordinator/office.h"
#include "protocol/program/lock.h"
#include "protocol/wire/channel.h"
#include "protocol/wire/log.h"
#include "protocol/wire/loop.h"

/* Messages taken before timers have their turn. */
#define MESSAGES_AT_ONCE 256

struct daemon {
    struct home home;
    struct channel_server *server;
    struct loop *loop;
    struct office *office;
    struct calculations *calculations;
    struct buffer body;
    enum status failure;
    struct lock lock;
};

static struct office_clock read_clock(void)
{
    return (struct office_clock){clock_wall_seconds(), clock_monotonic_ms()};
}

static enum status send_out(
    void *arg, const struct channel_route *route, struct view body)
{
    struct daemon *daemon = arg;
    return channel_server_send(daemon->server, route, body);
}

static enum status enroll(
    void *arg, const struct channel_member *members, size_t count)
{
    struct daemon *daemon = arg;
    return channel_server_enroll(daemon->server, members, count);
}

static void draw(void *arg, uint8_t *out, size_t size)
{
    (void)arg;
    randombytes_buf(out, size);
}

static void on_tick(void *arg)
{
    struct daemon *daemon = arg;
    enum status status = office_tick(daemon->office, read_clock());
    if (status != STATUS_OK) {
        daemon->failure = status;
        loop_stop(daemon->loop);
    }
}

static void on_timer(void *arg)
{
    struct daemon *daemon = arg;
    calculations_tick(daemon->calculations);
    on_tick(daemon);
}

static enum status calculate(void *arg, struct session *session)
{
    struct daemon *daemon = arg;
    return calculations_start(daemon->calculations, session);
}

/* There is room for the next, which waits for a tick. */
static void on_calculated(void *arg, const struct digest *header_id,
    enum status status, struct view bytes)
{
    struct daemon *daemon = arg;
    office_calculated(daemon->office, header_id, status, bytes, read_clock());
    on_tick(daemon);
}

static void on_socket(void *arg)
{
    struct daemon *daemon = arg;
    char user[CHANNEL_USER_MAX];
    struct channel_route route;
    for (int i = 0; i < MESSAGES_AT_ONCE; i++) {
        if (channel_server_receive(
                daemon->server, user, &route, &daemon->body) != STATUS_OK)
            return;
        office_receive(daemon->office, user, &route, buffer_view(&daemon->body),
            read_clock());
    }
}

/* Two daemons over one ledger would open two sessions for one query. */
static enum status lock_home(struct daemon *daemon)
{
    char path[HOME_PATH_MAX];
    enum status status = home_file(path, daemon->home.path, "serve.lock");
    return status != STATUS_OK ? status : lock_take(&daemon->lock, path);
}

static enum status open_office(struct daemon *daemon)
{
    const struct office_setup setup = {.config = &daemon->home.config,
        .keys = daemon->home.keys,
        .dictionary = daemon->home.dictionary,
        .ledger = daemon->home.ledger,
        .ports = {daemon, send_out, enroll, draw, calculate}};
    const struct calculations_setup calculations = {.loop = daemon->loop,
        .patience_ms = (uint64_t)daemon->home.config.calculation_ms,
        .done = on_calculated,
        .arg = daemon};
    enum status status =
        calculations_create(&daemon->calculations, &calculations);
    if (status != STATUS_OK)
        return status;
    status = office_create(&daemon->office, &setup, read_clock());
    if (status == STATUS_NOT_FOUND) {
        return program_fail(status,
            "no roster is installed; 'cohortium-coordinator roster FILE' "
            "does it");
    }
    if (status != STATUS_OK)
        return program_fail(
            status, "the office cannot open: %s", status_text(status));
    return STATUS_OK;
}

static enum status open_channel(struct daemon *daemon)
{
    channel_raise_descriptor_limit();
    enum status status = channel_server_open(
        &daemon->server, daemon->home.keys, daemon->home.config.endpoint);
    if (status == STATUS_STRANGER)
        return program_fail(status,
            "the channel let a stranger in when it was tested; not serving");
    if (status == STATUS_MALFORMED)
        return program_fail(status,
            "'%s' is no endpoint such as tcp://0.0.0.0:7100; "
            "coordinator.conf or --endpoint says it",
            daemon->home.config.endpoint);
    if (status == STATUS_BUSY)
        return program_fail(status,
            "%s cannot be bound: another program listens there",
            daemon->home.config.endpoint);
    if (status != STATUS_OK)
        return program_fail(status, "%s cannot be bound: %s",
            daemon->home.config.endpoint, status_text(status));
    return STATUS_OK;
}

/* Nodes go where the roster says. Hosts differ for good reasons; a port that
 * differs is one more thing to set up, or a mistake. */
static void compare_endpoints(const struct daemon *daemon)
{
    const char *here = channel_server_endpoint(daemon->server);
    const char *there = office_endpoint(daemon->office);
    const char *port = strrchr(here, ':'), *named = strrchr(there, ':');
    if (port == NULL || named == NULL || strcmp(port, named) != 0)
        log_event(LOG_WARN, "serve", "other_endpoint",
            "listening=%s roster=%s text=\"centers connect to the roster's\"",
            here, there);
}

static enum status run(struct daemon *daemon)
{
    int timer = 0;
    /* The loop blocks the signals that it takes; the channel's threads must
     * start after it. */
    enum status status = loop_create(&daemon->loop);
    if (status == STATUS_OK)
        status = open_channel(daemon);
    if (status == STATUS_OK)
        status = open_office(daemon);
    if (status == STATUS_OK)
        status = loop_add_socket(daemon->loop,
            channel_server_socket(daemon->server), on_socket, daemon);
    if (status == STATUS_OK)
        status = loop_add_timer(
            daemon->loop, &timer, OFFICE_TICK_MS, on_timer, daemon);
    if (status != STATUS_OK)
        return status;
    printf("ready %s\n", channel_server_endpoint(daemon->server));
    fflush(stdout);
    log_event(LOG_INFO, "serve", "ready", "endpoint=%s",
        channel_server_endpoint(daemon->server));
    compare_endpoints(daemon);
    status = loop_run(daemon->loop);
    ledger_clear_presence(daemon->home.ledger);
    log_event(LOG_INFO, "serve", "stopped", "dropped=%llu",
        (unsigned long long)channel_server_dropped(daemon->server));
    return status == STATUS_OK ? daemon->failure : status;
}

static enum status print_config(const struct config *config)
{
    struct buffer text;
    buffer_init(&text, (size_t)1 << 16);
    enum status status = config_write(&text, config);
    if (status == STATUS_OK)
        fwrite(text.data, 1, text.size, stdout);
    buffer_fini(&text);
    return status;
}

static enum status serve(
    struct daemon *daemon, const struct arguments *arguments)
{
    const char *endpoint = argument_value(arguments, "endpoint");
    enum status status = home_open(&daemon->home, arguments);
    if (status == STATUS_OK)
        status = lock_home(daemon);
    if (status != STATUS_OK)
        return status;
    if (endpoint != NULL) {
        if (strlen(endpoint) >= sizeof daemon->home.config.endpoint)
            return program_fail(STATUS_USAGE, "the endpoint is too long");
        snprintf(daemon->home.config.endpoint,
            sizeof daemon->home.config.endpoint, "%s", endpoint);
    }
    log_set_level(daemon->home.config.log_level);
    return run(daemon);
}

enum status command_serve(const struct arguments *arguments)
{
    const bool print = argument_flag(arguments, "print-config");
    if (print || argument_flag(arguments, "check-config")) {
        struct config config;
        enum status status = home_load_config(&config, home_of(arguments));
        return status == STATUS_OK && print ? print_config(&config) : status;
    }
    struct daemon daemon = {.lock = {-1}};
    buffer_init(&daemon.body, CHANNEL_SERVER_MESSAGE_MAX);
    enum status status = serve(&daemon, arguments);
    calculations_destroy(daemon.calculations);
    office_destroy(daemon.office);
    channel_server_close(daemon.server);
    loop_destroy(daemon.loop);
    buffer_fini(&daemon.body);
    home_close(&daemon.home);
    lock_release(&daemon.lock);
    return status;
}
