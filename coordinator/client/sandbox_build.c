#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/client/sandbox.h"
#include "protocol/wire/json_text.h"
#include "protocol/wire/loop.h"

#define START_TIMEOUT_MS 30000

void sandbox_name(struct sandbox *sandbox, size_t center, const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *base = slash == NULL ? file : slash + 1;
    size_t size = strcspn(base, ".");
    char *name = sandbox->centers[center].name;
    size = size > 40 ? 40 : size;
    for (size_t i = 0; i < size; i++) {
        char c = (char)tolower((unsigned char)base[i]);
        name[i] = isalnum((unsigned char)c) || c == '-' || c == '_' ? c : '_';
    }
    name[size] = '\0';
    if (size == 0)
        snprintf(name, sizeof sandbox->centers[center].name, "center");
    for (size_t i = 0; i < center; i++) {
        if (strcmp(sandbox->centers[i].name, name) != 0)
            continue;
        snprintf(name + strlen(name), 16, "_%zu", center + 1);
        break;
    }
}

static enum status run_quietly(const char *const *arguments)
{
    struct child child;
    int code = 0;
    enum status status = child_start(&child, arguments, NULL);
    if (status == STATUS_NOT_FOUND)
        return program_fail(
            status, "%s is not beside this program", arguments[0]);
    if (status == STATUS_OK)
        status = child_finish(&child, NULL, &code);
    return status;
}

/* Its nodes answer also a study whose sums are open, with one center or two. */
static enum status mark_as_sandbox(const char *home)
{
    char path[SANDBOX_PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/node.conf", home);
    enum status status =
        file_write_atomic(path, view_of_text("sandbox = 1\n"), 0644);
    return status == STATUS_OK
               ? status
               : program_fail(status, "%s: %s", path, status_text(status));
}

static enum status make_homes(struct sandbox *sandbox, const char *dictionary)
{
    const char *const office[] = {"cohortium-coordinator", "init", "--home",
        sandbox->office, "--name", "office", "--dictionary", dictionary,
        "--endpoint", "tcp://127.0.0.1:*", NULL};
    enum status status = run_quietly(office);
    for (size_t i = 0; status == STATUS_OK && i < sandbox->center_count; i++) {
        struct sandbox_center *center = &sandbox->centers[i];
        snprintf(center->home, sizeof center->home, "%s/%s", sandbox->folder,
            center->name);
        const char *const node[] = {"cohortium-node", "init", "--home",
            center->home, "--name", center->name, "--dictionary", dictionary,
            NULL};
        status = run_quietly(node);
        if (status == STATUS_OK)
            status = mark_as_sandbox(center->home);
    }
    return status;
}

/* What the import has to say is on standard error only when values were
 * refused or columns left out. */
static void tell_import(const char *file, const struct buffer *report)
{
    json_t *json = json_loadb(
        (const char *)report->data, report->size, JSON_REJECT_DUPLICATES, NULL);
    size_t at;
    json_t *item;
    json_array_foreach(json_object_get(json, "problems"), at, item)
    {
        fprintf(stderr, "%s:%lld:%lld: %s: '%s' is refused (%s)\n", file,
            (long long)json_integer_value(json_object_get(item, "line")),
            (long long)json_integer_value(json_object_get(item, "column")),
            json_string_value(json_object_get(item, "variable")),
            json_string_value(json_object_get(item, "value")),
            json_string_value(json_object_get(item, "verdict")));
    }
    json_array_foreach(json_object_get(json, "left_out"), at, item)
        fprintf(stderr, "%s: column '%s' is not in the dictionary; left out\n",
            file, json_string_value(item));
    json_decref(json);
}

static enum status import_into(
    struct sandbox_center *center, const char *file, bool again)
{
    struct buffer report;
    const char *const command[] = {"cohortium-node", "import", "--home",
        center->home, "--json", "--", file, NULL};
    const char *const once_more[] = {"cohortium-node", "import", "--home",
        center->home, "--json", "--again", "--", file, NULL};
    struct child child;
    buffer_init(&report, BUFFER_LIMIT_DEFAULT);
    enum status status = child_start(&child, again ? once_more : command, NULL);
    if (status == STATUS_OK)
        status = child_finish(&child, &report, NULL);
    if (status == STATUS_OK)
        tell_import(file, &report);
    buffer_fini(&report);
    return status;
}

/* The first import made a freeze of its file alone. */
static enum status freeze(const struct sandbox_center *center)
{
    struct buffer said;
    const char *const command[] = {
        "cohortium-node", "freeze", "--home", center->home, NULL};
    struct child child;
    buffer_init(&said, BUFFER_LIMIT_DEFAULT);
    enum status status = child_start(&child, command, NULL);
    if (status == STATUS_OK)
        status = child_finish(&child, &said, NULL);
    buffer_fini(&said);
    return status;
}

static enum status import_all(
    struct sandbox *sandbox, const struct arguments *arguments, bool pooled)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < operand_count(arguments);
         i++) {
        progress_update("files imported", i, operand_count(arguments));
        status = import_into(&sandbox->centers[pooled ? 0 : i],
            operand_at(arguments, i), pooled);
    }
    progress_done();
    return status == STATUS_OK && pooled && operand_count(arguments) > 1
               ? freeze(&sandbox->centers[0])
               : status;
}

/* ---- roster ---- */

static json_t *identity_json(const struct identity *identity)
{
    char sign[KEY_TEXT], curve[KEY_TEXT];
    public_key_to_text(sign, &identity->sign);
    public_key_to_text(curve, &identity->curve);
    return json_pack("{s:s, s:s, s:s}", "name", identity->name, "identity",
        sign, "curve", curve);
}

static json_t *card_of(const char *home)
{
    char path[SANDBOX_PATH_MAX + 16];
    struct identity identity;
    snprintf(path, sizeof path, "%s/card.json", home);
    return identity_load(&identity, path) == STATUS_OK
               ? identity_json(&identity)
               : NULL;
}

static json_t *roster_json(const struct sandbox *sandbox)
{
    char from[TIME_TEXT], until[TIME_TEXT];
    json_t *centers = json_array();
    time_text(from, clock_wall_seconds() - 3600);
    time_text(until, clock_wall_seconds() + (int64_t)7 * 86400);
    for (size_t i = 0; i < sandbox->center_count; i++)
        json_array_append_new(centers, card_of(sandbox->centers[i].home));
    json_t *coordinator = card_of(sandbox->office);
    json_object_set_new(
        coordinator, "endpoint", json_string("tcp://127.0.0.1:*"));
    return json_pack("{s:s, s:i, s:s, s:i, s:i, s:[o], s:o, s:o, s:s, s:s}",
        "cohortium", "roster", "version", 1, "federation", "sandbox", "suite",
        ROSTER_SUITE, "threshold", 1, "committee",
        identity_json(keypair_identity(sandbox->member)), "centers", centers,
        "coordinator", coordinator, "valid_from", from, "valid_until", until);
}

static enum status write_roster(struct sandbox *sandbox, const char *path)
{
    json_t *json = roster_json(sandbox);
    struct buffer text;
    struct envelope *envelope = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "roster");
    buffer_init(&text, DOCUMENT_BYTES_MAX);
    enum status status = json_text_append(&text, json, JSON_INDENT(1));
    json_decref(json);
    if (status == STATUS_OK)
        status = envelope_create(&envelope, TYPE_ROSTER, buffer_view(&text));
    if (status == STATUS_OK)
        status = envelope_sign(envelope, sandbox->member);
    if (status == STATUS_OK)
        status = roster_verify(&sandbox->roster, envelope, NULL, &diagnostic);
    if (status == STATUS_OK)
        status = envelope_save(envelope, path);
    envelope_destroy(envelope);
    buffer_fini(&text);
    return status;
}

static enum status install_roster(struct sandbox *sandbox)
{
    char path[SANDBOX_PATH_MAX];
    snprintf(path, sizeof path, "%s/roster.json", sandbox->folder);
    enum status status = write_roster(sandbox, path);
    const char *const office[] = {"cohortium-coordinator", "roster", "--home",
        sandbox->office, path, NULL};
    if (status == STATUS_OK)
        status = run_quietly(office);
    for (size_t i = 0; status == STATUS_OK && i < sandbox->center_count; i++) {
        const char *const node[] = {"cohortium-node", "roster", "--home",
            sandbox->centers[i].home, path, NULL};
        status = run_quietly(node);
    }
    return status;
}

/* ---- daemons ---- */

static enum status start_coordinator(struct sandbox *sandbox)
{
    char log[SANDBOX_PATH_MAX + 16];
    const char *const command[] = {
        "cohortium-coordinator", "serve", "--home", sandbox->office, NULL};
    snprintf(log, sizeof log, "%s/log", sandbox->office);
    enum status status = child_start(&sandbox->coordinator, command, log);
    if (status == STATUS_OK)
        status = child_wait_line(&sandbox->coordinator, "ready ",
            sandbox->endpoint, sizeof sandbox->endpoint, START_TIMEOUT_MS);
    if (status != STATUS_OK)
        program_fail(status, "the coordinator did not start; see %s", log);
    return status;
}

static enum status start_nodes(struct sandbox *sandbox)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < sandbox->center_count; i++) {
        struct sandbox_center *center = &sandbox->centers[i];
        char log[SANDBOX_PATH_MAX + 16];
        const char *const command[] = {"cohortium-node", "serve", "--home",
            center->home, "--coordinator", sandbox->endpoint, NULL};
        snprintf(log, sizeof log, "%s/log", center->home);
        status = child_start(&center->child, command, log);
    }
    for (size_t i = 0; status == STATUS_OK && i < sandbox->center_count; i++) {
        char name[128];
        status = child_wait_line(&sandbox->centers[i].child, "ready ", name,
            sizeof name, START_TIMEOUT_MS);
        if (status != STATUS_OK)
            program_fail(status, "center %s did not start; see %s/log",
                sandbox->centers[i].name, sandbox->centers[i].home);
    }
    return status;
}

enum status sandbox_build(struct sandbox *sandbox, const char *dictionary,
    const struct arguments *arguments, bool pooled)
{
    sandbox->center_count = pooled ? 1 : operand_count(arguments);
    sandbox->centers = calloc(sandbox->center_count, sizeof *sandbox->centers);
    if (sandbox->centers == NULL)
        return STATUS_NO_MEMORY;
    snprintf(
        sandbox->office, sizeof sandbox->office, "%s/.office", sandbox->folder);
    for (size_t i = 0; i < sandbox->center_count; i++)
        sandbox_name(sandbox, i, pooled ? "pooled" : operand_at(arguments, i));
    enum status status = keypair_create(&sandbox->member, "committee");
    if (status == STATUS_OK)
        status = keypair_create(&sandbox->researcher, "researcher");
    if (status == STATUS_OK)
        status = make_homes(sandbox, dictionary);
    if (status == STATUS_OK)
        status = import_all(sandbox, arguments, pooled);
    if (status == STATUS_OK)
        status = install_roster(sandbox);
    if (status == STATUS_OK)
        status = start_coordinator(sandbox);
    return status == STATUS_OK ? start_nodes(sandbox) : status;
}

void sandbox_fini(struct sandbox *sandbox)
{
    for (size_t i = 0; sandbox->centers != NULL && i < sandbox->center_count;
         i++)
        child_stop(&sandbox->centers[i].child);
    child_stop(&sandbox->coordinator);
    client_free_study(&sandbox->study);
    envelope_destroy(sandbox->approval);
    roster_destroy(sandbox->roster);
    keypair_destroy(sandbox->member);
    keypair_destroy(sandbox->researcher);
    free(sandbox->centers);
}
